"""Where each key of copy mode that only moves leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.ui.terminal import motions
from mnix_tui.ui.terminal.selection import Place, Unit

if TYPE_CHECKING:
    from mnix_tui.terminal import Emulator
    from mnix_tui.ui.terminal.history_text import HistoryText

_FAR_RIGHT = 1 << 30


class Moves:
    """The moving half of CopyMode."""

    text: HistoryText
    top: int
    place: Place
    _emulator: Emulator
    _goal: int

    def go(self, place: Place, *, goal: int | None = None) -> None:
        """Put the cursor somewhere."""
        raise NotImplementedError

    def _scroll_to(self, top: int) -> None:
        raise NotImplementedError

    def _vertical(self, rows: int) -> None:
        self.go(Place(self.place.row + rows, self._goal), goal=self._goal)

    def do_left(self) -> None:
        """Go left."""
        self.go(Place(self.place.row, max(self.place.column - 1, 0)))

    def do_right(self) -> None:
        """Go right."""
        _, last = self.text.stretch(self.place, Unit.CHARACTER)
        self.go(Place(self.place.row, last.column + 1))

    def do_down(self) -> None:
        """Go down."""
        self._vertical(1)

    def do_up(self) -> None:
        """Go up."""
        self._vertical(-1)

    def do_word(self, *, big: bool = False) -> None:
        """Go to the next word."""
        self.go(motions.next_word(self.text, self.place, big=big))

    def do_big_word(self) -> None:
        """Go to what follows the next blank."""
        self.do_word(big=True)

    def do_back(self, *, big: bool = False) -> None:
        """Go to the word before."""
        self.go(motions.previous_word(self.text, self.place, big=big))

    def do_big_back(self) -> None:
        """Go to what follows the blank before."""
        self.do_back(big=True)

    def do_end(self, *, big: bool = False) -> None:
        """Go to the end of the word."""
        self.go(motions.word_end(self.text, self.place, big=big))

    def do_big_end(self) -> None:
        """Go to the last character before a blank."""
        self.do_end(big=True)

    def do_line_start(self) -> None:
        """Go to the first column."""
        self.go(Place(self.place.row, 0))

    def do_line_text(self) -> None:
        """Go to the row's text."""
        self.go(motions.line_start(self.text, self.place.row))

    def do_line_end(self) -> None:
        """Go to the end of the row, and stay at ends."""
        self.go(motions.line_end(self.text, self.place.row), goal=_FAR_RIGHT)

    def do_oldest(self) -> None:
        """Go to the oldest line."""
        self.go(Place(self.text.first, 0))

    def do_newest(self) -> None:
        """Go to the newest line that is not blank."""
        row = self.text.last
        while row > max(self.text.first, self.text.last - self._emulator.rows):
            if self.text.text(row):
                break
            row -= 1
        self.go(Place(row, 0))

    def _page(self, rows: int) -> None:
        self._scroll_to(self.top + rows)
        self._vertical(rows)

    def do_half_up(self) -> None:
        """Go up by half a page."""
        self._page(-max(self._emulator.rows // 2, 1))

    def do_half_down(self) -> None:
        """Go down by half a page."""
        self._page(max(self._emulator.rows // 2, 1))

    def do_page_up(self) -> None:
        """Go up by a page."""
        self._page(-max(self._emulator.rows - 2, 1))

    def do_page_down(self) -> None:
        """Go down by a page."""
        self._page(max(self._emulator.rows - 2, 1))

    def do_high(self) -> None:
        """Go to the top of the screen."""
        self.go(Place(self.top, 0))

    def do_middle(self) -> None:
        """Go to the middle of the screen."""
        self.go(Place(self.top + self._emulator.rows // 2, 0))

    def do_low(self) -> None:
        """Go to the bottom of the screen."""
        self.go(Place(self.top + self._emulator.rows - 1, 0))
