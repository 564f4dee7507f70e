"""A screen that does work in the background and tells what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual import on
from textual.screen import Screen

from mnix_tui.ui.activity import Activity
from mnix_tui.ui.problems import problem, wants_dialog
from mnix_tui.ui.typeahead import HoldsKeys
from mnix_tui.ui.widgets.work_bar import WorkBar
from mnix_tui.ui.work import VISIBLE_AFTER, Failed, Finished, Progressed, Work, begin

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mnix_tui.ui.workbench.port import Progress, Workbench


class WorkScreen(Screen[None]):
    """Keeps the list of what is being done; its handlers are the only ones to touch widgets."""

    def __init__(self, bench: Workbench, clock: Callable[[], float]) -> None:
        super().__init__()
        self.bench = bench
        self.clock = clock
        self.activity = Activity(clock)
        self._works: list[Work] = []

    @property
    def works(self) -> tuple[Work, ...]:
        """What is being done now."""
        return tuple(self._works)

    def begin(
        self,
        title: str,
        subject: str,
        job: Callable[[Progress], Awaitable[Any]],
        *,
        then: Callable[[Any], None] | None = None,
        done: str = "",
        failed: Callable[[BaseException], bool] | None = None,
        lane: str = "",
    ) -> None:
        """Do ``job`` in the background; a second one for the same subject and ``lane`` waits for
        nobody: it is refused. ``failed`` may deal with an error; it says whether it did."""
        same = (work for work in self._works if (work.subject, work.lane) == (subject, lane))
        if busy := next(same, None):
            self.notify(f"Still busy: {busy.title}", severity="warning", markup=False)
            return
        group = f"work:{subject}:{lane}"
        work = Work(title, subject, group, done, failed=failed, lane=lane)
        self._works.append(work)
        self.activity.add(subject, "idle", title)
        begin(self, work, job, then)
        self.set_timer(VISIBLE_AFTER, lambda: self._reveal(work))

    def action_cancel_work(self) -> None:
        """Cancel the newest work."""
        if self._works and (worker := self._works[-1].worker):
            worker.cancel()

    def hold_keys(self) -> None:
        """What is typed from now on is for what is being opened."""
        if isinstance(self.app, HoldsKeys):
            self.app.hold_keys()

    def tell(self, subject: str, error: BaseException, doing: str = "") -> None:
        """Note a failure, and show it: as a toast, or as a dialog where it must be read."""
        if isinstance(self.app, HoldsKeys):
            self.app.drop_keys()
        shown = problem(error)
        text = f"{doing}: {shown.title}" if doing else shown.title
        detail = "\n".join(part for part in (shown.detail, shown.hint) if part)
        self.activity.add(subject, "bad", text, detail)
        if wants_dialog(error):
            from mnix_tui.ui.dialogs.problem import ProblemDialog

            self.app.push_screen(ProblemDialog(shown))
            return
        self.app.notify(
            "\n".join(part for part in (shown.detail, shown.hint and f"→ {shown.hint}") if part)
            or "See the Log tab.",
            title=shown.title,
            severity="warning" if shown.severity == "warning" else "error",
            timeout=10,
            markup=False,
        )

    def _reveal(self, work: Work) -> None:
        if work in self._works:
            work.visible = True
            self._show_works()

    def _show_works(self) -> None:
        self.query_one(WorkBar).show([work for work in self._works if work.visible])

    def _drop(self, work: Work) -> None:
        if work in self._works:
            self._works.remove(work)
        self._show_works()

    @on(Progressed)
    def _progressed(self, event: Progressed) -> None:
        event.stop()
        event.work.doing, event.work.done, event.work.total = event.doing, event.done, event.total
        if event.work.visible:
            self._show_works()

    @on(Finished)
    def _finished(self, event: Finished) -> None:
        event.stop()
        self._drop(event.work)
        if event.work.done_text:
            self.activity.add(event.work.subject, "good", event.work.done_text)
        if event.then is not None:
            event.then(event.result)

    @on(Failed)
    def _failed(self, event: Failed) -> None:
        event.stop()
        self._drop(event.work)
        if event.error is None:
            text = f"{event.work.title}: cancelled"
            self.activity.add(event.work.subject, "busy", text)
            self.notify(text, timeout=3, markup=False)
        elif event.work.failed is None or not event.work.failed(event.error):
            self.tell(event.work.subject, event.error, event.work.title)
