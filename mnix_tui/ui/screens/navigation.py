"""How the main screen is moved about in: rows, tabs, overlays, and the leader inside shells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on

from mnix_tui.domain.states import ProjectState
from mnix_tui.ui.claims import claims
from mnix_tui.ui.fleet_rows import project_key
from mnix_tui.ui.panes.shell import ShellOptions, ShellPane
from mnix_tui.ui.screens.project_actions import Area
from mnix_tui.ui.screens.server_actions import ServerActions
from mnix_tui.ui.widgets.detail import Detail
from mnix_tui.ui.widgets.fleet_tree import FleetTree

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.domain.generations import Generation
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.fleet import ServerView
    from mnix_tui.ui.panes.build import BuildPane
    from mnix_tui.ui.panes.build_standing import Around
    from mnix_tui.ui.view_model import ViewModel
    from mnix_tui.ui.workbench.port import Workbench

_RUNS = (ProjectState.RUNNING, ProjectState.BUILDING)


class Navigation(ServerActions):
    """Answers "what is selected?" and "go there"."""

    def __init__(
        self, bench: Workbench, clock: Callable[[], float], leader: str, scrollback_mib: int
    ) -> None:
        super().__init__(bench, clock)
        self.leader = leader
        self.options = ShellOptions(leader, scrollback_mib, clock)
        self._wanted_row = ""

    @property
    def model(self) -> ViewModel:
        """What is known and how it is looked at."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Show the model."""
        raise NotImplementedError

    def selected_project(self) -> ProjectView | None:
        """Return the selected project, or ``None`` while a server is selected."""
        row = self.query_one(FleetTree).selected
        return self.model.project(row.key) if row else None

    def selected_server(self) -> ServerView | None:
        """Return the selected server, also when one of its projects is selected."""
        row = self.query_one(FleetTree).selected
        return self.model.server(row.server) if row else None

    def shell_area(self) -> Area:
        """Return how large a shell will be."""
        size = self.query_one("#body").size
        return Area(max(size.width, 20), max(size.height, 5))

    def known_jobs(self, view: ProjectView) -> tuple[Job, ...]:
        """Return a project's jobs, those that have ended too."""
        return self.model.jobs(view)

    def known_generations(self, view: ProjectView) -> tuple[Generation, ...]:
        """Return a project's generations as far as its server told, newest first."""
        return self.model.generations(project_key(view))

    def show_row(self, key: str) -> None:
        """Select a row of the fleet, as soon as it is there."""
        self.model.fleet.reveal(self.model.index, key)
        self._wanted_row = key
        self.redraw()

    def show_job(self, key: str, job: Job) -> None:
        """Bring a job's tab to the front and put the keyboard there."""
        self.model.opened(key, job)
        detail, row = self.query_one(Detail), self.query_one(FleetTree).selected
        detail.want(key, job.id)
        self.redraw()
        if row is not None and row.key == key:
            detail.activate(job.id, focus=True)

    def typing_elsewhere(self) -> bool:
        """Say whether the keyboard is in a shell or a dialog: what is typed is for that."""
        shell = self.query_one(Detail).shell
        return self.app.screen is not self or (shell is not None and shell.has_focus_within)

    def announce_job(self, key: str, job: Job) -> None:
        """Give a job a tab, and say so, without bringing it to the front."""
        self.model.opened(key, job)
        self.redraw()
        view = self.model.project(key)
        if view is not None:
            text = f"{view.project.name} is being rebuilt: v on its row shows it"
            self.notify(text, markup=False)

    def action_tab(self, number: int) -> None:
        """Go to a tab by its number."""
        self.query_one(Detail).number(number)

    def action_next_tab(self) -> None:
        """Go to the next tab."""
        self.query_one(Detail).step(1)

    def action_previous_tab(self) -> None:
        """Go to the tab before."""
        self.query_one(Detail).step(-1)

    def action_theme(self) -> None:
        """Switch between dark and light."""
        from mnix_tui.ui import themes

        self.app.theme = themes.other(self.app.theme, self.app.available_themes)

    def action_help(self) -> None:
        """Show what the keys do."""
        from mnix_tui.ui.screens.help import HelpScreen

        here = {claim.binding.id or "" for claim in claims(self.focused)}
        pane = self.query_one(Detail).pane
        if isinstance(pane, ShellPane) and pane.has_focus_within:
            here.add("leader.help")
        self.app.push_screen(HelpScreen(self.leader, here))

    def action_find(self) -> None:
        """Find any project on any server."""
        from mnix_tui.ui.screens.find import FindScreen

        def found(key: str | None) -> None:
            if key:
                self.show_row(key)

        self.app.push_screen(FindScreen(self.model.snapshot), found)

    def action_palette(self) -> None:
        """Reach every action by its name."""
        from mnix_tui.ui.screens.command import CommandScreen, theme_of

        async def chosen(key: str | None) -> None:
            if key and theme_of(key):
                self.app.theme = theme_of(key)
            elif key:
                await self.app.run_action(key, default_namespace=self)

        self.app.push_screen(CommandScreen(sorted(self.app.available_themes)), chosen)

    async def action_quit(self) -> None:
        """Leave; say what goes on without us."""
        await self.app.run_action("quit")

    @on(Detail.PaneWanted)
    def _pane_wanted(self, event: Detail.PaneWanted) -> None:
        event.stop()
        detail, job = self.query_one(Detail), self.model.job(event.job)
        view = self.model.project(event.key)
        if job is None or view is None or job.id in detail.pane_ids:
            return
        project = view.project
        if event.kind == "shell":
            names = self.model.names(event.key, self.model.shells(view, detail.pane_ids))
            called = names.get(job.id, "Shell")
            detail.add_pane(job.id, ShellPane(self.bench, project, job, called, self.options))
            return
        if job.kind == "rebuild":
            from mnix_tui.ui.panes.build import BuildPane  # not before the first paint

            build = BuildPane(
                self.bench,
                project,
                job,
                siblings=sum(other.kind == "rebuild" for other in self.model.jobs(view)),
                clock=self.clock,
                around=lambda job: self._around(event.key, job),
            )
            detail.add_pane(job.id, build, build.show)
            return
        from mnix_tui.ui.panes.job import JobPane

        pane = JobPane(job, lambda: self.bench.log(project, job), clock=self.clock)
        detail.add_pane(job.id, pane, lambda job, _: pane.show(job))

    def _around(self, key: str, job: Job) -> Around:
        """Return what a rebuild's tab is to know of its project."""
        from mnix_tui.ui.panes.build_standing import Around

        view = self.model.project(key)
        if view is None:
            return Around()
        builds = [one for one in self.model.jobs(view) if one.kind == "rebuild"]
        # After a rollback the one that runs is not the newest: others tell which one is.
        made = [one.number for one in self.model.generations(key)]
        made += [one.generation for one in builds if one.generation is not None]
        current = view.status.generation
        return Around(
            current if view.status.state in _RUNS else None,
            max(*made, current or 0) + 1 if made else None,
            all(one.started <= job.started for one in builds),
        )

    def on_build_pane_other_wanted(self, event: BuildPane.OtherWanted) -> None:
        """Go to the rebuild before or after the one that is shown."""
        event.stop()
        view = self.model.project_of(event.job)
        if view is None:
            return
        builds = [job for job in self.model.jobs(view) if job.kind == "rebuild"]
        builds.sort(key=lambda job: -job.started)
        ids = [job.id for job in builds]
        at = ids.index(event.job.id) + event.step if event.job.id in ids else -1
        if 0 <= at < len(builds):
            self.show_job(project_key(view), builds[at])
        else:
            self.notify("There is no other build that way", timeout=2, markup=False)
