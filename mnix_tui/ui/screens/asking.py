"""What the main screen asks servers about the row that is selected, and what they answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.message import Message

from mnix_tui.ui.fleet_rows import project_key
from mnix_tui.ui.screens.watch_events import WatchEvents
from mnix_tui.ui.view_model import ServerFacts
from mnix_tui.ui.widgets.fleet_tree import FleetTree

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.timer import Timer

    from mnix_tui.domain.generations import Generation
    from mnix_tui.domain.jobs import Job

STAYS = 0.08
"""Seconds that a row is selected before its server is asked about it."""


class Asking(WatchEvents):
    """Asks only for what is looked at, and only when it may have changed."""

    _asked: tuple[object, ...] = ()
    _asked_generations: tuple[object, ...] = ()
    _asking: Timer | None = None

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

    def redraw_detail(self) -> None:
        """Show what the selected row stands for."""
        raise NotImplementedError

    def ask_soon(self) -> None:
        """Ask for the selected row's details, unless somebody only scrolls past it."""
        if self._asking is not None:
            self._asking.stop()

        def ask() -> None:
            self.ask_server()
            self.ask_history()
            self.ask_generations()

        self._asking = self.set_timer(STAYS, ask)

    def ask_server(self) -> None:
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

    def ask_history(self) -> None:
        """Ask for the selected project's older jobs, whenever one of its jobs came or ended."""
        view = self.selected_project()
        if view is None or not view.project.remote_id:
            return
        project, key = view.project, project_key(view)
        state = [(job.id, job.state) for job in self.model.snapshot.jobs_of(*project.key)]
        if (key, *state) == self._asked or not self.model.is_online(project.server):
            return
        self._asked = (key, *state)

        async def ask() -> None:
            self.post_message(self.HistoryRead(key, await self.bench.jobs(project)))

        self._begin_asking(ask, "history")

    def ask_generations(self) -> None:
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
        self.ask_generations()

    @on(GenerationsRead)
    def _generations_read(self, event: GenerationsRead) -> None:
        event.stop()
        self.model.remember_generations(event.key, event.generations)
        self.redraw_detail()

    @on(HistoryRead)
    def _history_read(self, event: HistoryRead) -> None:
        event.stop()
        self.model.remember(event.key, event.jobs)
        self.redraw_detail()

    @on(ServerAnswered)
    def _server_answered(self, event: ServerAnswered) -> None:
        event.stop()
        self.model.facts[event.server] = event.facts
        self.redraw_detail()
