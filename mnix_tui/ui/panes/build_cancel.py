"""Cancelling a rebuild: one question, then what becomes of it, in a line above the tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from mnix_tui.ui import words
from mnix_tui.ui.problems import problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.timer import Timer

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project
    from mnix_tui.ui.workbench.port import Workbench

ASKS = 10.0
"""Seconds that the question stands."""
LONG = 5.0
"""Seconds after which it is told what still runs."""


class CancelStrip(Static):
    """Is hidden until somebody wants to cancel."""

    ALLOW_SELECT = False

    @dataclass
    class Told(Message):
        """The server answered."""

        job: Job | None
        error: BaseException | None = None

    @dataclass
    class Changed(Message):
        """There is something else to tell."""

    def __init__(self, bench: Workbench, project: Project, job: Job) -> None:
        super().__init__(classes="build-strip")
        self._bench = bench
        self._project = project
        self._job = job
        self._timer: Timer | None = None
        self.asking = False
        self.ending = False
        """The server was told, and has not answered yet."""
        self.running = ""
        """What still runs, as the log has it."""
        self.display = False

    def show(self, job: Job) -> None:
        """Take over what is known of the job: once it has ended, there is nothing to tell here."""
        self._job = job
        if not job.live:
            self._over()

    def press(self) -> None:
        """Ask; the second time, do it."""
        if self.asking:
            self.action_confirm()
        elif not self.ending:
            self.asking = True
            self._wait(ASKS, self.action_keep)
            self._say(
                "Cancel this rebuild?   [@click=confirm]x: yes, end it[/]   [@click=keep]esc: no[/]"
            )

    def action_keep(self) -> None:
        """Let the rebuild run."""
        if self.asking:
            self._over()

    def action_confirm(self) -> None:
        """Tell the server to end it."""
        if not self.asking:
            return
        self.asking, self.ending = False, True
        self._say("Ending…")
        self._wait(LONG, self._still)
        self.run_worker(self._kill(), group="cancel-build", exclusive=True, exit_on_error=False)
        self.post_message(self.Changed())

    async def _kill(self) -> None:
        try:
            job = await self._bench.kill(self._project, self._job)
        except Exception as error:
            self.post_message(self.Told(None, error))
        else:
            self.post_message(self.Told(job))

    def _still(self) -> None:
        if self.ending:
            what = f": {words.plain(self.running)} runs yet" if self.running else ""
            self._say(Content(f"Still ending{what}"))

    @on(Told)
    def _told(self, event: Told) -> None:
        event.stop()
        self._over()
        if event.error is not None:
            shown = problem(event.error)
            hint = f" → {words.plain(shown.hint)}" if shown.hint else ""
            self._say(Content(f"{shown.line}{hint}"))
        elif event.job is not None and event.job.live:
            why = words.plain(event.job.reason)
            self._say(Content("It was told to end, and runs yet" + (f": {why}" if why else "")))
        self.post_message(self.Changed())

    def _over(self) -> None:
        self.asking = self.ending = False
        self._wait(0, None)
        self.display = False

    def _say(self, text: str | Content) -> None:
        self.update(Content.from_markup(text) if isinstance(text, str) else text)
        self.display = True

    def _wait(self, seconds: float, then: Callable[[], None] | None) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(seconds, then) if then is not None else None
