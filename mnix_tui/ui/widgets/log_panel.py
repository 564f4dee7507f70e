"""A log with a field to search in it; the field and what was found stand below the lines."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from mnix_tui.errors import MnixError
from mnix_tui.ui import keys
from mnix_tui.ui.widgets.log_view import LogLine, LogView

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from mnix_tui.ui.widgets.log_search import Match

_AGAIN_SECONDS = 0.1


class SearchField(Input):
    """The pattern while it is typed: no key of the screen's gets in between."""

    takes_every_key = True


class LogPanel(Vertical):
    """Shows lines, searches in them as one types, and goes from match to match."""

    BINDINGS: ClassVar[list[BindingType]] = list(keys.SEARCH)
    claims_keys = True

    def __init__(
        self,
        *,
        present: Callable[[Any], LogLine] = lambda line: line,
        classes: str = "",
    ) -> None:
        super().__init__(classes=f"log-panel {classes}")
        self.view = LogView(present=present)
        self._field = SearchField(placeholder="search: a word, or a regular expression")
        self._told = Static(classes="log-found")
        self._row = Horizontal(
            Static("/", classes="log-slash"), self._field, self._told, classes="log-search"
        )
        self._row.display = False
        self._turn: asyncio.Handle | None = None
        self._problem = ""
        self._jumping = False
        self._shown = 0.0
        self._origin: tuple[int, int, bool] = (0, 0, True)
        self._before = ""

    def compose(self) -> ComposeResult:
        """Lay out the lines above the field."""
        yield self.view
        yield self._row

    def extend(self, lines: Sequence[Any]) -> None:
        """Add lines at the end, and search in them too."""
        self.view.extend(lines)
        if self.view.search is not None and self._turn is None and lines:
            self._turn = asyncio.get_running_loop().call_later(_AGAIN_SECONDS, self._work)

    def clear(self) -> None:
        """Forget all lines; what is searched for stays."""
        self.view.clear()
        self.view.match = None

    @property
    def typing(self) -> bool:
        """Whether a pattern is being typed."""
        return self._field.has_focus

    # -- typing

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say whether a key means something now: without a pattern there is no next match."""
        if action in ("match", "end_search"):
            return self._row.display
        return True

    def action_search(self) -> None:
        """Type what to look for."""
        self._origin = (self.view.top, 0, self.view.following)
        self._row.display = True
        self._field.value = ""
        # At once: what is typed right behind the key is the pattern.
        self.screen.set_focus(self._field)
        self.refresh_bindings()

    def action_end_search(self) -> None:
        """Stop searching; while typing, go back to where it began."""
        typing = self.typing
        self._stop()
        self._row.display = False
        if typing:
            top, _, following = self._origin
            self.view.following = following
            self.view.show_top(top)
        self.screen.set_focus(self.view)
        self.refresh_bindings()

    @on(Input.Changed)
    def _pattern_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._row.display:
            self._start(event.value)

    @on(Input.Submitted)
    def _pattern_accepted(self, event: Input.Submitted) -> None:
        event.stop()
        if not event.value and self._before:
            self._field.value = self._before  # an empty one means the last one, as in less
        self._before = self._field.value
        if self._before:
            self.screen.set_focus(self.view)
        else:
            self.action_end_search()

    # -- searching

    def _start(self, pattern: str) -> None:
        if self.view.search is not None and pattern == self.view.search.pattern:
            return
        self._stop()
        if pattern:
            from mnix_tui.ui.widgets.log_search import LogSearch  # not before the first paint

            try:
                self.view.search = LogSearch(pattern, self.view.kept.plain)
            except MnixError as error:
                self._problem = error.detail or error.title
            else:
                self._jumping = True
                self._work()
        self._tell()

    def _stop(self) -> None:
        self.view.search = self.view.match = None
        self._problem, self._jumping = "", False
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        self.view.refresh()

    def _work(self) -> None:
        """Search a slice on; the loop has its turn before the next one."""
        self._turn = None
        search, kept = self.view.search, self.view.kept
        if search is None:
            return
        counted = search.count
        done = search.step(kept.first, kept.end)
        found = search.after(self._origin[0]) if self._jumping else None
        if found is not None and (done or found.line >= self._origin[0]):
            self._jumping = False
            self._go(found)
        if not done:
            self._turn = asyncio.get_running_loop().call_soon(self._work)
        now = time.monotonic()
        if done or (search.count != counted and now - self._shown > _AGAIN_SECONDS):
            self._shown = now
            self.view.refresh()
            self._tell(searching=not done)

    def action_match(self, step: int) -> None:
        """Go to the next match, or the one before; around the end too."""
        search, here = self.view.search, self.view.match
        if search is None:
            return
        place = (here.line, here.start) if here is not None else (self.view.top, -1)
        found = search.after(*place) if step > 0 else search.before(*place)
        if found is not None:
            self._go(found)

    def _go(self, match: Match) -> None:
        self.view.match = match
        self.view.show_line(match.line, match.start)
        self._tell()

    def _tell(self, *, searching: bool = False) -> None:
        search = self.view.search
        bad = bool(self._problem)
        if search is None:
            text = self._problem
        elif search.problem:
            text, bad = search.problem, True
        elif not search.count:
            text, bad = ("searching…", False) if searching else ("no match", True)
        else:
            more = "+" if search.capped or searching else ""
            at = f"{search.index(self.view.match) + 1:,} of " if self.view.match else ""
            text = f"{at}{search.count:,}{more}"
        self._told.update(Content.styled(text, "$error" if bad else "$foreground-muted"))
