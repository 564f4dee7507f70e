"""The view's selection: it grows, is copied, and goes only when its own text changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.ui.terminal.columns import cut
from mnix_tui.ui.terminal.history_text import HistoryText
from mnix_tui.ui.terminal.selection import Place, Selection, Stretch, Unit

if TYPE_CHECKING:
    from mnix_tui.terminal import Emulator


class Selecting:
    """What is selected in one terminal, by mouse or keyboard."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._text = HistoryText(emulator)
        self._anchor: Stretch | None = None
        self._start = Place(0, 0)
        self._unit = Unit.CHARACTER
        self._watched: dict[int, str] = {}
        self._world = (0, False)
        self.selection: Selection | None = None

    def begin(self, place: Place, unit: Unit, *, at_once: bool = False) -> None:
        """Select from here on; ``at_once`` selects what is here already."""
        self.clear()
        self._text.forget()
        self._unit, self._start = unit, place
        self._anchor = self._text.stretch(place, unit)
        if at_once:
            self.extend(place)

    def extend(self, place: Place) -> None:
        """Select up to here."""
        if self._anchor is None:
            return
        self._text.forget()
        head = self._text.stretch(place, self._unit)
        self.put(Selection.over(self._anchor, head, block=self._unit is Unit.BLOCK))

    def turn(self, unit: Unit, place: Place) -> None:
        """Go on selecting by another unit."""
        if self._anchor is not None:
            self._unit = unit
            self._text.forget()
            self._anchor = self._text.stretch(self._start, unit)
            self.extend(place)

    def follow(self, unit: Unit) -> None:
        """Let what was put grow by this unit when it is extended."""
        self._unit = unit

    def put(self, selection: Selection) -> None:
        """Select just this."""
        if self._anchor is None:
            self._start = selection.first
        self._anchor = self._anchor or (selection.first, selection.last)
        self.selection = selection
        self._world = self._current_world()
        # What is in the history can't change any more: only the screen's part is watched.
        shift, emulator = self._emulator.dropped, self._emulator
        screen = shift + emulator.total_rows - emulator.rows
        self._watched = self._read(range(max(screen, selection.first.row), selection.last.row + 1))

    def clear(self) -> None:
        """Select nothing."""
        self.selection = self._anchor = None
        self._watched = {}

    def check(self) -> None:
        """Drop the selection if its text is no longer what it was."""
        if self.selection is None:
            return
        gone = self.selection.first.row < self._emulator.dropped
        if gone or self._world != self._current_world():
            self.clear()
        elif self._watched:
            rows = range(min(self._watched), max(self._watched) + 1)
            if self._read(rows) != self._watched:
                self.clear()

    def text(self) -> str:
        """Return the selected text: wrapped lines joined, blanks at line ends removed."""
        if self.selection is None:
            return ""
        shift, (first, last) = self._emulator.dropped, (self.selection.first, self.selection.last)
        return self._emulator.text_between(
            (first.row - shift, first.column),
            (last.row - shift, last.column),
            block=self.selection.block,
        )

    def _current_world(self) -> tuple[int, bool]:
        return self._emulator.reflows, self._emulator.alternate_screen

    def _read(self, rows: range) -> dict[int, str]:
        if not rows or self.selection is None:
            return {}
        self._text.forget()
        shift, width = self._emulator.dropped, self._emulator.cols
        lines = self._emulator.lines(rows[0] - shift, rows[-1] + 1 - shift)
        found = {}
        for row, line in zip(rows, lines, strict=False):
            columns = self.selection.columns(row, width)
            whole = columns == (0, width)
            found[row] = line.text if whole else cut(self._text.cells(row), *columns).rstrip()
        return found
