"""The log of a rebuild's tab: a line that says what is shown, the lines, and reading all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static

from mnix_tui.ui.panes.build_reading import Reading
from mnix_tui.ui.panes.build_standing import Facts, log_title
from mnix_tui.ui.problems import problem
from mnix_tui.ui.widgets.log_panel import LogPanel
from mnix_tui.ui.widgets.log_view import LogLine, LogView

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from textual.app import ComposeResult
    from textual.content import Content

    from mnix_tui.fleet import BuildWatch
    from mnix_tui.nixlog import Line


class BuildLog(Vertical):
    """Shows everything as it comes, or one node's lines; ``read_all`` has the server's log read."""

    @dataclass
    class WholeRead(Message):
        """Lines of the whole log of a node."""

        key: str
        lines: list[Line]

    @dataclass
    class WholeEnded(Message):
        """There is no more of a node's log, or it could not be read."""

        key: str
        error: BaseException | None = None

    def __init__(self, whole: Callable[[str], AsyncIterator[list[Line]]]) -> None:
        """``whole`` gives all lines of a node, or of everything for "", from the server."""
        super().__init__(classes="build-log")
        self._whole = whole
        self._reading: Reading | None = None
        self._facts: Facts | None = None
        self._full = False
        self._title: Content | None = None
        self._to_error = False
        self.panel = LogPanel(present=self._present)

    def compose(self) -> ComposeResult:
        """Lay out the title above the lines."""
        yield Static(classes="log-title", markup=False)
        yield self.panel

    def _present(self, line: Line) -> LogLine:
        assert self._reading is not None
        return self._reading.present(line)

    @property
    def key(self) -> str:
        """The node whose log is shown; "" for everything."""
        return self._reading.key if self._reading is not None else ""

    def attach(self, watch: BuildWatch | None) -> None:
        """Show the log of another watch, or nothing any more."""
        self.workers.cancel_group(self, "whole-log")
        self.panel.clear()
        self._reading = Reading(self.panel, watch) if watch is not None else None

    def show(self, facts: Facts, *, full: bool) -> None:
        """Take over new lines, and say what is shown; ``full``: it has all the room."""
        self._facts, self._full = facts, full
        self._pull()

    def turn_to(self, key: str) -> None:
        """Show what is at hand of a node, or of everything."""
        if self._reading is not None and key != self._reading.key:
            self.workers.cancel_group(self, "whole-log")
            self._reading.turn_to(key)
            self._pull()

    def read_all(self, *, at_error: bool) -> None:
        """Have the whole log of what is shown read, as far as it is not at hand."""
        reading = self._reading
        if reading is None:
            return
        self._to_error = at_error
        if not reading.complete:
            reading.begin()
            self.run_worker(
                self._read(reading.key), group="whole-log", exclusive=True, exit_on_error=False
            )
        elif at_error:
            self.call_after_refresh(self._go_to_error)

    def _pull(self) -> None:
        """Take over new lines, a slice at a time."""
        if self._reading is not None and self._reading.take():
            self.call_later(self._pull)
        self._entitle()

    def _entitle(self) -> None:
        if self._facts is None:
            return
        title = log_title(self._reading, self.panel.view, self._facts, full=self._full)
        if title != self._title:
            self._title = title
            self.query_one(".log-title", Static).update(title, layout=False)

    @on(LogView.FollowChanged)
    @on(LogView.WrapChanged)
    def _view_changed(self, event: Message) -> None:
        event.stop()
        self._entitle()

    def _go_to_error(self) -> None:
        self._to_error = False
        if self._reading is not None:
            self._reading.go_to_error()

    async def _read(self, key: str) -> None:
        try:
            async for lines in self._whole(key):
                self.post_message(self.WholeRead(key, lines))
        except Exception as error:
            self.post_message(self.WholeEnded(key, error))
        else:
            self.post_message(self.WholeEnded(key))

    @on(WholeRead)
    def _whole_read(self, event: WholeRead) -> None:
        event.stop()
        if self._reading is not None and self._reading.whole and self._reading.key == event.key:
            self._reading.add(event.lines)
            self._entitle()

    @on(WholeEnded)
    def _whole_ended(self, event: WholeEnded) -> None:
        event.stop()
        reading = self._reading
        if reading is None or reading.key != event.key:
            return
        reading.stop()
        if event.error is not None:
            self.notify(
                problem(event.error).line,
                title="The whole log can't be read now",
                severity="warning",
                markup=False,
            )
        if self._to_error:
            self._go_to_error()
        self._entitle()
