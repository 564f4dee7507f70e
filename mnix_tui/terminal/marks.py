"""The prompts that a shell marked (OSC 133): where they are, and how their commands ended."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mnix_tui.terminal.ledger import Ledger
    from mnix_tui.terminal.native import History, Pin, Terminal

MAX_MARKS = 10_000
MAX_PINS = 500
"""Each one makes a reflow of a long history slower: 500 take 0.1 s for 100,000 lines. Marks older
than that are exact until the next reflow, and then forgotten."""
_INPUT_ROWS = 500


class Mark(NamedTuple):
    """A prompt: its row, the exit status of the command entered there, whether that still runs."""

    row: int
    status: int | None = None
    running: bool = False


@dataclass(slots=True, eq=False)
class _Entry:
    number: int
    pin: Pin | None
    status: int | None = None
    running: bool = False


class Marks:
    """A terminal's prompts. A prompt that scrolled out of sight can't move but by a reflow."""

    def __init__(self, terminal: Terminal, history: History, ledger: Ledger) -> None:
        self._terminal, self._history, self._ledger = terminal, history, ledger
        self._settled: list[_Entry] = []
        self._live: list[_Entry] = []
        self._current: _Entry | None = None
        self._starts_are_told = False
        self._stale = False
        self._known: list[int] = []

    # -- what the shell tells -------------------------------------------------------------

    def prompt(self) -> None:
        """A prompt begins where the cursor is."""
        if self._terminal.alternate():
            return
        y, _ = self._history.cursor()
        row = self._history.scrolled() + y
        newest = self._live[-1] if self._live else None
        if newest is not None and newest.pin is not None and newest.pin.row() == row:
            self._current = newest  # the same prompt, drawn again
            return
        self._current = _Entry(row + self._ledger.dropped, self._history.pin_on_screen(y))
        self._live.append(self._current)
        self._stale = True
        if len(self._live) > 2 * self._terminal.size[1] + 50:
            self._refresh()

    def started(self) -> None:
        """The command entered at the newest prompt runs now."""
        self._starts_are_told = True
        if self._current is not None:
            self._current.running, self._current.status = True, None

    def ended(self, status: int | None) -> bool:
        """Note how the command ended; return whether there was one.

        A shell says so before each prompt, also when nothing was entered at the one before.
        """
        entry = self._current
        if entry is None or (self._starts_are_told and not entry.running):
            return False
        entry.running, entry.status = False, status
        return True

    def changed(self) -> None:
        """Look again where the prompts on the screen are: something was printed."""
        self._stale = bool(self._live)

    def reflowed(self) -> None:
        """Look again where all prompts are."""
        self._live = [entry for entry in self._settled if entry.pin is not None] + self._live
        self._settled.clear()
        self._stale = True

    # -- what is asked --------------------------------------------------------------------

    @property
    def running(self) -> bool | None:
        """Whether the command entered at the newest prompt runs; ``None`` without any prompt."""
        return self._current.running if self._current is not None else None

    def at(self, row: int) -> Mark | None:
        """Return the prompt that begins in a row."""
        numbers, number = self._numbers(), row + self._ledger.dropped
        index = bisect_left(numbers, number)
        if index >= len(numbers) or numbers[index] != number:
            return None
        settled = len(self._settled)
        entry = self._settled[index] if index < settled else self._live[index - settled]
        return Mark(row, entry.status, entry.running)

    def before(self, row: int) -> int | None:
        """Return the row of the last prompt above a row."""
        numbers = self._numbers()
        index = bisect_left(numbers, row + self._ledger.dropped) - 1
        return numbers[index] - self._ledger.dropped if index >= 0 else None

    def after(self, row: int) -> int | None:
        """Return the row of the first prompt below a row."""
        numbers = self._numbers()
        index = bisect_right(numbers, row + self._ledger.dropped)
        return numbers[index] - self._ledger.dropped if index < len(numbers) else None

    def output(self, row: int) -> tuple[int, int] | None:
        """Return the first and last row that the command entered at a prompt printed."""
        if self.at(row) is None:
            return None
        following = self.after(row)
        if following is None:
            y, x = self._history.cursor()
            following = self._history.scrolled() + y + (1 if x else 0)
        for first in range(row + 1, min(following, row + _INPUT_ROWS)):
            if self._history.begins_as_output(first):
                return first, following - 1
        return None

    def __len__(self) -> int:
        return len(self._numbers())

    # -- where they are -------------------------------------------------------------------

    def _numbers(self) -> list[int]:
        """Return the prompts' lasting numbers in order, none while another screen is shown."""
        if self._terminal.alternate():
            return []
        dropped = self._ledger.dropped
        if self._settled and self._settled[0].number < dropped:
            self._settled = [entry for entry in self._settled if entry.number >= dropped]
            self._stale = True
        if self._stale:
            self._refresh()
            self._known = [entry.number for entry in (*self._settled, *self._live)]
        return self._known

    def _refresh(self) -> None:
        """Find the prompts that may have moved; settle those that scrolled out of sight."""
        self._stale = False
        scrolled, dropped = self._history.scrolled(), self._ledger.dropped
        found = self._located(scrolled)
        newest = self._settled[-1].number if self._settled else -1
        live: list[_Entry] = []
        for row in sorted(found):
            entry = found[row]
            entry.number = row + dropped
            if entry.number > newest:
                (self._settled if row < scrolled else live).append(entry)
        self._live = live
        for entry in self._settled[-2 * MAX_PINS : -MAX_PINS]:
            entry.pin = None
        del self._settled[:-MAX_MARKS]

    def _located(self, scrolled: int) -> dict[int, _Entry]:
        """Return the rows of the prompts that are still there.

        The library moves a row's flag with the row, but what follows a place stays where it was
        when lines are inserted or deleted above it. So on the screen the flags count: prompts
        that are not where they were are those that are where none was, in the same order.
        """
        history = self._history
        flagged = history.prompt_rows(scrolled, history.total())
        found: dict[int, _Entry] = {}
        lost = []
        for entry in self._live:
            row = entry.pin.row() if entry.pin is not None else None
            if row is None:
                continue
            if row in flagged or (row < scrolled and history.prompt_rows(row, row + 1)):
                found[row] = entry
            elif row >= scrolled:
                lost.append(entry)
        for entry, row in zip(lost, sorted(flagged - found.keys()), strict=False):
            entry.pin = history.pin(row)
            found[row] = entry
        return found
