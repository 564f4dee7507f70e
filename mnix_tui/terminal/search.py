"""Searching a terminal's rows: a little at a time, newest rows first, kept up to date.

What scrolled out of sight never changes, so it is searched once; the screen, and what came since,
again after each change. Positions are kept as lasting numbers (row + dropped), so nothing is
searched again when old rows are dropped; only a reflow starts anew.
"""

from __future__ import annotations

import re
import time
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from mnix_tui.errors import PatternInvalid
from mnix_tui.terminal.patience import OutOfPatience, limited

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnix_tui.terminal.emulator import Emulator
    from mnix_tui.terminal.words import Line

MAX_MATCHES = 100_000
"""More are not counted: ``capped`` tells."""
MAX_PATTERN = 1000
TOO_SLOW = "the pattern takes too long"
PATIENCE_SECONDS = 0.03
"""Processor time that a pattern may take for the rows of one slice, which take 1 ms normally."""
SEARCH_SECONDS = 15.0
"""Processor time that a pattern may take for all there is."""
_COMPILE_SECONDS = 0.1
_SLICE_ROWS, _FIRST_ROWS, _FEWEST_ROWS = 250, 25, 1
"""A slow pattern gets smaller slices; the first one shows how slow it is."""
_SLICE_SECONDS = 0.004
_WRAPPED_ROWS = 500
"""A line that was wrapped over more rows is searched in pieces."""


class Match(NamedTuple):
    """A match: where it begins, in absolute rows and columns; ``end`` is behind its last column.

    Over a soft wrap it goes on in further rows: ``spans`` has all of them.
    """

    row: int
    start: int
    end: int
    rest: tuple[tuple[int, int, int], ...] = ()

    @property
    def spans(self) -> tuple[tuple[int, int, int], ...]:
        """Row, first column and the column behind the last, for each row of the match."""
        return ((self.row, self.start, self.end), *self.rest)

    def moved(self, rows: int) -> Match:
        """Return the match ``rows`` further down."""
        rest = tuple((row + rows, start, end) for row, start, end in self.rest)
        return Match(self.row + rows, self.start, self.end, rest)


def compiled(
    pattern: str, *, regex: bool = True, ignore_case: bool | None = None
) -> re.Pattern[str]:
    """Compile a pattern. ``ignore_case`` None: unless it has a capital (smart case).

    Raises PatternInvalid.
    """
    if ignore_case is None:
        # The capitals of \S, \W and \B are no letters that are looked for.
        letters = re.sub(r"\\.", "", pattern) if regex else pattern
        ignore_case = letters == letters.lower()
    if len(pattern) > MAX_PATTERN:
        raise PatternInvalid("The pattern is too long", f"at most {MAX_PATTERN} characters")
    try:
        with limited(_COMPILE_SECONDS):
            return re.compile(
                pattern if regex else re.escape(pattern), re.IGNORECASE if ignore_case else 0
            )
    except (re.error, RecursionError, OverflowError, OutOfPatience) as error:
        reason = str(error) or "it is too complex"
        raise PatternInvalid(
            f"Can't search for {pattern[:60]!r}", reason, "escape it with \\ to search for itself"
        ) from error


