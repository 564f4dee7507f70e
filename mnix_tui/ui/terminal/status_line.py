"""Copy mode's status line: the mode, the place, what is searched for, and the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.strip import Strip

from mnix_tui.ui.terminal import copy_keys
from mnix_tui.ui.terminal.selection import Unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.ui.terminal.copy_mode import CopyMode

_REVERSE = RichStyle(reverse=True)
_NAMES = {Unit.CHARACTER: "SELECT", Unit.LINE: "LINES", Unit.BLOCK: "BLOCK"}


def status_line(copy: CopyMode, width: int, style: Callable[[str], RichStyle]) -> Strip:
    """Return the line, as wide as the view; what does not fit is left out, the keys first."""
    plain, strong = style("terminal--bar"), style("terminal--bar-mode")
    bad, key = style("terminal--bar-bad"), style("terminal--bar-key")
    left = [Segment(f" {_NAMES[copy.unit] if copy.unit else 'COPY'} ", strong)]
    search = copy.search
    if search.edit is not None:
        sign = "/" if search.forward else "?"
        room = max(width - 40, 8)
        left += [
            Segment(f" {sign}", key),
            *_typed(search.edit.text, search.edit.cursor, room, plain),
        ]
        hints = copy_keys.HINTS_SEARCHING
    else:
        line, lines = copy.place.row - copy.text.first + 1, copy.text.last - copy.text.first + 1
        left.append(Segment(f" line {line:,} of {lines:,}", plain))
        hints = copy_keys.HINTS_SELECTING if copy.unit else copy_keys.HINTS
    found = search.status()
    if found:
        failed = bool(search.problem) or found == "no match"
        left.append(Segment(f"  {found}", bad if failed else plain))
    if copy.news:
        left.append(Segment("  ↓ new output", key))
    return _fitted(left, _hints(hints, width - _width(left) - 2, key, plain), width, plain)


def _typed(text: str, cursor: int, room: int, style: RichStyle) -> list[Segment]:
    start = max(0, cursor - room + 1)
    before, at, after = text[start:cursor], text[cursor : cursor + 1] or " ", text[cursor + 1 :]
    reverse = style + _REVERSE
    return [Segment(before, style), Segment(at, reverse), Segment(after[:room], style)]


def _hints(hints: copy_keys.Hints, room: int, key: RichStyle, plain: RichStyle) -> list[Segment]:
    shown: list[Segment] = []
    for name, meaning in hints:
        part = [Segment(name, key), Segment(f" {meaning}  ", plain)]
        if _width(shown) + _width(part) > room:
            break
        shown += part
    return shown


def _width(segments: list[Segment]) -> int:
    return sum(cell_len(segment.text) for segment in segments)


def _fitted(left: list[Segment], right: list[Segment], width: int, style: RichStyle) -> Strip:
    gap = width - _width(left) - _width(right)
    strip = Strip([*left, Segment(" " * max(gap, 0), style), *right])
    return strip.crop(0, width).adjust_cell_length(width, style)


def corner(text: str, width: int, style: RichStyle) -> Strip:
    """Return a short text for the right end of a line."""
    text = f" {text} "
    if cell_len(text) > width:
        text = set_cell_size(text, width)
    return Strip([Segment(text, style)], cell_len(text))
