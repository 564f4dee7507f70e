"""The two lines above a rebuild's tree: what it is and does, how far it is, and how much of what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from mnix_tui.ui import words

if TYPE_CHECKING:
    from rich.style import Style
    from textual.geometry import Size

    from mnix_tui.ui.build_text import Part

_BAR = (12, 48)
"""Cells that the bar has at least and at most."""
_NARROW = 72


@dataclass(frozen=True)
class Head:
    """What the head tells."""

    glyph: str
    title: str
    tone: str
    doing: str = ""
    spent: str = ""
    left: str = ""
    fraction: float | None = None
    """``None``: there is no bar, as nothing goes on."""
    known: bool = True
    """Whether somebody knows the fraction."""
    counts: tuple[Part, ...] = ()
    short: tuple[Part, ...] = ()
    """The counts in fewer words."""
    brief: str = ""
    """The title in fewer words."""


class BuildHead(Widget):
    """Draws a ``Head`` in as many columns as there are."""

    ALLOW_SELECT = False
    TONES = ("good", "busy", "bad", "accent", "quiet", "rest", "title")
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"head--{tone}" for tone in TONES}

    def __init__(self) -> None:
        super().__init__()
        self._head = Head("○", "Rebuild", "quiet")

    def show(self, head: Head) -> None:
        """Show another state."""
        if head != self._head:
            self._head = head
            self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return two."""
        return 2

    def render_line(self, y: int) -> Strip:
        """Draw one of the two lines."""
        width = self.size.width
        parts = first(self._head, width) if y == 0 else second(self._head, width)
        base = self.rich_style
        segments = [
            Segment(text, base + self._style(tone) if tone else base) for text, tone in parts
        ]
        return Strip(segments).adjust_cell_length(width, base)

    def _style(self, tone: str) -> Style:
        return self.get_component_rich_style(f"head--{tone}", partial=True)


def first(head: Head, width: int) -> list[Part]:
    """Return what it is and does, and the times at the end."""
    times = [(f"{head.spent}", "")] if head.spent else []
    if head.left:
        times += [("  ", ""), (f"{head.left} left", "accent")]
    room = width - sum(cell_len(text) for text, _ in times) - 2
    wanted = head.brief if head.brief and width < _NARROW else head.title
    title = words.fit(wanted, max(room - 2, 8))
    parts: list[Part] = [(f"{head.glyph} ", head.tone), (title, "title")]
    room -= cell_len(title) + 2
    if head.doing and room > 8:
        doing = words.fit(head.doing, room - 3)
        parts += [(" · ", "quiet"), (doing, head.tone if head.fraction is None else "")]
        room -= cell_len(doing) + 3
    return [*parts, (" " * max(room + 2, 1), ""), *times]


def second(head: Head, width: int) -> list[Part]:
    """Return the bar, and how much of what is done."""
    for counts in (head.counts, head.short):
        told = _joined(counts)
        taken = sum(cell_len(text) for text, _ in told)
        if head.fraction is None:
            if taken <= width or counts is head.short:
                return told
            continue
        room = width - taken - 7
        if room >= _BAR[0] or counts is head.short:
            return [*_bar(head, max(min(room, _BAR[1]), 4)), *told]
    return []


def _bar(head: Head, width: int) -> list[Part]:
    if not head.known:
        return [("╌" * width, "rest"), ("       ", "")]
    share = head.fraction or 0.0
    bar = words.meter(share, width)
    done = bar.count("━")
    return [
        (bar[:done], "accent"),
        (bar[done:], "rest"),
        (f" {min(int(share * 100), 99):>2}%   ", ""),
    ]


def _joined(parts: tuple[Part, ...]) -> list[Part]:
    joined: list[Part] = []
    for part in parts:
        joined += [("  ", ""), part] if joined else [part]
    return joined
