"""A command's output as it comes; a rebuild has a pane of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from mnix_tui.ui import words
from mnix_tui.ui.about import result
from mnix_tui.ui.output import Output
from mnix_tui.ui.problems import problem
from mnix_tui.ui.widgets.log_panel import LogPanel
from mnix_tui.ui.widgets.log_view import LogLine, LogView

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mnix_tui.domain.jobs import Job

Source = Callable[[], AsyncIterator[bytes]]
"""Opens the job's log: all of it, then what follows."""


class JobPane(Vertical):
    """Streams one job's log; its last line says how it ended."""

    @dataclass
    class Arrived(Message):
        """More of the log is here."""

        lines: list[LogLine]

    @dataclass
    class Ended(Message):
        """There is no more of the log, or it could not be read."""

        error: BaseException | None = None

    def __init__(self, job: Job, source: Source, *, clock: Callable[[], float]) -> None:
        super().__init__(classes="job-pane")
        self.job = job
        self._source = source
        self._clock = clock
        self._error: BaseException | None = None
        self._begun = False

    def compose(self) -> ComposeResult:
        """Lay out the line that says what this is above the log."""
        yield Static(classes="job-head")
        yield LogPanel()
        yield Static(classes="job-result")

    def on_mount(self) -> None:
        """Begin to read."""
        self._begun = True
        self._draw()
        self.run_worker(self._read(), group="job-log", exclusive=True, exit_on_error=False)

    async def _read(self) -> None:
        lines = Output()
        try:
            async for chunk in self._source():
                if new := lines.feed(chunk):
                    self.post_message(self.Arrived(new))
            if new := lines.end():
                self.post_message(self.Arrived(new))
        except Exception as error:
            self.post_message(self.Ended(error))
        else:
            self.post_message(self.Ended())

    def show(self, job: Job) -> None:
        """Show what is known of the job now."""
        if job != self.job:
            self.job = job
            if self._begun:  # else it is drawn as soon as it is laid out
                self._draw()

    def focus_main(self) -> None:
        """Put the keyboard into the log."""
        if self._begun:
            self.query_one(LogView).focus()

    @on(Arrived)
    def _arrived(self, event: Arrived) -> None:
        event.stop()
        self.query_one(LogPanel).extend(event.lines)

    @on(Ended)
    def _ended(self, event: Ended) -> None:
        event.stop()
        self._error = event.error
        self._draw()

    @on(LogView.FollowChanged)
    @on(LogView.WrapChanged)
    def _view_changed(self, event: Message) -> None:
        event.stop()
        self._draw()

    def _draw(self) -> None:
        job, quiet = self.job, "$foreground-muted"
        view = self.query_one(LogView)
        state = "following" if view.following else "paused · f follows"
        when = words.ago(job.started, self._clock())
        head = Content.styled(f"{words.plain(job.title) or 'Command'} started {when}", quiet)
        if job.live:
            tone = "$accent" if view.following else "$warning"
            head += Content.assemble(("  ·  ", quiet), (state, tone))
        if not view.wrapped:
            head += Content.styled("  ·  not wrapped", quiet)
        self.query_one(".job-head", Static).update(head)
        self._draw_result()

    def _draw_result(self) -> None:
        widget = self.query_one(".job-result", Static)
        job = self.job
        if self._error is not None:
            shown = problem(self._error)
            text = f"✕ The log can't be read: {shown.line}"
            widget.update(Content.styled(text, "$error"))
        elif not job.live:
            length = f" in {words.took(job.ended - job.started)}" if job.ended else ""
            good = job.exit_code == 0
            text = f"{'●' if good else '✕'} {result(job)}{length}"
            widget.update(Content.styled(text, "$success" if good else "$error"))
        widget.display = self._error is not None or not job.live
