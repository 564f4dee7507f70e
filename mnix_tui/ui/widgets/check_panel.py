"""The checks of a server, one a line, and below them what is known of the one that is chosen."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual import on
from textual.containers import Vertical, VerticalScroll
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from mnix_tui.domain.checks import shown
from mnix_tui.ui import check_words
from mnix_tui.ui.dialogs.choosing import Choosing

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.timer import Timer

    from mnix_tui.domain.checks import Check

BEAT = 0.5
"""Seconds after which the time of a check that runs is drawn anew."""


class CheckPanel(Vertical):
    """Follows what is being tried until somebody chooses a line; ``show`` gives it the checks."""

    def __init__(
        self,
        id: str | None = None,  # noqa: A002
        *,
        copy: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(id=id, classes="checks")
        self._copy = copy
        self._clock = clock
        self._checks: tuple[Check, ...] = ()
        self._began: dict[str, float] = {}
        self._follows = True
        self._beat: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay out the list above what is known of one line."""
        yield Choosing(markup=False, compact=True)
        with VerticalScroll(classes="check-about", can_focus=False):
            yield Static(classes="check-text")

    @property
    def chosen(self) -> Check | None:
        """The check that is looked at."""
        at, listed = self.query_one(Choosing).highlighted, shown(self._checks)
        return listed[at] if at is not None and at < len(listed) else None

    def copy_fix(self) -> None:
        """Copy the command that mends what is looked at, if there is one."""
        if self.chosen is not None and self.chosen.fix:
            self.app.copy_to_clipboard(self.chosen.fix)
            said = check_words.copied(self.chosen.fix_on)
            self.app.notify(said, timeout=2, markup=False)

    def begin(self) -> None:
        """Forget what was shown: everything is tried again."""
        self._checks, self._began, self._follows = (), {}, True

    def show(self, checks: tuple[Check, ...]) -> None:
        """Show the checks as they stand."""
        now = self._clock()
        running = {check.key for check in checks if check.state == "running"}
        self._began = {key: self._began.get(key, now) for key in running}
        self._checks = checks
        self._draw()
        if running and self._beat is None:
            self._beat = self.set_interval(BEAT, self._draw)
        elif not running and self._beat is not None:
            self._beat.stop()
            self._beat = None

    def on_resize(self) -> None:
        """Lay the lines out anew."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        table, now = self.query_one(Choosing), self._clock()
        listed, left = shown(self._checks), check_words.untried(self._checks)
        lines = [
            Option(check_words.line(check, table.room, now - self._began.get(check.key, now)))
            for check in listed
        ]
        table.lay([*lines, Option(left, disabled=True)] if left else lines)
        self.set_class(len(lines) < len(self._checks), "-short")  # more room for what failed
        if self._follows and listed:
            with self.prevent(OptionList.OptionHighlighted):
                table.highlighted = check_words.leading(listed)
        self._about()

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        self._follows = False
        self._about()

    def _about(self) -> None:
        room = self.query_one(Choosing).room
        said = check_words.about(self.chosen, copy=self._copy, room=room)
        self.query_one(".check-text", Static).update(said)
