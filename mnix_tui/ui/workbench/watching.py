"""Keeps a watch over each project that is to be watched, while the dashboard is open."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, aclosing
from typing import TYPE_CHECKING, Self

from mnix_tui.domain.states import ProjectState, ServerState
from mnix_tui.errors import MnixError
from mnix_tui.sync.watch import Synced, Trouble
from mnix_tui.ui.workbench.sync_port import WatchNews

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from mnix_tui.domain.projects import Project, ProjectView
    from mnix_tui.fleet import Fleet, FleetSnapshot
    from mnix_tui.link import Link
    from mnix_tui.store import Store
    from mnix_tui.sync.watch import WatchEvent

AGAIN = (2.0, 5.0, 15.0, 60.0)
"""Seconds to wait before a watch that failed is tried again; the last one from then on."""
REST = 1.0
"""Seconds between two times that the fleet is told to look at what watches have stored."""


class WatchKeeper:
    """An async context manager; ``follow`` starts and ends watches as a snapshot says."""

    def __init__(self, store: Store, fleet: Fleet, tell: Callable[[WatchNews], None]) -> None:
        self._store = store
        self._fleet = fleet
        self._tell = tell
        self._running: dict[str, tuple[Project, asyncio.Task[None]]] = {}
        self._moved = asyncio.Event()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self._tasks = await stack.enter_async_context(asyncio.TaskGroup())
            stack.callback(self._stop)
            stack.callback(self._tasks.create_task(self._refresh()).cancel)
            stack.callback(self._fleet.subscribe(self.follow))
            self._stack = stack.pop_all()
        self.follow(self._fleet.snapshot())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def follow(self, snapshot: FleetSnapshot) -> None:
        """Watch the projects that are to be watched, and no others."""
        wanted = {
            view.project.ref: view.project
            for view in snapshot.projects
            if view.sync.watching and _can_be(view)
        }
        for ref, (project, task) in list(self._running.items()):
            if wanted.get(ref) != project:
                task.cancel()
                del self._running[ref]
        for ref, project in wanted.items():
            if ref not in self._running:
                task = self._tasks.create_task(self._watch(project), name=f"watch {ref}")
                self._running[ref] = (project, task)

    def _stop(self) -> None:
        for _, task in self._running.values():
            task.cancel()
        self._running.clear()

    async def _watch(self, project: Project) -> None:
        who = f"watch {project.ref}"
        self._fleet.want(project.server, True, who)
        try:
            await self._keep_watching(project)
        finally:
            self._fleet.want(project.server, False, who)

    async def _keep_watching(self, project: Project) -> None:
        from mnix_tui.actions import sync

        failed = 0
        while True:
            try:
                link = self._fleet.link(project.server)
                await _decided(link)
                async with aclosing(sync.watch(self._store, link, project)) as events:
                    async for event in events:
                        failed = failed if isinstance(event, Trouble) else 0
                        self._say(project, event)
                return
            except MnixError as error:
                trouble = error
            except Exception as error:  # a watch that breaks must not end the dashboard
                trouble = MnixError(
                    f"Watching {project.name} broke off",
                    f"{type(error).__name__}: {error}",
                    "it is tried again; W ends it",
                )
            self._say(project, Trouble(trouble))
            await asyncio.sleep(AGAIN[min(failed, len(AGAIN) - 1)])
            failed += 1

    def _say(self, project: Project, event: WatchEvent) -> None:
        self._tell(WatchNews(project, event))
        if isinstance(event, Synced):
            self._moved.set()

    async def _refresh(self) -> None:
        """Let the fleet see what watches stored, however often they do."""
        while True:
            await self._moved.wait()
            self._moved.clear()
            try:
                await self._fleet.refresh()
            except MnixError:
                pass  # the fleet looks by itself, a little later
            await asyncio.sleep(REST)


def _can_be(view: ProjectView) -> bool:
    project = view.project
    there = view.status.state is not ProjectState.MISSING
    return there and bool(project.folder and project.remote_id) and not project.in_place


async def _decided(link: Link) -> None:
    """Wait until the first attempt to connect has succeeded or failed."""
    while True:
        changed = link.changing()
        if link.status.state not in (ServerState.UNKNOWN, ServerState.CONNECTING):
            return
        await changed.wait()
