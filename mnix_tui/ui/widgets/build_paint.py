"""How a row of a rebuild's tree looks: lines of the tree, state, name, and what is known at its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.strip import Strip

from mnix_tui.nixlog import NodeState
from mnix_tui.ui import build_text, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.style import Style

    from mnix_tui.nixlog import Row

    Styled = Callable[[str], Style]

TONES = (
    "good",
    "busy",
    "bad",
    "accent",
    "quiet",
    "rest",
    "guide",
    "name",
    "cursor",
    "cursor-blurred",
    "lost",
)
CLASSES = {f"build--{tone}" for tone in TONES}
_SPENT = 7
_KNOWN = 15
_METER = 10
_METER_FROM = 64
"""Columns from which on there is room for bars."""
_KNOWN_FROM = 40


@dataclass(frozen=True)
class Look:
    """What a row's drawing depends on beside the row."""

    width: int
    now: float
    selected: bool
    alive: bool
    """Things go on: the spinner turns."""


def paint(row: Row, look: Look, styled: Styled, base: Style) -> Strip:
    """Return the row; ``styled`` gives the style of a tone."""
    right = _right(row, look)
    while right and not right[0][0].strip():
        right = right[1:]  # what the name needs more than an empty column does
    if right:
        right[0] = (f" {right[0][0].lstrip()}", right[0][1])
    room = look.width - sum(cell_len(text) for text, _ in right) - 1
    left = _left(row, look, room)
    gap = look.width - sum(cell_len(text) for text, _ in (*left, *right))
    ground = base + styled("cursor") if look.selected else base
    parts = [*left, (" " * max(gap, 0), ""), *right]
    segments = [
        Segment(text, ground + styled(tone) if tone else ground) for text, tone in parts if text
    ]
    return Strip(segments).adjust_cell_length(look.width, ground)


def _left(row: Row, look: Look, room: int) -> list[build_text.Part]:
    node = row.node
    guide = _guide(row, max(room // 2, 4))
    glyph = build_text.GLYPHS[node.state]
    if node.state is NodeState.RUNNING and look.alive:
        glyph = build_text.spin(look.now)
    tone = build_text.TONES[node.state]
    parts = [(guide, "guide"), (f"{glyph} ", tone)]
    room -= cell_len(guide) + 2
    name = build_text.name(node)
    # What stands in full elsewhere is only pointed at here.
    waits = node.state in (NodeState.WAITING, NodeState.INTERRUPTED) or bool(row.hidden)
    bold = {NodeState.RUNNING: "name", NodeState.FAILED: "bad"}
    parts.append((_fit(name, room), "quiet" if waits else bold.get(node.state, "")))
    room -= cell_len(name)
    notes = build_text.notes(node)
    if row.hidden:
        notes = [*notes, (f"⋯ {row.hidden} above", "quiet")]
    for text, note_tone in notes:
        if room < 6:
            break
        shown = _fit(text, room - 2)
        parts.append((f"  {shown}", note_tone))
        room -= cell_len(shown) + 2
    return parts


def _guide(row: Row, most: int) -> str:
    """Return the lines to the left of a row; of deep ones, what is nearest to it."""
    if not row.depth:
        return ""
    lines = "".join("│ " if runs else "  " for runs in row.guides[1:])
    lines += "└─" if row.last else "├─"
    return lines if len(lines) <= most else "…" + lines[-most + 1 :]


def _right(row: Row, look: Look) -> list[build_text.Part]:
    known, spent = build_text.times(row.node, look.now)
    parts: list[build_text.Part] = []
    share = build_text.share(row.node, look.now)
    if look.width >= _METER_FROM:
        if share is not None:
            bar = words.meter(share, _METER)
            done = bar.count("━")
            parts += [(f" {bar[:done]}", "busy"), (bar[done:], "rest")]
        else:
            parts.append((" " * (_METER + 1), ""))
    parts.append((f" {spent[0]:>{_SPENT}} ", spent[1]))
    if look.width >= _METER_FROM:
        parts.append((f"{known[0]:<{_KNOWN}}", known[1]))
    elif look.width >= _KNOWN_FROM and known[0]:
        parts.insert(0, (f" {known[0].removeprefix('of ')}", known[1]))
    return parts


def _fit(text: str, room: int) -> str:
    if cell_len(text) <= room:
        return text
    return set_cell_size(text, room - 1) + "…" if room > 1 else ""
