"""Reading all rows of a terminal: text, words, links, prompts. The half of Emulator that looks back.

A row's number is absolute: 0 is the oldest row that is kept. While nothing is wrapped anew,
``row + dropped`` never changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.terminal.cells import GRAPHEME, HEAD, TAIL, WIDE, safe
from mnix_tui.terminal.ledger import Ledger
from mnix_tui.terminal.marks import Marks
from mnix_tui.terminal.memory import Memory
from mnix_tui.terminal.native import History
from mnix_tui.terminal.standing import Standing, standing
from mnix_tui.terminal.words import Columns, Line, Position, word_around

if TYPE_CHECKING:
    from mnix_tui.terminal.native import Terminal

_WRAPPED_ROWS = 2000
"""The most rows that are looked through for the ends of one wrapped line."""
_WORD_ROWS = 20


class Lookback:
    """A terminal's rows, from the oldest one that is kept to the screen's last."""

    cols: int
    rows: int
    _terminal: Terminal
    changes = 0
    """Grows whenever a row may have changed."""

    def _look_back(self, scrollback_bytes: int, scrollback_lines: int) -> None:
        self._history = History(self._terminal)
        self._ledger = Ledger(self._terminal, self._history)
        self._memory = Memory(
            self._terminal, self._history, self._ledger, scrollback_bytes, scrollback_lines
        )
        self.prompts = Marks(self._terminal, self._history, self._ledger)
        """The prompts that the shell marked."""

    @property
    def total_rows(self) -> int:
        """How many rows there are, the screen's included."""
        return self._history.total()

    @property
    def alternate_screen(self) -> bool:
        """Whether the alternate screen is shown: it has no history, and other rows."""
        return self._terminal.alternate()

    @property
    def standing(self) -> Standing:
        """What the shell does, as far as its prompts' marks tell."""
        return standing(self._terminal, self._history, self.prompts)

    @property
    def dropped(self) -> int:
        """How many rows were dropped from the oldest end since the start."""
        return self._ledger.dropped

    @property
    def reflows(self) -> int:
        """How often lines were wrapped anew: rows have other numbers then."""
        return self._ledger.reflows

    def tidy(self, budget_seconds: float = 0.002) -> bool:
        """Compress history that is out of sight, for about so long; return whether it is done.

        To be called while nothing else happens. It is the screen's owner who knows when.
        """
        return self._memory.tidy(budget_seconds)

    def _range(self, start: int, stop: int) -> tuple[int, int]:
        total = self._history.total()
        return max(0, min(start, total)), max(0, min(stop, total))

    def _cell(self, position: Position) -> Position:
        row, col = position
        return (
            max(0, min(row, self._history.total() - 1)),
            max(0, min(col, self.cols - 1)),
        )

    def lines(self, start: int, stop: int) -> list[Line]:
        """Return rows as plain text, blanks at their ends removed. 1000 rows take 3 to 6 ms."""
        start, stop = self._range(start, stop)
        texts = map(safe, self._history.text(start, stop))
        lines = list(map(Line, texts, self._history.wraps(start, stop)))
        self._memory.restored(len(lines))
        return lines

    def columns(self, row: int) -> Columns:
        """Return where the characters of a row's text are."""
        cells = self._history.cells(row)
        starts: list[int] = []
        ends: list[int] = []
        for x, (cell, count) in enumerate(cells):
            wide = cell >> 42 & 3
            if wide == HEAD or (wide == TAIL and x and cells[x - 1][0] >> 42 & 3 == WIDE):
                continue
            characters = count if cell & 3 == GRAPHEME else 1
            starts += [x] * characters
            ends += [x + (2 if wide == WIDE else 1)] * characters
        return Columns(starts, ends, self.cols)

    def text_between(self, first: Position, last: Position, *, block: bool = False) -> str:
        """Return the text between two cells, both included, in either order.

        Rows that were wrapped softly are one line; blanks at the ends of lines are removed. A
        ``block`` is the rectangle between its corners, row by row.
        """
        if last < first:
            first, last = last, first
        if block:
            left, right = sorted((first[1], last[1]))
            first, last = (first[0], left), (last[0], right)
        text = self._history.between(
            self._cell(first), self._cell(last), unwrap=not block, block=block
        )
        return "\n".join(safe(line.rstrip(" ")) for line in text.split("\n"))

    def line_at(self, row: int) -> tuple[int, int]:
        """Return the first and last row of the line that a row belongs to."""
        row, _ = self._cell((row, 0))
        return self._line(row, _WRAPPED_ROWS)

    def _line(self, row: int, most: int) -> tuple[int, int]:
        total = self._history.total()
        first = last = row
        step = 16
        while first > max(0, row - most):
            start = max(0, first - step)
            wraps = self._history.wraps(start, first)
            while wraps and wraps.pop():
                first -= 1
            if first > start:
                break
            step *= 2
        step = 16
        while last < min(total - 1, row + most):
            wraps = self._history.wraps(last, min(total - 1, last + step))
            run = wraps.index(False) if False in wraps else len(wraps)
            last += run
            if run < len(wraps):
                break
            step *= 2
        return first, last

    def word_at(self, row: int, col: int) -> tuple[Position, Position] | None:
        """Return the first and last cell of the word at a cell; None where there is none."""
        row, col = self._cell((row, col))
        first, last = self._line(row, _WORD_ROWS)
        text, places = "", []
        at = -1
        for y in range(first, last + 1):
            # Not the trimmed text: what the columns count must be there, blanks too.
            columns = self.columns(y)
            line = safe(self._full_text(y, columns))
            if y == row:
                at = len(text) + columns.index(col)
            text += line
            places += [
                ((y, columns.of(index)), (y, columns.end(index) - 1)) for index in range(len(line))
            ]
        word = word_around(text, at)
        if word is None:
            return None
        return places[word[0]][0], places[word[1] - 1][1]

    def _full_text(self, row: int, columns: Columns) -> str:
        text = self._history.text(row, row + 1)[0]
        return text.ljust(columns.count)

    def link_at(self, row: int, col: int) -> str:
        """Return the address that a cell's link (OSC 8) leads to; "" for none."""
        link = self._history.link(*self._cell((row, col)))
        return link if link.isprintable() else ""

    def output_of(self, row: int) -> tuple[int, int] | None:
        """Return the first and last row that the command entered at a prompt's row printed."""
        return self.prompts.output(row)
