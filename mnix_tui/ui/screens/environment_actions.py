"""What the main screen can do with a project's environment: build it, compare it, go back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.errors import Busy, UsageError
from mnix_tui.ui import words
from mnix_tui.ui.fleet_rows import project_key
from mnix_tui.ui.screens.project_actions import ProjectActions

if TYPE_CHECKING:
    from mnix_tui.domain.generations import Collected, Generation
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project, ProjectView
    from mnix_tui.ui.workbench.port import Progress

SOON = 2.0
"""Seconds in which what a key asked for may still move the keyboard away from a shell."""


class EnvironmentActions(ProjectActions):
    """The verbs of rebuilds and generations."""

    def known_jobs(self, view: ProjectView) -> tuple[Job, ...]:
        """Return a project's jobs, those that have ended too."""
        raise NotImplementedError

    def known_generations(self, view: ProjectView) -> tuple[Generation, ...]:
        """Return a project's generations as far as its server told, newest first."""
        raise NotImplementedError

    def ask_generations_again(self) -> None:
        """Ask for the selected project's generations, although the same one is in use."""
        raise NotImplementedError

    def typing_elsewhere(self) -> bool:
        """Say whether the keyboard is in a shell or a dialog: what is typed is for that."""
        raise NotImplementedError

    def announce_job(self, key: str, job: Job) -> None:
        """Give a job a tab, and say so, without bringing it to the front."""
        raise NotImplementedError

    def action_rebuild(self) -> None:
        """Push the files and build the environment, or those of all that are marked."""
        if self.tell_marked("rebuild"):
            return
        if view := self._project("rebuild"):
            self.rebuild(view)

    def rebuild(self, view: ProjectView) -> None:
        """Push the files and build; where something builds already, offer to follow that."""
        key, project, asked = project_key(view), view.project, self.clock()

        def begun(job: Job) -> None:
            if self.clock() - asked > SOON and self.typing_elsewhere():
                self.announce_job(key, job)
            else:
                self.show_job(key, job)

        def failed(error: BaseException) -> bool:
            return isinstance(error, Busy) and self._offer_to_follow(view, error)

        self.begin(
            f"rebuild {project.name}",
            key,
            lambda progress: self.bench.rebuild(project, progress),
            then=begun,
            done="pushed; the build runs on the server",
            failed=failed,
            lane="rebuild",  # it may wait for a warm-up, and a shell can be opened meanwhile
        )

    def _rebuilding(self, view: ProjectView) -> Job | None:
        jobs = self.bench.snapshot().jobs_of(*view.project.key)
        return next((job for job in jobs if job.kind == "rebuild" and job.live), None)

    def _beside(self, view: ProjectView) -> ProjectView | None:
        """Return a project of the same server that is rebuilt: they may share a store."""
        others = self.bench.snapshot().of(view.project.server)
        return next((other for other in others if self._rebuilding(other) is not None), None)

    def _offer_to_follow(self, view: ProjectView, error: Busy) -> bool:
        """Ask whether to watch what holds the project; say whether there was something to ask."""
        job = self._rebuilding(view)
        if job is None:
            return False
        from mnix_tui.ui.dialogs.busy import BusyDialog

        def answered(yes: bool | None) -> None:
            if yes:
                self.show_row(project_key(view))
                self.show_job(project_key(view), job)

        self.activity.add(project_key(view), "busy", error.title, error.detail)
        self.app.push_screen(BusyDialog(view, error, job, self.clock()), answered)
        return True

    def action_show_build(self) -> None:
        """Go to the newest rebuild."""
        view = self._project("see its rebuild")
        if view is None:
            return
        rebuilds = [job for job in self.known_jobs(view) if job.kind == "rebuild"]
        if rebuilds:
            newest = max(rebuilds, key=lambda job: (job.live, job.started))
            self.show_job(project_key(view), newest)
        else:
            self.notify("Nothing was built yet: r builds it", timeout=2, markup=False)

    def action_cancel_build(self) -> None:
        """Ask, and then cancel the rebuild that runs."""
        view = self._project("cancel its rebuild")
        if view is None:
            return
        job = self._rebuilding(view)
        if job is None:
            self.notify("No rebuild runs here", timeout=2, markup=False)
            return
        self.kill_job(view, job)

    def action_generations(self) -> None:
        """Show the generations, and go back to the one that is chosen."""
        view = self._project("see its generations")
        if view is None:
            return
        from mnix_tui.ui.dialogs.generations import GenerationsScreen, Source

        chosen, project = view, view.project

        def answered(number: int | None) -> None:
            if number is not None:

                async def rollback(project: Project) -> None:
                    await self.bench.rollback(project, number)

                self._simple(chosen, "roll back", rollback, f"generation {number} is in use")

        source = Source(
            lambda: self.bench.generations(project), lambda a, b: self.bench.diff(project, a, b)
        )
        jobs = self.bench.snapshot().jobs_of(*project.key)
        self.app.push_screen(
            GenerationsScreen(
                words.plain(project.name),
                source,
                now=self.clock(),
                shells=sum(job.kind == "session" and job.live for job in jobs),
            ),
            answered,
        )

    def action_drift(self) -> None:
        """Show what differs between here, the server and what runs."""
        view = self._project("compare its files")
        if view is None:
            return
        from mnix_tui.ui.dialogs.drift import DriftScreen

        chosen, project = view, view.project

        def answered(rebuild: bool | None) -> None:
            if rebuild:
                self.rebuild(chosen)

        self.app.push_screen(
            DriftScreen(
                words.plain(project.name),
                view.status.generation,
                lambda: self.bench.drift(project),
                here=bool(project.folder),
            ),
            answered,
        )

    def action_gc(self) -> None:
        """Ask, and then collect what nothing needs in the store of the project."""
        view = self._project("collect its garbage")
        if view is None:
            return
        if not view.project.remote_id:
            self.tell("", UsageError("It was never built: it has no store", "", "r builds it"))
            return
        from mnix_tui.ui.dialogs.confirm import ConfirmDialog, gc_question

        chosen, key = view, project_key(view)

        async def collect(_: Progress) -> Collected:
            return await self.bench.gc(chosen.project)

        def collected(found: Collected) -> None:
            text = f"{words.size(found.bytes)} freed: {words.count(found.paths, 'store path')}"
            self.activity.add(key, "good", f"garbage collected: {text}")
            self.notify(text, title=f"Store of {words.plain(chosen.project.name)}", markup=False)
            self.ask_generations_again()

        def failed(error: BaseException) -> bool:
            if not isinstance(error, Busy):
                return False
            builds = chosen if self._rebuilding(chosen) else self._beside(chosen)
            return builds is not None and self._offer_to_follow(builds, error)

        def answered(yes: bool | None) -> None:
            if yes:
                title = f"collect garbage for {chosen.project.name}"
                self.begin(title, key, collect, then=collected, failed=failed, lane="gc")

        question = gc_question(view, self.known_generations(view))
        self.app.push_screen(ConfirmDialog(question), answered)
