"""Telling all marked projects the same: one question, one line of progress, one result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.errors import MnixError, UsageError
from mnix_tui.ui.screens.work_screen import WorkScreen

if TYPE_CHECKING:
    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.ui.bulk_words import Told
    from mnix_tui.ui.fleet_index import Index
    from mnix_tui.ui.workbench.port import Progress
    from mnix_tui.ui.workbench.server_port import Outcome, Verb

LANE = "bulk"


class BulkActions(WorkScreen):
    """The verbs that several projects can be told."""

    def marked(self) -> list[ProjectView]:
        """Return the marked projects."""
        raise NotImplementedError

    def mark_only(self, keys: set[str]) -> None:
        """Mark these projects and no others."""
        raise NotImplementedError

    def fleet_index(self) -> Index:
        """Return what is known now."""
        raise NotImplementedError

    def tell_marked(self, verb: Verb) -> bool:
        """Ask, and tell all marked projects; say whether there are any."""
        views = self.marked()
        if not views:
            return False
        from mnix_tui.ui import bulk_words
        from mnix_tui.ui.dialogs.confirm import ConfirmDialog

        told = bulk_words.sort_out(verb, views, self.fleet_index())
        if not told.views:
            why = bulk_words.nothing(told)
            self.tell("", UsageError(f"There is nothing to {verb}", why, "escape takes marks off"))
            return True

        def answered(yes: bool | None) -> None:
            if yes:
                self._tell(told)

        self.app.push_screen(ConfirmDialog(bulk_words.question(told, self.fleet_index())), answered)
        return True

    def _tell(self, told: Told) -> None:
        from mnix_tui.ui import bulk_words

        projects = [view.project for view in told.views]

        async def tell(progress: Progress) -> list[Outcome]:
            return await self.bench.bulk(projects, told.verb, progress)

        self.begin(
            f"{told.verb} {bulk_words.named(told.views)}",
            "",
            tell,
            then=lambda outcomes: self._told(told, outcomes),
            lane=LANE,
        )

    def _told(self, told: Told, outcomes: list[Outcome]) -> None:
        """Say what came of it; what failed stays marked, so that the key tells it again."""
        from mnix_tui.ui import bulk_words
        from mnix_tui.ui.fleet_index import project_key

        keys = {view.project: project_key(view) for view in told.views}
        failed = {keys[project] for project, error in outcomes if error is not None}
        with self.activity.quietly():
            for project, error in outcomes:
                subject = keys[project]
                if error is None:
                    self.activity.add(subject, "good", bulk_words.DONE[told.verb])
                else:
                    text = f"{told.verb}: {error.title}"
                    self.activity.add(subject, "bad", text, f"{error.detail}\n{error.hint}".strip())
        self.mark_only(failed)
        text = bulk_words.summary(told.verb, outcomes)
        if failed:
            hint = "they are still marked: the same key tries them again"
            self.tell("", MnixError(text, bulk_words.reasons(outcomes), hint))
        else:
            self.activity.add("", "good", text)
            self.notify(text, markup=False)
