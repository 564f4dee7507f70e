"""What the main screen can tell a project to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnix_tui.domain.states import ProjectState
from mnix_tui.errors import Busy, UsageError
from mnix_tui.ui import words
from mnix_tui.ui.fleet_rows import project_key
from mnix_tui.ui.screens.bulk_actions import BulkActions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project, ProjectView
    from mnix_tui.ui.workbench.port import NewProject, Progress

_LEFT = "still running"
"""How an agent begins to say what outlived its end."""


@dataclass(frozen=True)
class Area:
    """How many cells a new shell will have."""

    cols: int
    rows: int


class ProjectActions(BulkActions):
    """The project's verbs; ``MainScreen`` says which project is selected."""

    warms_up = True
    """Whether a new project's environment is built at once, unless somebody says otherwise."""

    def selected_project(self) -> ProjectView | None:
        """Return the selected project, or ``None`` while a server is selected."""
        raise NotImplementedError

    def shell_area(self) -> Area:
        """Return how large a shell will be."""
        raise NotImplementedError

    def show_job(self, key: str, job: Job) -> None:
        """Bring a job's tab to the front."""
        raise NotImplementedError

    def ending(self, job: str) -> None:
        """Take note that a job is ended on purpose."""
        raise NotImplementedError

    def show_row(self, key: str) -> None:
        """Select a row of the fleet, as soon as it is there."""
        raise NotImplementedError

    def action_shell(self) -> None:
        """Open a shell."""
        if view := self._project("open a shell"):
            key = project_key(view)
            self.open_shell(view, then=lambda job: self.show_job(key, job))

    def open_shell(
        self, view: ProjectView, *, then: Callable[[Job], None], area: Area | None = None
    ) -> None:
        """Open a shell, and do with it what has to be done ``then``."""
        project, area = view.project, area or self.shell_area()

        async def opening(_: Progress) -> Job:
            return await self.bench.open_shell(project, cols=area.cols, rows=area.rows)

        self.hold_keys()
        title = f"open a shell in {project.name}"
        self.begin(title, project_key(view), opening, then=then, done="shell opened")

    def action_start(self) -> None:
        """Start the project, or all that are marked."""
        if self.tell_marked("start"):
            return
        if view := self._project("start"):
            self._simple(view, "start", self.bench.start, "started")

    def action_stop(self) -> None:
        """Stop the project, or all that are marked; when shells would end with it, ask first."""
        if self.tell_marked("stop"):
            return
        view = self._project("stop")
        if view is None:
            return
        live = [job for job in self.fleet_index().jobs_of(view) if job.live]
        if not live:
            self._simple(view, "stop", self.bench.stop, "stopped")
            return
        from mnix_tui.ui.dialogs.confirm import ConfirmDialog, stop_question

        chosen = view

        def answered(yes: bool | None) -> None:
            if yes:
                self._simple(chosen, "stop", self.bench.stop, "stopped")

        self.app.push_screen(ConfirmDialog(stop_question(view, live)), answered)

    def action_rename(self) -> None:
        """Ask for another name."""
        view = self._project("rename")
        if view is None:
            return
        from mnix_tui.ui.dialogs.rename import RenameDialog

        chosen = view

        def answered(name: str | None) -> None:
            if name and name != chosen.project.name:

                async def rename(project: Project) -> None:
                    await self.bench.rename(project, name)

                self._simple(chosen, "rename", rename, f"renamed to {name}")

        taken = {
            other.project.name
            for other in self.bench.snapshot().projects
            if other.project.server == view.project.server and other != view
        }
        self.app.push_screen(RenameDialog(view.project.name, taken), answered)

    def kill_job(self, view: ProjectView, job: Job, *, called: str = "", running: str = "") -> None:
        """Ask, and then end a job."""
        from mnix_tui.ui.dialogs.confirm import ConfirmDialog, kill_question

        key = project_key(view)

        def answered(yes: bool | None) -> None:
            if yes:

                async def kill(_: Progress) -> Job:
                    self.ending(job.id)
                    return await self.bench.kill(view.project, job)

                title = f"end a job of {view.project.name}"
                self.begin(title, key, kill, then=ended, lane="end")

        def ended(now: Job) -> None:
            if now.live or now.reason.startswith(_LEFT):
                why = words.plain(now.reason) or "it has not ended yet"
                self.tell(key, Busy(f"Not all of the {job.kind} is gone", why, "end it again"))
            else:
                self.activity.add(key, "good", f"{job.kind} ended")

        question = kill_question(view, job, called, running)
        self.app.push_screen(ConfirmDialog(question), answered)

    def remove_project(self, view: ProjectView) -> None:
        """Ask, and then remove the project."""
        from mnix_tui.ui.dialogs.confirm import ConfirmDialog, remove_question

        def answered(yes: bool | None) -> None:
            if yes:
                self._simple(view, "remove", self.bench.remove, "removed")

        missing = view.status.state is ProjectState.MISSING
        self.app.push_screen(ConfirmDialog(remove_question(view, missing)), answered)

    def action_new_project(self) -> None:
        """Ask for a folder or a repository, and make a project of it."""
        from mnix_tui.ui.dialogs.new_project import NewProjectDialog

        def answered(new: NewProject | None) -> None:
            if new is not None:
                self._make(new)

        row = self.selected_server_name()
        dialog = NewProjectDialog(self.bench, row, warm_up=self.warms_up)
        self.app.push_screen(dialog, answered)

    def selected_server_name(self) -> str:
        """Return the name of the server that is selected, or whose project is."""
        raise NotImplementedError

    def _make(self, new: NewProject) -> None:
        def made(project: Project) -> None:
            self.show_row(f"{project.server}/{project.remote_id or project.name}")
            there = f"{project.name} is on {project.server}"
            goes_on = "its environment is being built: v shows it" if new.warm_up else "r builds it"
            self.notify(f"{there}: {goes_on}", markup=False)

        self.begin(
            f"make {new.name} on {new.server}",
            f"{new.server}/{new.name}",
            lambda progress: self.bench.new_project(new, progress),
            then=made,
            done="made; its files are there",
        )

    def _project(self, verb: str) -> ProjectView | None:
        view = self.selected_project()
        if view is None:
            self.tell("", UsageError(f"Choose a project to {verb}", "", "/ finds any project"))
        return view

    def _simple(
        self,
        view: ProjectView,
        verb: str,
        job: Callable[[Project], Awaitable[Any]],
        done: str,
    ) -> None:
        project = view.project
        self.begin(f"{verb} {project.name}", project_key(view), lambda _: job(project), done=done)
