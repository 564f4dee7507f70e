"""Searching the history as one types: the pattern, what was found so far, the match that is next."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mnix_tui.errors import MnixError
from mnix_tui.terminal.search import Match, Search
from mnix_tui.ui.terminal.line_edit import LineEdit
from mnix_tui.ui.terminal.selection import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.terminal import Emulator

_STEP_SECONDS = 0.004
_AGAIN_SECONDS = 0.1
_REMEMBERED = 50


class SearchBar:
    """One view's search. ``found`` is called when there is more to show, ``go`` with a match."""

    def __init__(
        self, emulator: Emulator, found: Callable[[], None], go: Callable[[Place], None]
    ) -> None:
        self._emulator = emulator
        self._found = found
        self._go = go
        self._origin = Place(0, 0)
        self._search: Search | None = None
        self._turn: asyncio.Handle | None = None
        self._before: list[str] = []
        self._recalled = 0
        self._jumping = False
        self.edit: LineEdit | None = None
        """The pattern while it is typed."""
        self.forward = True
        self.current: Match | None = None
        self._current_shift = 0
        self.problem = ""
        self.done = True
        self._saved: tuple[Search | None, bool, Match | None, int] = (None, True, None, 0)

    # -- typing ---------------------------------------------------------------------------

    def open(self, origin: Place, *, forward: bool) -> None:
        """Begin to type a pattern; matches are looked for from here."""
        self._saved = (self._search, self.forward, self.current, self._current_shift)
        self.edit, self.forward, self._origin = LineEdit(), forward, origin
        self._recalled = 0
        self.problem = ""

    def key(self, key: str, character: str | None) -> None:
        """Take a key while a pattern is typed."""
        edit = self.edit
        assert edit is not None
        before = edit.text
        if key == "enter":
            self._accept()
        elif key in ("escape", "ctrl+c") or (key == "backspace" and not before):
            self._cancel()
        elif key in ("up", "down"):
            self._recall(1 if key == "up" else -1)
        else:
            edit.key(key, character)
        if edit.text != before:
            self._start(edit.text)

    def paste(self, text: str) -> None:
        """Paste into the pattern."""
        if self.edit is not None:
            self.edit.insert(text)
            self._start(self.edit.text)

    def _cancel(self) -> None:
        """Go back to where the search began, and to what was searched for before."""
        self.edit = None
        self.stop()
        self._search, self.forward, self.current, self._current_shift = self._saved
        self.changed()
        self._go(self._origin)

    def _accept(self) -> None:
        assert self.edit is not None
        text, self.edit = self.edit.text, None
        if text:
            self._before = [text, *(one for one in self._before if one != text)][:_REMEMBERED]
        elif self._before:
            self._start(self._before[0])

    def _recall(self, step: int) -> None:
        assert self.edit is not None
        self._recalled = max(0, min(self._recalled + step, len(self._before)))
        self.edit.replace(self._before[self._recalled - 1] if self._recalled else "")

    # -- searching ------------------------------------------------------------------------

    def _start(self, pattern: str) -> None:
        self.stop()
        if not pattern:
            self._go(self._origin)
            return
        try:
            self._search = Search(self._emulator, pattern)
        except MnixError as error:
            self.problem = error.detail or error.title
            self._found()
            return
        self._jumping = True
        self._work()

    def stop(self) -> None:
        """Forget the pattern and its matches."""
        self._search = self.current = None
        self.problem, self.done, self._jumping = "", True, False
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None

    def changed(self) -> None:
        """Search on: there was output."""
        if self._search is not None and self._turn is None:
            self._turn = asyncio.get_running_loop().call_later(_AGAIN_SECONDS, self._work)

    def _work(self) -> None:
        self._turn = None
        search = self._search
        if search is None:
            return
        self.done = search.step(_STEP_SECONDS)
        self.problem = search.problem
        if self._jumping:
            self._jump(self._origin, self.forward, final=self.done)
        if not self.done:
            self._turn = asyncio.get_running_loop().call_soon(self._work)
        self._found()

    def _jump(self, origin: Place, forward: bool, *, final: bool) -> None:
        match = self._nearest(origin, forward)
        if match is None and final:
            match = self._wrapped(forward)
        if match is None:
            return
        self._jumping = False
        self.current, self._current_shift = match, self._emulator.dropped
        self._go(self.place(match))

    def move(self, origin: Place, *, same: bool) -> None:
        """Go to the next match in the search's direction, or against it; around the end too."""
        if self._search is None and self._before:
            self._origin = origin
            self._start(self._before[0])
        elif self._search is not None:
            self._jump(origin, self.forward == same, final=True)

    def place(self, match: Match) -> Place:
        """Return where a match begins."""
        return Place(match.row + self._emulator.dropped, match.start)

    def _nearest(self, origin: Place, forward: bool) -> Match | None:
        assert self._search is not None
        row = origin.row - self._emulator.dropped
        here = self._search.between(row, row + 1)
        if forward:
            after = [match for match in here if match.start > origin.column]
            return after[0] if after else self._search.next(row)
        earlier = [match for match in here if match.start < origin.column]
        return earlier[-1] if earlier else self._search.previous(row)

    def _wrapped(self, forward: bool) -> Match | None:
        assert self._search is not None
        return (
            self._search.next(-1) if forward else self._search.previous(self._emulator.total_rows)
        )

    # -- showing --------------------------------------------------------------------------

    def visible(self, top: int, height: int) -> list[Match]:
        """Return the matches in sight, from one absolute row on; wrapped ones from above too."""
        return self._search.between(max(0, top - 20), top + height) if self._search else []

    def is_current(self, match: Match) -> bool:
        """Whether this is the match that was gone to."""
        if self.current is None:
            return False
        shift = self._emulator.dropped - self._current_shift
        return match == self.current.moved(-shift)

    def status(self) -> str:
        """Return "3 of 128", or why there is nothing."""
        if self.problem:
            return self.problem
        if self._search is None:
            return ""
        count = self._search.count
        if not count:
            return "no match" if self.done else "searching…"
        more = "+" if self._search.capped or not self.done else ""
        if self.current is None:
            return f"{count:,}{more} matches"
        shift = self._emulator.dropped - self._current_shift
        return f"{self._search.index(self.current.moved(-shift)) + 1:,} of {count:,}{more}"
