"""What the leader does with shells: split, go, zoom, move, name, join, close and end them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.ui import keys, splits, words
from mnix_tui.ui.fleet_rows import project_key
from mnix_tui.ui.screens.fleet_actions import FleetActions
from mnix_tui.ui.screens.project_actions import Area
from mnix_tui.ui.widgets.detail import Detail
from mnix_tui.ui.widgets.fleet_tree import FleetTree
from mnix_tui.ui.widgets.stage import Stage

if TYPE_CHECKING:
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.ui.panes.clipboard import Answer
    from mnix_tui.ui.panes.shell import ShellPane
    from mnix_tui.ui.splits import Way

PUSH_COLS = 4
PUSH_ROWS = 2
"""Cells that a line between shells moves at a time."""


class Windows(FleetActions):
    """The verbs of tabs and splits, for the shell in front."""

    @property
    def detail(self) -> Detail:
        """The right side."""
        return self.query_one(Detail)

    def _here(self, verb: str) -> tuple[ProjectView, ShellPane] | None:
        """Return the shell in front with its project, or say what there is none for."""
        view, pane = self.selected_project(), self.detail.shell
        if view is None or pane is None:
            self.notify(f"There is no shell here to {verb}", timeout=2, markup=False)
            return None
        return view, pane

    def close_shell(self, job_id: str, *, detach: bool = False) -> None:
        """Take a shell's tab, or its half of one, away; ``detach``: it runs on."""
        raise NotImplementedError

    # -- splits

    def action_split(self, beside: bool) -> None:
        """Open a shell in half of the room of the one in front."""
        here = self._here("split")
        if here is None:
            return
        view, pane = here
        key, old = self.detail.key, pane.job.id
        if not self._room_to_split(old, beside=beside):
            return
        cols, rows = pane.size
        half = Area(max(cols // 2, 20), rows) if beside else Area(cols, max(rows // 2, 5))
        self.leave_zoom()
        self.open_shell(
            view, then=lambda job: self.put_beside(key, job, old, beside=beside), area=half
        )

    def _room_to_split(self, job: str, *, beside: bool) -> bool:
        tab = self.detail.active
        if tab is None or tab.tree is None:
            return False
        boxes, _ = splits.place(tab.tree, self.query_one(Stage).room)
        room = job in boxes and splits.has_room(boxes[job], beside=beside)
        if not room or splits.depth(tab.tree) >= splits.MAX_DEPTH:
            self.notify("There is too little room here for two shells", timeout=3, markup=False)
            return False
        return True

    def put_beside(self, key: str, job: Job, old: str, *, beside: bool) -> None:
        """Put a shell into half of the room of another one."""
        self.model.opened(key, job)
        arranged = self.model.arranged(key, self.detail.pane_ids | {job.id})
        self.model.layouts.put(key, arranged.split(old, job.id, beside=beside))
        self.show_job(key, job)

    def action_go_pane(self, way: Way) -> None:
        """Go to the shell on that side."""
        if job := self.detail.neighbour(way):
            self.detail.activate(job, focus=True)

    def action_other_pane(self) -> None:
        """Go to the next shell of the tab."""
        if job := self.detail.neighbour(None):
            self.detail.activate(job, focus=True)

    def action_push_pane(self, way: Way) -> None:
        """Move the line between two shells."""
        tab, job = self.detail.active, self.detail.job
        if tab is None or tab.tree is None or self.detail.zoomed:
            return
        by = PUSH_COLS if way in ("left", "right") else PUSH_ROWS
        self.reshape(splits.push(tab.tree, self.query_one(Stage).room, job, way, by))

    def reshape(self, tree: splits.Leaf | splits.Split) -> None:
        """Take over another shape of the tab in front."""
        key, job = self.detail.key, self.detail.job
        arranged = self.model.arranged(key, self.detail.pane_ids)
        if arranged.window(job) is not None:
            self.model.layouts.put(key, arranged.reshaped(job, tree))
            self.redraw()

    def on_stage_reshaped(self, event: Stage.Reshaped) -> None:
        """A line was dragged."""
        event.stop()
        self.reshape(event.tree)

    def action_alone(self) -> None:
        """Give the shell in front a tab of its own."""
        if here := self._here("move"):
            key, job = self.detail.key, here[1].job.id
            arranged = self.model.arranged(key, self.detail.pane_ids)
            self.model.layouts.put(key, arranged.alone(job))
            self.redraw()

    def action_join(self) -> None:
        """Ask which other shell of this project comes beside this one."""
        here = self._here("join")
        if here is None:
            return
        from mnix_tui.ui.screens.shells import JoinScreen, picks

        view, pane = here
        key, old = self.detail.key, pane.job.id
        tab = self.detail.active
        there = tab.jobs if tab is not None else ()
        others = [job for job in self.model.shells(view, frozenset()) if job.id not in there]
        if not others:
            self.notify("There is no other shell here to join", timeout=3, markup=False)
            return
        if not self._room_to_split(old, beside=True):
            return

        def chosen(picked: str | None) -> None:
            job = next((job for job in others if job.id == picked), None)
            if job is not None:
                self.leave_zoom()
                self.put_beside(key, job, old, beside=True)

        self.app.push_screen(JoinScreen(picks(self.model, others, self.clock())), chosen)

    # -- the room

    def action_zoom(self) -> None:
        """Show the shell in front alone, or everything again."""
        zoomed = not self.detail.zoomed
        self.detail.zoomed = zoomed
        self.set_class(zoomed, "-zoomed")
        self.redraw()
        if zoomed and self.query_one(FleetTree).has_focus:
            self.detail.focus_main()

    def leave_zoom(self) -> None:
        """Show everything again."""
        if self.detail.zoomed:
            self.action_zoom()

    def action_hide_fleet(self) -> None:
        """Hide or show the fleet; splits stay as they are."""
        hidden = not self.has_class("-bare")
        self.set_class(hidden, "-bare")
        if hidden and self.query_one(FleetTree).has_focus:
            self.detail.focus_main()

    def action_fleet(self) -> None:
        """Go back to the fleet."""
        self.show_fleet()
        self.query_one(FleetTree).focus()

    def show_fleet(self) -> None:
        """Show the fleet, if it was hidden."""
        self.leave_zoom()
        self.remove_class("-bare")

    def action_move_tab(self, by: int) -> None:
        """Move the tab in front to the left or to the right."""
        if self._here("move"):
            key = self.detail.key
            arranged = self.model.arranged(key, self.detail.pane_ids)
            self.model.layouts.put(key, arranged.moved(self.detail.job, by))
            self.redraw()

    # -- the shell in front

    def action_rename_shell(self) -> None:
        """Ask for a name."""
        here = self._here("rename")
        if here is None:
            return
        from mnix_tui.ui.dialogs.rename import RenameShellDialog

        view, pane = here
        job = self.model.job(pane.job.id) or pane.job
        shells = self.model.shells(view, frozenset())
        taken = {other.name for other in shells if other.id != job.id and other.live}

        def answered(name: str | None) -> None:
            if name is not None and name != job.name:
                self.begin(
                    f"rename {pane.called}",
                    f"{project_key(view)}/{job.id}",
                    lambda _: self.bench.rename_session(view.project, job, name),
                    then=lambda _: self.redraw(),
                )

        self.app.push_screen(RenameShellDialog(pane.called, job.name, taken), answered)

    def action_close_tab(self) -> None:
        """Close the tab: its shells run on without one."""
        if self._here("close"):
            tab = self.detail.active
            names = [pane.called for job in self.detail.in_sight if (pane := self._pane(job))]
            closed = tab.jobs if tab is not None else ()
            unsent = sum(pane.link.unsent for job in closed if (pane := self._pane(job)))
            for job in closed:
                self.close_shell(job, detach=True)
            goes, it = ("goes", "it") if len(names) == 1 else ("go", "them")
            self.notify(
                f"{' and '.join(names)} {goes} on; the overview and {keys.shells_key()} show {it}"
                + (f"\n{words.unsent(unsent)}" if unsent else ""),
                severity="warning" if unsent else "information",
                timeout=4,
                markup=False,
            )

    def _pane(self, job: str) -> ShellPane | None:
        return self.detail.shell_pane(job)

    def action_kill_shell(self) -> None:
        """Ask, and then end the shell in front."""
        if here := self._here("end"):
            view, pane = here
            job = self.model.job(pane.job.id) or pane.job
            self.kill_job(view, job, called=pane.called, running=pane.status.title)

    def action_copy_mode(self) -> None:
        """Let the keys move through the history."""
        here = self._here("look back in")
        if here is not None and (view := here[1].view) is not None:
            view.copy_mode()

    def action_search_shell(self) -> None:
        """Ask what to search for in the history."""
        here = self._here("search")
        if here is not None and (view := here[1].view) is not None:
            view.copy_mode()
            view.own_key("slash", "/")

    def action_prompt(self, step: int) -> None:
        """Go to the prompt before (-1) or after (1) what is shown."""
        here = self._here("look back in")
        if here is not None and (view := here[1].view) is not None:
            view.prompt(step)

    def action_retry_shell(self) -> None:
        """Try to reach the server of the shell in front."""
        if here := self._here("reconnect"):
            here[1].retry_now()

    def action_clipboard(self, answer: Answer) -> None:
        """Answer the question of a program that wants to write to the clipboard."""
        here = self._here("answer")
        if here is not None and not here[1].clipboard.answer(answer):
            self.notify("No program asks for the clipboard here", timeout=2, markup=False)

    def action_shells(self) -> None:
        """List the shells of all projects."""
        from mnix_tui.ui.screens.shells import ShellsScreen, picks

        live = [job for job in self.model.snapshot.jobs if job.kind == "session" and job.live]

        def chosen(picked: str | None) -> None:
            job = self.model.job(picked) if picked else None
            view = self.model.project_of(job) if job is not None else None
            if job is not None and view is not None:
                key = project_key(view)
                self.show_row(key)
                self.show_job(key, job)

        self.app.push_screen(ShellsScreen(picks(self.model, live, self.clock())), chosen)
