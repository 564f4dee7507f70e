"""A terminal's rows as text, by stable row, read in slices and only while nothing changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.ui.terminal.columns import Cells, cells, plain
from mnix_tui.ui.terminal.links import LONGEST
from mnix_tui.ui.terminal.selection import Place, Stretch, Unit

if TYPE_CHECKING:
    from mnix_tui.terminal import Emulator, Line

_SLICE = 64
_SLICES = 200


class HistoryText:
    """What motions and selections read. Stable rows: absolute rows + rows dropped so far."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._slices: dict[int, list[Line]] = {}
        self._cells: dict[int, Cells] = {}

    def forget(self) -> None:
        """Read anew: there may have been output."""
        self._slices.clear()
        self._cells.clear()

    @property
    def first(self) -> int:
        """The oldest row."""
        return self._emulator.dropped

    @property
    def last(self) -> int:
        """The newest row."""
        return self._emulator.dropped + self._emulator.total_rows - 1

    def _line(self, row: int) -> Line | None:
        at, index = divmod(row - self.first, _SLICE)
        if at < 0:
            return None
        if at not in self._slices:
            if len(self._slices) >= _SLICES:
                self._slices.clear()
            self._slices[at] = self._emulator.lines(at * _SLICE, (at + 1) * _SLICE)
        lines = self._slices[at]
        return lines[index] if index < len(lines) else None

    def text(self, row: int) -> str:
        """Return a row's text; nothing for a row that is not there."""
        line = self._line(row)
        return line.text if line is not None else ""

    def cells(self, row: int) -> Cells:
        """Return where each character of a row is."""
        text = self.text(row)
        if text.isascii():
            return plain(text)
        if row not in self._cells:
            if len(self._cells) >= _SLICE:
                self._cells.clear()
            self._cells[row] = cells(text, self._emulator.columns(row - self.first))
        return self._cells[row]

    def wrapped(self, row: int) -> bool:
        """Whether the next row goes on with this one's line."""
        line = self._line(row)
        return line is not None and line.wrapped

    def logical(self, row: int, column: int) -> tuple[str, int]:
        """Return the line that a cell belongs to, as far as an address reaches, and its index."""
        first, last = (one + self.first for one in self._emulator.line_at(row - self.first))
        reach = LONGEST // self._emulator.cols + 1
        first, last = max(first, row - reach), min(last, row + reach)
        text, index = "", 0
        for one in range(first, last + 1):
            if one == row:
                index = len(text) + self._index(one, column)
            # Blanks at a row's end are cut, but the line goes on behind them.
            text += self.text(one) if one == last else self._filled(one)
        return text, index

    def _index(self, row: int, column: int) -> int:
        text = self.text(row)
        return column if text.isascii() else self._emulator.columns(row - self.first).index(column)

    def _filled(self, row: int) -> str:
        text = self.text(row)
        if text.isascii() and len(text) == self._emulator.cols:
            return text
        return text.ljust(self._emulator.columns(row - self.first).count)

    def stretch(self, place: Place, unit: Unit) -> Stretch:
        """Return what of this unit is at a place: a character, a word, a line with its wraps."""
        shift = self.first
        if unit is Unit.LINE:
            first, last = self._emulator.line_at(place.row - shift)
            return Place(first + shift, 0), Place(last + shift, self._emulator.cols - 1)
        if unit is Unit.WORD:
            word = self._emulator.word_at(place.row - shift, place.column)
            if word is not None:
                (top, left), (bottom, right) = word
                return Place(top + shift, left), Place(bottom + shift, right)
        for at, width, _ in self.cells(place.row):
            if at <= place.column < at + width:
                return Place(place.row, at), Place(place.row, at + width - 1)
        return place, place
