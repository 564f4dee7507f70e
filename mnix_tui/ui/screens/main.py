"""The main screen: the fleet on the left, what is selected on the right, keys below."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Horizontal
from textual.message import Message

from mnix_tui.config.model import ClientConfig
from mnix_tui.ui import hangup, keys
from mnix_tui.ui.fleet_rows import project_key
from mnix_tui.ui.fleet_view import FleetView
from mnix_tui.ui.layouts import Layouts
from mnix_tui.ui.screens.watch_events import WatchEvents
from mnix_tui.ui.view_model import ServerFacts, ViewModel
from mnix_tui.ui.widgets.detail import Detail
from mnix_tui.ui.widgets.fleet_panel import FleetPanel
from mnix_tui.ui.widgets.fleet_tree import FleetTree
from mnix_tui.ui.widgets.key_bar import KeyBar
from mnix_tui.ui.widgets.overview import Overview
from mnix_tui.ui.widgets.title_bar import TitleBar
from mnix_tui.ui.widgets.work_bar import WorkBar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.timer import Timer

    from mnix_tui.domain.generations import Generation
    from mnix_tui.domain.jobs import Job
    from mnix_tui.fleet import FleetSnapshot
    from mnix_tui.ui.workbench.port import Workbench

SELECTION = "selection"
"""The setting that names the row to start at."""
STAYS = 0.08
"""Seconds that a row is selected before its server is asked about it."""
TICK = 5.0
"""Seconds after which ages are written anew."""


class MainScreen(WatchEvents):
    """Routes messages between the widgets and the workbench."""

    BINDINGS: ClassVar[list[BindingType]] = list(keys.SCREEN)
    AUTO_FOCUS = "#fleet-tree"

    @dataclass
    class FleetChanged(Message):
        """A server reported, came or went."""

        snapshot: FleetSnapshot

    @dataclass
    class HistoryRead(Message):
        """A project's jobs, ended ones too."""

        key: str
        jobs: list[Job]

    @dataclass
    class GenerationsRead(Message):
        """A project's generations."""

        key: str
        generations: list[Generation]

    @dataclass
    class ServerAnswered(Message):
        """What a server said of itself when it was asked."""

        server: str
        facts: ServerFacts

    def __init__(
        self,
        bench: Workbench,
        clock: Callable[[], float],
        *,
        leader: str = "ctrl+backslash",
        home: str = "",
        scrollback_mib: int = ClientConfig.scrollback_mib,
        notify_after: float = ClientConfig.notify_after,
        warm_up: bool = ClientConfig.warm_up,
    ) -> None:
        super().__init__(bench, clock, leader, scrollback_mib)
        self.notify_after = notify_after
        self.warms_up = warm_up
        kept = (bench.setting, bench.keep_setting)
        self._model = ViewModel(self.activity, home, Layouts(*kept), FleetView(*kept))
        self._ends = ExitStack()
        self._composed = False
        self._asked: tuple[object, ...] = ()
        self._asked_generations: tuple[object, ...] = ()
        self._asking: Timer | None = None

    @property
    def model(self) -> ViewModel:
        """What is known and how it is looked at."""
        return self._model

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield TitleBar(id="title")
        with Horizontal(id="panels"):
            yield FleetPanel(id="fleet")
            yield Detail(self.model.layouts, id="detail")
        yield WorkBar(id="work")
        yield KeyBar(self.leader, id="keys")

    def on_mount(self) -> None:
        """Show what is known at once, and then every change."""
        self._composed = True
        self.query_one(WorkBar).display = False
        self._ends.callback(self.bench.subscribe(self._heard))
        self._ends.callback(self.bench.subscribe_watches(self.hear_watch))
        self.activity.heard = lambda entry: self.redraw()
        self.model.take(self.bench.snapshot())
        self._wanted_row = self.bench.setting(SELECTION)
        self.redraw()
        self._wanted_row = ""  # it is gone, if it was not there now
        self.set_interval(TICK, self._tick)
        hangup.watch(self.app)

    def _heard(self, snapshot: FleetSnapshot) -> None:
        self.post_message(self.FleetChanged(snapshot))

    def on_unmount(self) -> None:
        """Stop following the fleet."""
        self._ends.close()

    def redraw(self) -> None:
        """Show the model; every widget draws only what differs."""
        if not self._composed:
            return
        tree = self.query_one(FleetTree)
        self.query_one(TitleBar).show(self.model.index)
        self.query_one(FleetPanel).show(self.model.rows(self.clock()), self.model.fleet)
        if self._wanted_row and tree.select(self._wanted_row):
            self._wanted_row = ""
        self._redraw_detail()

    def _redraw_detail(self) -> None:
        """Show what the selected row stands for."""
        now, tree, detail = self.clock(), self.query_one(FleetTree), self.query_one(Detail)
        if self.model.empty:
            detail.welcome(loading=not self.model.snapshot.servers)
            return
        row = tree.selected
        shown = self.model.shown(row.key, detail.pane_ids, now) if row else None
        if shown is not None:
            detail.show(shown)
        if self.look():
            self.redraw()  # what is in sight needs no mark any more
            return
        self.refresh_bindings()

    def _tick(self) -> None:
        self.redraw()
        self._ask_server()

    @on(FleetChanged)
    def _fleet_changed(self, event: FleetChanged) -> None:
        event.stop()
        refused = self.model.newly_refused(event.snapshot)
        before = self.model.snapshot
        self.model.take(event.snapshot)
        self.builds_changed(before, event.snapshot)
        for name in refused:
            self._refused(name)
        self.redraw()
        self._ask_history()
        self._ask_generations()
        row = self.query_one(FleetTree).selected
        if row is not None and row.server not in self.model.facts:
            self._ask_server()

    def _refused(self, name: str) -> None:
        """Note why a server can't be used; say it at once if it is the one being looked at."""
        error = self.bench.trouble(name)
        if error is None:
            return
        self.model.troubles[name] = error.detail
        row = self.query_one(FleetTree).selected
        if row is not None and row.server == name and self.app.screen is self:
            self.tell(name, error)
        else:
            self.activity.add(name, "bad", error.title, f"{error.detail}\n{error.hint}")

    @on(FleetTree.Selected)
    def _row_selected(self, event: FleetTree.Selected) -> None:
        event.stop()
        if row := self.query_one(FleetTree).selected:
            self.bench.keep_setting(SELECTION, row.key)
        self._redraw_detail()
        self.want_selected()
        self._ask_soon()

    @on(FleetTree.FoldToggled)
    def _fold_toggled(self, event: FleetTree.FoldToggled) -> None:
        event.stop()
        self.model.fleet.fold(event.key, event.folded)
        self.redraw()

    @on(FleetTree.Opened)
    def _row_opened(self, event: FleetTree.Opened) -> None:
        event.stop()
        self.query_one(Detail).hand_over()

    @on(Overview.Opened)
    def _line_opened(self, event: Overview.Opened) -> None:
        event.stop()
        if "/" in event.key:
            self.show_row(event.key)
            return
        view = self.selected_project()
        jobs = self.model.jobs(view) if view else ()
        job = next((job for job in jobs if job.id == event.key), None)
        if view and job:
            self.show_job(project_key(view), job)

    @on(Overview.KillWanted)
    def _kill_wanted(self, event: Overview.KillWanted) -> None:
        event.stop()
        view = self.selected_project()
        jobs = self.model.jobs(view) if view else ()
        job = next((job for job in jobs if job.id == event.key and job.live), None)
        if view and job:
            self.kill_job(view, job)
        else:
            self.notify("Only what still runs can be ended", timeout=2, markup=False)

    def _ask_soon(self) -> None:
        """Ask for the selected row's details, unless somebody only scrolls past it."""
        if self._asking is not None:
            self._asking.stop()

        def ask() -> None:
            self._ask_server()
            self._ask_history()
            self._ask_generations()

        self._asking = self.set_timer(STAYS, ask)

    def _ask_server(self) -> None:
        """Ask the selected server for what it doesn't tell by itself."""
        row = self.query_one(FleetTree).selected
        if row is None or not row.is_server or not self.model.is_online(row.server):
            return
        name = row.server

        async def ask() -> None:
            facts = ServerFacts(
                await self.bench.info(name), self.bench.hello(name), await self.bench.latency(name)
            )
            self.post_message(self.ServerAnswered(name, facts))

        self._begin_asking(ask, "server-info")

    def _ask_history(self) -> None:
        """Ask for the selected project's older jobs, whenever one of its jobs came or ended."""
        view = self.selected_project()
        if view is None or not view.project.remote_id:
            return
        project, key = view.project, project_key(view)
        state = [(job.id, job.state) for job in self.model.snapshot.jobs_of(project.remote_id)]
        if (key, *state) == self._asked or not self.model.is_online(project.server):
            return
        self._asked = (key, *state)

        async def ask() -> None:
            self.post_message(self.HistoryRead(key, await self.bench.jobs(project)))

        self._begin_asking(ask, "history")

    def _ask_generations(self) -> None:
        """Ask for the selected project's generations, whenever another one is in use."""
        view = self.selected_project()
        if view is None or not view.project.remote_id or view.status.generation is None:
            return
        project, key = view.project, project_key(view)
        state = (key, view.status.generation)
        if state == self._asked_generations or not self.model.is_online(project.server):
            return
        self._asked_generations = state

        async def ask() -> None:
            try:
                found = await self.bench.generations(project)
            except Exception:
                if self._asked_generations == state:
                    self._asked_generations = ()  # to be asked once more
                raise
            self.post_message(self.GenerationsRead(key, found))

        self._begin_asking(ask, "generations")

    def _begin_asking(self, ask: Callable[[], Awaitable[None]], group: str) -> None:
        self.run_worker(ask, group=group, exclusive=True, exit_on_error=False)

    def ask_generations_again(self) -> None:
        """Ask for the selected project's generations, although the same one is in use."""
        self._asked_generations = ()
        self._ask_generations()

    @on(GenerationsRead)
    def _generations_read(self, event: GenerationsRead) -> None:
        event.stop()
        self.model.remember_generations(event.key, event.generations)
        self._redraw_detail()

    @on(HistoryRead)
    def _history_read(self, event: HistoryRead) -> None:
        event.stop()
        self.model.remember(event.key, event.jobs)
        self._redraw_detail()

    @on(ServerAnswered)
    def _server_answered(self, event: ServerAnswered) -> None:
        event.stop()
        self.model.facts[event.server] = event.facts
        self._redraw_detail()
