"""What becomes of rebuilds while nobody looks at them: marks, toasts, and the outer terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mnix_tui.errors import MnixError
from mnix_tui.ui import words
from mnix_tui.ui.outer_notice import TellsOutside
from mnix_tui.ui.screens.shell_events import ShellEvents

if TYPE_CHECKING:
    from textual.timer import Timer

    from mnix_tui.fleet import FleetSnapshot
    from mnix_tui.ui.build_news import Ended

GATHERED = 0.5
"""Seconds in which rebuilds that end are told together."""
APART = 5.0
"""Seconds between two times that the outer terminal is told."""
ASKED = 2
"""Failed rebuilds, at most, that are asked why before they are told together."""


class BuildEvents(ShellEvents):
    """Watches rebuilds end."""

    notify_after = 30.0
    """Seconds that a rebuild must have taken for its end to be told aloud; 0: never."""
    _aloud: list[Ended]
    _quietly: list[Ended]
    _telling: Timer | None = None
    _told_outer = -APART

    def builds_changed(self, before: FleetSnapshot, after: FleetSnapshot) -> None:
        """Take note of the rebuilds that began or ended between two snapshots."""
        from mnix_tui.ui import build_news  # there is none before the first paint

        for project in build_news.started(before, after):
            self._forget_builds(project)
        for one in build_news.ended(before, after):
            self._ended(one)

    def _forget_builds(self, project: str) -> None:
        """Take the marks off what a newer rebuild makes old news of."""
        for job_id in list(self.model.marks.all()):
            job = self.model.job(job_id)
            if job is not None and job.kind == "rebuild" and job.project_id == project:
                self.model.marks.drop(job_id)

    def _ended(self, one: Ended) -> None:
        tone = "good" if one.ok else "busy" if one.cancelled else "bad"
        self.activity.add(one.key, tone, one.result, words.took(one.seconds))
        self.model.job(one.job.id)
        in_sight = one.job.id in self.detail.in_sight
        if not in_sight and not one.cancelled:
            self.model.marks.built(one.job.id, one.ok)
        long = 0 < self.notify_after < one.seconds
        if long and not self._watched(one.job.id):
            self._gather(one, aloud=True)
        elif not (in_sight or one.ok or one.cancelled):
            self._gather(one, aloud=False)

    def _watched(self, job: str) -> bool:
        """Say whether somebody has the keyboard in a job's tab, and the terminal has the focus."""
        if self.detail.job != job or self.app.screen is not self or not self.app.app_focus:
            return False
        return bool(self.detail.pane.has_focus_within)

    def _gather(self, one: Ended, *, aloud: bool) -> None:
        if self._telling is None:
            self._aloud, self._quietly = [], []
            wait = max(GATHERED, self._told_outer + APART - self.clock()) if aloud else GATHERED
            self._telling = self.set_timer(min(wait, APART), self._tell_builds)
        (self._aloud if aloud else self._quietly).append(one)

    def _tell_builds(self) -> None:
        from mnix_tui.ui import build_news

        self._telling = None
        each = [*self._aloud, *self._quietly]
        if sum(not one.ok for one in each) <= ASKED:
            each = [self._with_reason(one) for one in each]
        for one in build_news.told(each):
            self.notify(
                one.body,
                title=one.title,
                severity="error" if one.bad else "information",
                timeout=10,
                markup=False,
            )
        if self._aloud:
            self._told_outer = self.clock()
            news = build_news.headline(build_news.told(each[: len(self._aloud)]))
            self.app.bell()
            if isinstance(self.app, TellsOutside):
                self.app.tell_outside(news.title, news.body)

    def _with_reason(self, one: Ended) -> Ended:
        """Add what went wrong, as far as the log that was followed tells."""
        if one.ok or one.cancelled:
            return one
        try:
            watch = self.bench.watch_build(one.view.project, one.job)
        except MnixError:
            return one
        why = next((problem.title for problem in watch.build.problems), "")
        return replace(one, why=words.fit(words.plain(why or one.job.reason), 100))
