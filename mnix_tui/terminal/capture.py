"""The visible rows as they were last captured: which changed, and what is in them."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from typing import TYPE_CHECKING

from mnix_tui.terminal.cells import decode, linked, renumbered
from mnix_tui.terminal.dense import Dense
from mnix_tui.terminal.grid import PLAIN, Cursor, Frame, Row, Run, Style
from mnix_tui.terminal.native import View

if TYPE_CHECKING:
    from mnix_tui.terminal.native import Terminal

# More would help a scroll no further, and would be garbage to sift for the collector.
_CACHED_ROWS = 256
_FEW_ROWS = 4
_MANY_STYLES = 24

Styled = list[tuple[int, Style]] | Dense | None
"""The columns at which a row's style numbers first occur, and their styles; or the row itself; or
None if nobody can tell whether it still looks the same."""


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
        self._cache: OrderedDict[tuple[int, int], tuple[bytes, Row, Styled]] = OrderedDict()
        self.must_update = False
        """Whether the next frame shows the terminal as it is, even while a program holds it."""
        self.cursor = Cursor()
        self._busy = False
        """Whether the last frame had many changed rows, so that the next one may well too."""
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
            # Asking takes longer than all else of a frame with a line or two.
            if self._busy and not self.hold.captured:
                touched = self._terminal.touched_rows(len(self.rows))
            self._view.update()
            self.must_update = False
        # After two updates nobody knows any more which rows the first one touched.
        known = bool(touched) and not self.hold.captured
        self.hold.captured = False
        count = 0
        for y in self._view.changed():
            if y < len(self.rows):
                self.rows[y] = self._read_row(y, touched[y] if known and y < len(touched) else None)
                self._changed.add(y)
                count += 1
        self._view.clean()
        self._busy = count > _FEW_ROWS
        self.cursor = self._view.cursor()

    def _read_row(self, y: int, touched: bool | None) -> Row:
        """Read the view's current row, or take it from the cache if it only moved.

        Equal cells are not enough: they hold style numbers, and the library gives a number to
        another style once no cell uses it. So a row that the program may have touched is the same
        only if its styles are. (A row without numbers has none that could change.)
        """
        key, raw = self._view.row_id(), self._view.row_cells()
        known = self._cache.get(key)
        if known is not None and known[0] == raw:
            self._cache.move_to_end(key)
            if touched is False or self._still(known[2]):
                return known[1]
        columns = linked(raw)
        row, styled = self._with_links(raw, y, columns) if columns else self._decode(raw)
        if columns and self.hold.active:
            return row  # its links are still to be read
        self._cache[key] = (raw, row, styled)
        if len(self._cache) > _CACHED_ROWS:
            self._cache.popitem(last=False)
        return row

    def _decode(self, raw: bytes, *, dense: bool = True) -> tuple[Row, Styled]:
        view = self._view
        spans = decode(raw, view.grapheme, _MANY_STYLES if dense else len(raw))
        if isinstance(spans, str):
            row = Dense(spans, view.styles())
            return row, row
        # The first cell of each number: within a row, one number is one style.
        first: dict[int, int] = {}
        for span in spans:
            if span.style_id:
                first.setdefault(span.style_id, span.start)
        styles = {number: view.style(start) for number, start in first.items()}
        styles[0] = PLAIN
        runs = tuple(
            Run(text, styles[number] if back is None else Style(background=back), width)
            for _, text, width, number, back in spans
        )
        return runs, [(start, styles[number]) for number, start in first.items()]

    def _with_links(self, raw: bytes, y: int, columns: list[int]) -> tuple[Row, Styled]:
        """Decode a row with links: what cells say is only that there is one."""
        if self.hold.active:  # then the links of now are not those of the picture
            return self._decode(raw)[0], None
        links = self._view.links(y, columns)
        ids = array("Q", raw)
        numbers: dict[int, int] = {}
        known: dict[tuple[str, int], int] = {}
        for x, link in zip(columns, links, strict=True):
            # A style id of our own for each style with a link, from the end: they split the row.
            numbers[x] = known.setdefault((link, ids[x] >> 26 & 0xFFFF), 0xFFFF - len(known))
        row, _ = self._decode(renumbered(raw, numbers), dense=False)
        address = dict(zip(columns, links, strict=True))
        at = 0
        runs = []
        for text, style, width in row:
            link = address.get(at, "")
            runs.append(Run(text, style._replace(link=link) if link else style, width))
            at += width
        return tuple(runs), None

    def _still(self, styled: Styled) -> bool:
        if styled is None:
            return False
        if isinstance(styled, Dense):
            return self._view.styles() == styled.packed
        return all(self._view.style(start) == style for start, style in styled)