class Search:
    """A search in a terminal. Call ``step`` until it is done, and again after new output."""

    def __init__(
        self,
        emulator: Emulator,
        pattern: str,
        *,
        regex: bool = True,
        ignore_case: bool | None = None,
    ) -> None:
        self.pattern = pattern
        self.problem = ""
        """Why the search gave up: the pattern takes too long for what is there."""
        self._emulator = emulator
        self._regex = compiled(pattern, regex=regex, ignore_case=ignore_case)
        self._start_anew()

    def _start_anew(self) -> None:
        emulator = self._emulator
        self._slice_rows = _FIRST_ROWS
        self._spent = 0.0
        self._world = (emulator.reflows, emulator.alternate_screen)
        self._older: list[Match] = []
        """Above where the search began, newest first."""
        self._newer: list[Match] = []
        self._changes = -1
        first = emulator.line_at(self._scrolled())[0]
        self._above = self._below = emulator.dropped + first
        """Rows above ``_above`` are to be searched yet; those from ``_below`` on may change."""
        self._next = self._below

    def _scrolled(self) -> int:
        return max(0, self._emulator.total_rows - self._emulator.rows)

    # -- working --------------------------------------------------------------------------

    def step(self, budget_seconds: float = 0.005) -> bool:
        """Search on for about so long; return whether all there is was searched."""
        if not self.pattern:
            return True
        deadline = time.perf_counter() + budget_seconds
        while not self.problem:
            done = self._timed_slice()
            if done or time.perf_counter() >= deadline:
                return done
        return True

    def _timed_slice(self) -> bool:
        """Search a slice; give the next one as many rows as can be searched without a pause."""
        rows, started = self._slice_rows, time.thread_time()
        try:
            done = self._slice()
        except OutOfPatience:
            if rows <= _FEWEST_ROWS:
                self.problem = TOO_SLOW
            self._slice_rows = _FEWEST_ROWS
            done = False
        took = time.thread_time() - started
        if took > _SLICE_SECONDS:
            self._slice_rows = max(_FEWEST_ROWS, int(self._slice_rows * _SLICE_SECONDS / took))
        elif took < _SLICE_SECONDS / 4:
            self._slice_rows = min(_SLICE_ROWS, 2 * self._slice_rows)
        self._spent = 0.0 if done else self._spent + took
        if self._spent > SEARCH_SECONDS:
            self.problem = TOO_SLOW
        return done

    def _slice(self) -> bool:
        emulator = self._emulator
        if self._world != (emulator.reflows, emulator.alternate_screen):
            self._start_anew()
        self._forget()
        if self._changes != emulator.changes:
            self._changes = emulator.changes
            self._drop_what_may_have_changed()
        if self._next < emulator.dropped + emulator.total_rows:
            self._forward()
            return False
        if self._above > emulator.dropped and not self.capped:
            self._backward()
            return False
        return True

    def _forget(self) -> None:
        """Leave out the rows that were dropped."""
        dropped = self._emulator.dropped
        while self._older and self._older[-1].row < dropped:
            self._older.pop()
        if self._newer and self._newer[0].row < dropped:
            self._newer = self._newer[bisect_left(self._newer, dropped, key=_row) :]
        self._above = max(self._above, dropped)
        self._below, self._next = max(self._below, dropped), max(self._next, dropped)

    def _drop_what_may_have_changed(self) -> None:
        del self._newer[bisect_left(self._newer, self._below, key=_row) :]
        self._next = self._below

    def _forward(self) -> None:
        emulator = self._emulator
        start = self._next - emulator.dropped
        first, last = start, min(start + self._slice_rows, emulator.total_rows) - 1
        last = min(emulator.line_at(last)[1], last + _WRAPPED_ROWS)
        if len(self._newer) < MAX_MATCHES:
            self._newer += self._found(first, last + 1)
        self._next = last + 1 + emulator.dropped
        settled = min(last + 1, self._scrolled())
        if first < settled <= last:
            # A line that ends on the screen may still change, though it begins above it.
            settled = max(first, emulator.line_at(settled)[0])
        self._below = max(self._below, settled + emulator.dropped)

    def _backward(self) -> None:
        emulator = self._emulator
        stop = self._above - emulator.dropped
        first = max(0, stop - self._slice_rows)
        first = max(emulator.line_at(first)[0], first - _WRAPPED_ROWS)
        found = list(self._found(first, stop))
        found.reverse()
        self._older += found
        self._above = first + emulator.dropped

    def _found(self, start: int, stop: int) -> Iterator[Match]:
        """Go through the matches in a range of whole lines; numbers are lasting ones."""
        lines = self._emulator.lines(start, stop)
        dropped = self._emulator.dropped
        with limited(PATIENCE_SECONDS):
            hits = list(self._hits(lines))
        for at, pieces, begin, end in hits:
            yield self._match(start + at, pieces, begin, end).moved(dropped)

    def _hits(self, lines: list[Line]) -> Iterator[tuple[int, list[str], int, int]]:
        cols = self._emulator.cols
        search = self._regex.finditer
        at, room = 0, MAX_MATCHES
        while at < len(lines):
            pieces = [lines[at].text]
            while lines[at + len(pieces) - 1].wrapped and at + len(pieces) < len(lines):
                if len(pieces[-1]) < cols and pieces[-1].isascii():
                    pieces[-1] = pieces[-1].ljust(cols)  # blanks before a wrap were printed
                pieces.append(lines[at + len(pieces)].text)
            for hit in search("".join(pieces) if len(pieces) > 1 else pieces[0]):
                if hit.end() > hit.start() and room:
                    room -= 1
                    yield at, pieces, hit.start(), hit.end()
            at += len(pieces)

    def _match(self, row: int, pieces: list[str], begin: int, end: int) -> Match:
        spans = []
        for offset, piece in enumerate(pieces):
            first, last = max(0, begin), min(len(piece), end)
            if first < last:
                spans.append(self._span(row + offset, piece, first, last))
            begin, end = begin - len(piece), end - len(piece)
        return Match(*spans[0], tuple(spans[1:]))

    def _span(self, row: int, text: str, first: int, last: int) -> tuple[int, int, int]:
        if text.isascii():
            return row, first, last
        columns = self._emulator.columns(row)
        return row, columns.of(first), columns.end(last - 1)

    # -- results --------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """How many matches were found so far."""
        return len(self._older) + len(self._newer)

    @property
    def capped(self) -> bool:
        """Whether there are more matches than are counted."""
        return self.count >= MAX_MATCHES

    @property
    def matches(self) -> list[Match]:
        """All matches found so far, from the oldest row on."""
        self._forget()
        dropped = self._emulator.dropped
        return [match.moved(-dropped) for match in (*reversed(self._older), *self._newer)]

    def between(self, start: int, stop: int) -> list[Match]:
        """The matches that begin in the rows from ``start`` up to ``stop``: what is drawn."""
        dropped = self._emulator.dropped
        low, high = start + dropped, stop + dropped
        older = self._older[
            bisect_right(self._older, -high, key=_upwards) : bisect_right(
                self._older, -low, key=_upwards
            )
        ]
        newer = self._newer[
            bisect_left(self._newer, low, key=_row) : bisect_left(self._newer, high, key=_row)
        ]
        return [match.moved(-dropped) for match in (*reversed(older), *newer)]

    def next(self, row: int) -> Match | None:
        """The first match below a row."""
        number, dropped = row + self._emulator.dropped, self._emulator.dropped
        index = bisect_left(self._older, -number, key=_upwards)
        if index > 0:
            return self._older[index - 1].moved(-dropped)
        index = bisect_right(self._newer, number, key=_row)
        return self._newer[index].moved(-dropped) if index < len(self._newer) else None

    def previous(self, row: int) -> Match | None:
        """The last match above a row."""
        number, dropped = row + self._emulator.dropped, self._emulator.dropped
        index = bisect_left(self._newer, number, key=_row) - 1
        if index >= 0:
            return self._newer[index].moved(-dropped)
        index = bisect_right(self._older, -number, key=_upwards)
        return self._older[index].moved(-dropped) if index < len(self._older) else None

    def index(self, match: Match) -> int:
        """How many matches are before one: "3 of 17" is 2 here."""
        moved = match.moved(self._emulator.dropped)
        place = (moved.row, moved.start)
        newer = bisect_left(self._newer, place, key=_place)
        older = len(self._older) - bisect_right(
            self._older, (-place[0], -place[1]), key=lambda one: (-one.row, -one.start)
        )
        return older + newer


def _row(match: Match) -> int:
    return match.row


def _upwards(match: Match) -> int:
    return -match.row


def _place(match: Match) -> tuple[int, int]:
    return match.row, match.start
