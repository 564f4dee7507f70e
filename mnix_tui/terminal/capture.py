"""The visible rows as they were last captured: which changed, and what is in them."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from mnix_tui.terminal.cells import decode
from mnix_tui.terminal.grid import PLAIN, Cursor, Frame, Row, Run, Style
from mnix_tui.terminal.native import View

if TYPE_CHECKING:
    from mnix_tui.terminal.native import Terminal

# More would help a scroll no further, and would be garbage to sift for the collector.
_CACHED_ROWS = 256


class Hold:
    """Synchronized output: keeps the view as it was when the program began to redraw."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.active = False
        self.captured = False
        self.count = 0

    def changed(self, active: bool) -> None:
        """Take the picture that stays on screen, at the very moment the hold begins."""
        if active and not self.active:
            self._view.update()
            self.captured = True
            self.count += 1
        self.active = active


class Capture:
    """Reads a terminal's visible rows; one that did not change is never read again."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._view = View(terminal)
        self.hold = Hold(self._view)
        self._cache: OrderedDict[tuple[int, int], tuple[bytes, Row]] = OrderedDict()
        self.must_update = False
        """Whether the next frame shows the terminal as it is, even while a program holds it."""
        self.cursor = Cursor()
        self.resized()

    def resized(self) -> None:
        """Start anew after the terminal got its size."""
        cols, rows = self._terminal.size
        self._cache.clear()
        self.rows: list[Row] = [(Run(" " * cols, PLAIN, cols),)] * rows
        self._changed = set(range(rows))

    def frame(self, force: bool) -> Frame:
        """Return the rows that changed since the last frame; ``force`` ends a hold's patience."""
        self.update(force)
        rows = {y: self.rows[y] for y in sorted(self._changed)}
        self._changed.clear()
        return Frame(rows, self.cursor)

    def update(self, force: bool) -> None:
        """Bring ``rows`` and ``cursor`` up to date."""
        touched: list[bool] = []
        if force or self.must_update or not self.hold.active:
            if not self.hold.captured:
                touched = self._terminal.touched_rows(len(self.rows))
            self._view.update()
            self.must_update = False
        # After two updates nobody knows any more which rows the first one touched: all, then.
        self.hold.captured = False
        count = len(touched)
        for y in self._view.changed():
            if y < len(self.rows):
                self.rows[y] = self._read_row(y >= count or touched[y])
                self._changed.add(y)
        self._view.clean()
        self.cursor = self._view.cursor()

    def _read_row(self, touched: bool) -> Row:
        """Read the view's current row, or take it from the cache if it only moved.

        Equal cells are not enough: they hold style numbers, and the library gives a number to
        another style once no cell uses it. A row that the program touched is always read.
        """
        key, raw = self._view.row_id(), self._view.row_cells()
        known = self._cache.get(key)
        if known is not None and not touched and known[0] == raw:
            self._cache.move_to_end(key)
            return known[1]
        view = self._view
        runs = []
        for start, text, width, style_id, background in decode(raw, view.grapheme):
            style = PLAIN
            if style_id:
                style = view.style(start)
            elif background is not None:
                style = Style(background=background)
            runs.append(Run(text, style, width))
        row = tuple(runs)
        self._cache[key] = (raw, row)
        if len(self._cache) > _CACHED_ROWS:
            self._cache.popitem(last=False)
        return row
