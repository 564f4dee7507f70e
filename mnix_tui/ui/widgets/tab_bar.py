"""The tabs of what is selected, on one line; with too many, those around the active one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from mnix_tui.ui import words
from mnix_tui.ui.marks import strongest

if TYPE_CHECKING:
    from textual import events

    from mnix_tui.ui.marks import Mark
    from mnix_tui.ui.tabs import Tab

NOTE = 24
"""Cells that a tab's note gets at most."""
_LEAST_NOTE = 6
_TONES = {
    "good": "$success",
    "busy": "$warning",
    "bad": "$error",
    "accent": "$accent",
    "note": "$foreground-muted",
}


@dataclass(frozen=True)
class Piece:
    """A tab as it is drawn: ``note`` is what fits of its own."""

    tab: Tab
    note: str = ""

    @property
    def width(self) -> int:
        """The cells that it takes, with the gap behind it."""
        return _width(self.tab) + (cell_len(self.note) + 1 if self.note else 0)


@dataclass(frozen=True)
class Line:
    """What fits on the line: the pieces, and what is left out on both sides."""

    pieces: tuple[Piece, ...]
    before: tuple[Tab, ...] = ()
    after: tuple[Tab, ...] = ()


def fitting(tabs: tuple[Tab, ...], active: str, first: int, width: int) -> Line:
    """Return the tabs to draw from ``first`` on, or so many more that the active one is there."""
    ids = [tab.id for tab in tabs]
    chosen = ids.index(active) if active in ids else 0
    if sum(map(_width, tabs)) - 1 <= width:
        return Line(_noted(tabs, active, width))
    first = min(first, chosen)
    while first < chosen and _taken(tabs, first, chosen + 1) > width:
        first += 1
    while first > 0 and _taken(tabs, first - 1, len(tabs)) <= width:
        first -= 1  # no room is wasted at the end
    last = len(tabs)
    while last > chosen + 1 and _taken(tabs, first, last) > width:
        last -= 1
    return Line(tuple(Piece(tab) for tab in tabs[first:last]), tabs[:first], tabs[last:])


def _taken(tabs: tuple[Tab, ...], first: int, last: int) -> int:
    hints = (len(_before(tabs[:first])) if first else 0) + (
        len(_after(tabs[last:])) if last < len(tabs) else 0
    )
    return sum(map(_width, tabs[first:last])) - 1 + hints


def _noted(tabs: tuple[Tab, ...], active: str, width: int) -> tuple[Piece, ...]:
    """Share what is left of the line among the notes, the active tab's first."""
    left = width - sum(map(_width, tabs)) + 1
    noted = [tab for tab in tabs if tab.note]
    given: dict[str, str] = {}
    for number, tab in enumerate(sorted(noted, key=lambda tab: tab.id != active)):
        share = min(max(left // (len(noted) - number), _LEAST_NOTE + 1), NOTE + 1)
        if share > left:
            break
        given[tab.id] = words.fit(tab.note, share - 1)
        left -= cell_len(given[tab.id]) + 1
    return tuple(Piece(tab, given.get(tab.id, "")) for tab in tabs)


def _before(tabs: tuple[Tab, ...]) -> str:
    return f"‹{len(tabs)} "


def _after(tabs: tuple[Tab, ...]) -> str:
    return f" {len(tabs)}›"


def _width(tab: Tab) -> int:
    mark = cell_len(tab.mark.text) + 1 if tab.mark.text else 0
    return cell_len(tab.label) + mark + 3


class TabBar(Widget):
    """Shows tabs; posts ``Chosen`` when one is clicked."""

    ALLOW_SELECT = False

    @dataclass
    class Chosen(Message):
        """A tab was clicked."""

        tab: str

    def __init__(self, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._tabs: tuple[Tab, ...] = ()
        self._active = ""
        self._first = 0
        self._places: list[tuple[int, int, str]] = []

    def show(self, tabs: tuple[Tab, ...], active: str) -> None:
        """Show ``tabs`` with one of them as the active one."""
        if (tabs, active) != (self._tabs, self._active):
            self._tabs, self._active = tabs, active
            self.refresh()

    def render(self) -> Content:
        """Draw the tabs; where they are is kept for clicks."""
        line = fitting(self._tabs, self._active, self._first, self.content_size.width)
        self._first = len(line.before)
        self._places = []
        parts: list[tuple[str, str]] = []
        x = 0
        if line.before:
            parts.append((_before(line.before), _hint_style(line.before)))
            x = cell_len(parts[0][0])
            self._places.append((0, x, line.before[-1].id))
        for piece in line.pieces:
            parts += self._draw(piece)
            self._places.append((x, x + piece.width - 1, piece.tab.id))
            x += piece.width
        if line.after:
            hint = _after(line.after)[1:]
            parts.append((hint, _hint_style(line.after)))
            self._places.append((x, x + cell_len(hint), line.after[0].id))
        return Content.assemble(*parts)

    def _draw(self, piece: Piece) -> list[tuple[str, str]]:
        tab = piece.tab
        chosen = tab.id == self._active
        ground = " on $block-cursor-background" if chosen else ""
        style = (
            f"bold $block-cursor-foreground{ground}"
            if chosen
            else {"busy": "$warning", "bad": "$error"}.get(tab.tone, "$foreground-muted")
        )
        parts = [(f" {tab.label}", style)]
        if tab.mark.text:
            parts.append((f" {tab.mark.text}", f"bold {_TONES[tab.mark.tone]}{ground}"))
        if piece.note:
            parts.append((f" {piece.note}", f"dim $foreground{ground}"))
        return [*parts, (" ", style), (" ", "")]

    def on_click(self, event: events.Click) -> None:
        """Choose the tab below the mouse."""
        at = event.get_content_offset(self)
        for left, right, tab in self._places if at else []:
            if at and left <= at.x < right:
                self.post_message(self.Chosen(tab))


def _hint_style(hidden: tuple[Tab, ...]) -> str:
    mark: Mark = strongest(tab.mark for tab in hidden)
    return f"bold {_TONES[mark.tone]}" if mark.tone else "$foreground-muted"
