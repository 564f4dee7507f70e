"""The main screen: the fleet on the left, what is selected on the right, keys below."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Horizontal
from textual.message import Message

from mnix_tui.config.model import ClientConfig
from mnix_tui.errors import HostKeyUnknown, LoginWaits, NoWay
from mnix_tui.ui import hangup, keys
from mnix_tui.ui.fleet_rows import project_key
from mnix_tui.ui.fleet_view import FleetView
from mnix_tui.ui.layouts import Layouts
from mnix_tui.ui.screens.asking import Asking
from mnix_tui.ui.view_model import ViewModel
from mnix_tui.ui.widgets.detail import Detail
from mnix_tui.ui.widgets.fleet_panel import FleetPanel
from mnix_tui.ui.widgets.fleet_tree import FleetTree
from mnix_tui.ui.widgets.key_bar import KeyBar
from mnix_tui.ui.widgets.overview import Overview
from mnix_tui.ui.widgets.title_bar import TitleBar
from mnix_tui.ui.widgets.work_bar import WorkBar

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from mnix_tui.fleet import FleetSnapshot
    from mnix_tui.ui.workbench.port import Workbench

SELECTION = "selection"
"""The setting that names the row to start at."""
TICK = 5.0
"""Seconds after which ages are written anew."""


class MainScreen(Asking):
    """Routes messages between the widgets and the workbench."""

    BINDINGS: ClassVar[list[BindingType]] = list(keys.SCREEN)
    AUTO_FOCUS = "#fleet-tree"

    @dataclass
    class FleetChanged(Message):
        """A server reported, came or went."""

        snapshot: FleetSnapshot

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
        self.query_one(TitleBar).show(self.model.index, self.model.unsynced)
        self.query_one(FleetPanel).show(self.model.rows(self.clock()), self.model.fleet)
        if self._wanted_row and tree.select(self._wanted_row):
            self._wanted_row = ""
        self.redraw_detail()

    def redraw_detail(self) -> None:
        """Show what the selected row stands for."""
        now, tree, detail = self.clock(), self.query_one(FleetTree), self.query_one(Detail)
        if self.model.empty:
            detail.welcome(loading=not self.model.snapshot.servers)
            return
        row = tree.selected
        shown = self.model.shown(row.key, detail.pane_ids, now) if row else None
        if row is None and self.model.fleet.look.filter:
            shown = self.model.nothing_found()
        if shown is not None:
            detail.show(shown)
        if self.look():
            self.redraw()  # what is in sight needs no mark any more
            return
        self.refresh_bindings()

    def _tick(self) -> None:
        self.redraw()
        self.ask_server()

    @on(FleetChanged)
    def _fleet_changed(self, event: FleetChanged) -> None:
        event.stop()
        refused = self.model.newly_refused(event.snapshot)
        away = self.model.newly_away(event.snapshot)
        before = self.model.snapshot
        self.model.take(event.snapshot)
        self.builds_changed(before, event.snapshot)
        for name in refused:
            self._refused(name)
        for name in away:
            error = self.bench.trouble(name)
            self.model.troubles[name] = error.detail if isinstance(error, NoWay) else ""
        self.redraw()
        self.ask_history()
        self.ask_generations()
        row = self.query_one(FleetTree).selected
        if row is not None and row.server not in self.model.facts:
            self.ask_server()

    def _refused(self, name: str) -> None:
        """Note why a server can't be used; say it at once if it is the one being looked at."""
        error = self.bench.trouble(name)
        if error is None:
            return
        self.model.troubles[name] = error.detail
        row = self.query_one(FleetTree).selected
        seen = row is not None and row.server == name and self.app.screen is self
        if seen and not isinstance(error, (HostKeyUnknown, LoginWaits)):  # its page says what asks
            self.tell(name, error)
        else:
            self.activity.add(name, "bad", error.title, f"{error.detail}\n{error.hint}")

    @on(FleetTree.Selected)
    def _row_selected(self, event: FleetTree.Selected) -> None:
        event.stop()
        if row := self.query_one(FleetTree).selected:
            self.bench.keep_setting(SELECTION, row.key)
        self.redraw_detail()
        self.want_selected()
        self.ask_soon()

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
