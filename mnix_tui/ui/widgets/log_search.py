"""Searching a log's lines, a slice at a time, and on as lines are added. No widgets."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from mnix_tui.terminal.patience import OutOfPatience, limited
from mnix_tui.terminal.search import PATIENCE_SECONDS, SEARCH_SECONDS, TOO_SLOW, compiled

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_MATCHES = 50_000
"""More are not counted: ``capped`` tells."""
_MOST_LINES, _FIRST_LINES = 1000, 50
"""Lines of one slice; a slow pattern gets smaller ones."""
_MOST_HITS = 1000
"""Matches of one slice."""
_SLICE_SECONDS = 0.002


class Match(NamedTuple):
    """Where a pattern was found: a line's number, and the characters in it."""

    line: int
    start: int
    end: int


class LogSearch:
    """A search in lines with lasting numbers. Call ``step`` until it is done, and on new lines."""

    def __init__(self, pattern: str, plain: Callable[[int], str]) -> None:
        self.pattern = pattern
        self.problem = ""
        """Why it gave up: the pattern takes too long for what is there."""
        self._regex = compiled(pattern)
        self._plain = plain
        self._matches: list[Match] = []
        self._next = 0
        self._lines = _FIRST_LINES
        self._spent = 0.0
        self._failed = 0

    def step(self, first: int, end: int, budget: float = 0.004) -> bool:
        """Search on in the lines from ``first`` up to ``end``; return whether all were searched."""
        self._forget(first)
        deadline = time.perf_counter() + budget
        while self._next < end and not self.problem and not self.capped:
            self._slice(min(self._next + self._lines, end))
            if time.perf_counter() >= deadline:
                break
        done = self._next >= end or bool(self.problem) or self.capped
        if done:
            self._spent = 0.0
        return done

    def _forget(self, first: int) -> None:
        self._next = max(self._next, first)
        if self._matches and self._matches[0].line < first:
            del self._matches[: bisect_left(self._matches, (first, 0, 0))]

    def _slice(self, stop: int) -> None:
        started = time.thread_time()
        search, plain, found = self._regex.finditer, self._plain, self._matches
        try:
            with limited(PATIENCE_SECONDS):
                enough = len(found) + _MOST_HITS
                while self._next < stop and len(found) < enough:
                    hits = [
                        Match(self._next, hit.start(), hit.end())
                        for hit in search(plain(self._next))
                        if hit.end() > hit.start()
                    ]
                    found += hits
                    self._next += 1
        except OutOfPatience:
            del found[bisect_left(found, (self._next, 0, 0)) :]
            # Once it may have been the collector's turn; of a single line, twice, it is the pattern.
            self._failed += self._lines <= 1
            if self._failed > 1:
                self.problem = TOO_SLOW
            self._lines = 1
            return
        self._failed = 0
        took = time.thread_time() - started
        if took > _SLICE_SECONDS:
            self._lines = max(1, int(self._lines * _SLICE_SECONDS / took))
        elif took < _SLICE_SECONDS / 4:
            self._lines = min(_MOST_LINES, 2 * self._lines)
        self._spent += took
        if self._spent > SEARCH_SECONDS:
            self.problem = TOO_SLOW

    # -- results

    @property
    def count(self) -> int:
        """How many matches were found so far."""
        return len(self._matches)

    @property
    def capped(self) -> bool:
        """Whether there may be more matches than are counted."""
        return len(self._matches) >= MAX_MATCHES

    def in_line(self, number: int) -> list[Match]:
        """Return the matches in one line."""
        low = bisect_left(self._matches, (number, 0, 0))
        return self._matches[low : bisect_left(self._matches, (number + 1, 0, 0), low)]

    def after(self, line: int, start: int = -1) -> Match | None:
        """Return the first match behind a place, from the start where there is none; or ``None``."""
        if not self._matches:
            return None
        at = bisect_right(self._matches, (line, start, 1 << 30))
        return self._matches[at] if at < len(self._matches) else self._matches[0]

    def before(self, line: int, start: int) -> Match | None:
        """Return the last match before a place, from the end where there is none; or ``None``."""
        if not self._matches:
            return None
        return self._matches[bisect_left(self._matches, (line, start, 0)) - 1]

    def index(self, match: Match) -> int:
        """Return how many matches are before one."""
        return bisect_left(self._matches, match)
