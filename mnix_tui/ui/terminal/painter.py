"""Rows to what shows them: Textual strips, or the outer terminal's own sequences."""

from __future__ import annotations

import re
from collections import OrderedDict
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.strip import Strip

from mnix_tui.terminal import Row, Style
from mnix_tui.terminal.dense import Dense
from mnix_tui.ui.terminal.pens import RESET, Look, Pens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.style import Style as RichStyle

    from mnix_tui.terminal import Run

__all__ = ["Look", "Painter", "changes", "fitted", "overlaid", "width_at"]

_STRIPS = 256
_TEXTS = 512
_HIDDEN = Style._fields.index("hidden")
_JOINERS = str.maketrans("", "", "\u200d\ufe0e\ufe0f")
# Characters whose width no two terminals argue about; after any other one the next column is named.
_SURE = (
    " -~\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0377\u0384-\u0482\u048a-\u052f\u2010-\u2027\u2190-\u2211"
    "\u2500-\u257f\u2580-\u259f\u2800-\u28ff\u3041-\u3096\u30a1-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7a3"
)
_ALL_SURE = re.compile(f"[{_SURE}]*").fullmatch
_PARTS = re.compile(f"([{_SURE}]+)([^{_SURE}]*)")


class Painter:
    """Draws rows in one look; make a new one when the look changes."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.pens = Pens(look)
        self._strips: OrderedDict[int, tuple[Row, Strip]] = OrderedDict()
        self.base = self.pens.rich(Style())

    def strip(self, row: Row) -> Strip:
        """Draw a row. Rows are immutable, so one that merely moved costs a look-up."""
        known = self._strips.get(id(row))
        if known is not None:
            self._strips.move_to_end(id(row))
            return known[1]
        width = 0
        segments = []
        style = self.pens.rich
        for run in row:
            segments.append(Segment(_shown(*run), style(run.style)))
            width += run.width
        strip = Strip(segments, width)
        # The row is kept with its strip: its id stays its own as long as the entry lives.
        self._strips[id(row)] = (row, strip)
        if len(self._strips) > _STRIPS:
            self._strips.popitem(last=False)
        return strip

    def sequence(self, runs: Sequence[Run], column: int) -> str:
        """Return what writes runs when the cursor is at ``column`` (from 1), their first one."""
        if isinstance(runs, Dense) and runs.text.isascii():
            return self.pens.dense(runs)
        parts: list[str] = []
        append = parts.append
        known, make = self.pens.known.get, self.pens.pen
        last = ""
        for text, style, width in runs:
            _, back, start, end = known(id(style)) or make(style)
            if back != last or not back:
                append(back)
                last = back
            append(start)
            column += width
            if text.isascii() and not style[_HIDDEN]:
                append(text)
            else:
                append(_placed(_shown(text, style, width), column - width, width))
            if end:
                append(end)
        append(RESET)
        return "".join(parts)


def _shown(text: str, style: Style, width: int) -> str:
    if style.hidden:
        return " " * width
    return text if text.isascii() else fitted(text, width)


@lru_cache(maxsize=_TEXTS)
def _placed(text: str, column: int, width: int) -> str:
    """Name the column behind characters that another terminal may take for wider or narrower.

    One such character then never moves the rest of its line.
    """
    if _ALL_SURE(text):
        return text
    end = f"\x1b[{column + width}G"
    parts = _PARTS.findall(text)
    if sum(len(sure) + len(rest) for sure, rest in parts) != len(text):
        return text + end
    placed = []
    for sure, rest in parts:
        column += cell_len(sure + rest)
        placed.append(f"{sure}{rest}\x1b[{column}G" if rest else sure)
    # Widths of parts that don't add up to the whole's are no places to go to.
    return "".join(placed) + end if cell_len(text) == width else text + end


def changes(old: Row | None, new: Row) -> tuple[int, Sequence[Run]]:
    """Return the column from which a row must be written, and the runs to write from there."""
    if old is new:
        return 0, ()
    if old is None or isinstance(new, Dense) or isinstance(old, Dense):
        return 0, new
    column = first = 0
    last, old_last = len(new), len(old)
    while first < last and first < old_last and new[first] == old[first]:
        column += new[first].width
        first += 1
    while last > first and old_last > first and new[last - 1] == old[old_last - 1]:
        last -= 1
        old_last -= 1
    if last == first + 1 == old_last:
        return _within(column, old[first], new[first])
    return column, new[first:last]


def _within(column: int, old: Run, new: Run) -> tuple[int, Sequence[Run]]:
    """Narrow the change of a single run down to the characters that differ."""
    if old.style != new.style or not (old.text.isascii() and new.text.isascii()):
        return column, (new,)
    before, after = old.text, new.text
    if before == after or not len(before) == len(after) == new.width:
        return column, (new,)
    first = 0
    while before[first] == after[first]:
        first += 1
    # Blanks at the end are the most frequent ending, and many.
    last = max(len(before.rstrip(" ")), len(after.rstrip(" ")), first + 1)
    while last > first and before[last - 1] == after[last - 1]:
        last -= 1
    return column + first, (new._replace(text=after[first:last], width=last - first),)


@lru_cache(maxsize=_TEXTS)
def fitted(text: str, width: int) -> str:
    """Make text take ``width`` cells as Textual counts them, where it and the emulator differ."""
    if cell_len(text) == width:
        return text
    # Emoji glued by joiners are separate cells for the emulator and one glyph for Textual.
    text = text.translate(_JOINERS)
    return text if cell_len(text) == width else set_cell_size(text, width)


def overlaid(strip: Strip, start: int, end: int, style: RichStyle) -> Strip:
    """Return a strip with ``style`` put over the cells from ``start`` up to ``end``."""
    length = strip.cell_length
    start, end = max(0, start), min(end, length)
    if start >= end:
        return strip
    middle = strip.crop(start, end)
    parts = [Strip([Segment(text, (old or style) + style) for text, old, _ in middle], end - start)]
    if start:
        parts.insert(0, strip.crop(0, start))
    if end < length:
        parts.append(strip.crop(end, length))
    return Strip.join(parts)


def width_at(row: Row, x: int) -> int:
    """Return how many cells the character at a column takes (2 for a wide one)."""
    column = 0
    for text, _style, width in row:
        if x < column + width:
            if text.isascii():
                return 1
            for character in text:
                cells = cell_len(character)
                if column <= x < column + cells:
                    return cells
                column += cells
            return 1
        column += width
    return 1
