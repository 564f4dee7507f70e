"""The part of the live workbench that moves files."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from mnix_tui.domain.projects import Project
    from mnix_tui.domain.sync import Choice, ConflictDiff, Direction, Trashed
    from mnix_tui.fleet import Fleet
    from mnix_tui.link import Link
    from mnix_tui.store import Store
    from mnix_tui.sync.model import Conflict, SyncReport
    from mnix_tui.ui.workbench.port import NewProject, Progress
    from mnix_tui.ui.workbench.sync_port import Hears, WatchNews


class LiveFiles:
    """Calls the actions; ``LiveWorkbench`` has the store, the fleet and the links."""

    def __init__(self) -> None:
        self._hearing: list[Hears] = []

    def _opened(self) -> tuple[Store, Fleet]:
        raise NotImplementedError

    async def _up(self, project: Project) -> Link:
        """Return the project's link once it is up."""
        raise NotImplementedError

    async def sync_preview(self, project: Project, direction: Direction) -> SyncReport:
        """Say what a push or a pull would do."""
        from mnix_tui.actions import sync

        act = {"push": sync.push, "pull": sync.pull, "both": sync.sync_project}[direction]
        return await act(self._opened()[0], await self._up(project), project, dry_run=True)

    async def push(
        self, project: Project, progress: Progress, *, allow_empty: bool = False
    ) -> SyncReport:
        """Send what changed here."""
        from mnix_tui.actions import sync

        store, fleet = self._opened()
        link = await self._up(project)
        report = await sync.push(store, link, project, progress, allow_empty=allow_empty)
        await fleet.refresh()
        return report

    async def pull(
        self, project: Project, progress: Progress, *, allow_empty: bool = False
    ) -> SyncReport:
        """Fetch what changed on the server."""
        from mnix_tui.actions import sync

        store, fleet = self._opened()
        link = await self._up(project)
        report = await sync.pull(store, link, project, progress, allow_empty=allow_empty)
        await fleet.refresh()
        return report

    async def conflicts(self, project: Project) -> list[Conflict]:
        """Look at both sides, and return what was changed on both."""
        from mnix_tui.actions import sync

        store, fleet = self._opened()
        found = await sync.conflicts(store, await self._up(project), project, fresh=True)
        await fleet.refresh()
        return found

    async def conflict_diff(self, project: Project, path: str) -> ConflictDiff:
        """Return how the two copies of a conflict differ."""
        from mnix_tui.actions import sync

        return await sync.conflict_diff(await self._up(project), project, path)

    async def resolve(
        self, project: Project, choices: Mapping[str, Choice], progress: Progress
    ) -> SyncReport:
        """Settle conflicts as they were chosen."""
        from mnix_tui.actions import sync

        store, fleet = self._opened()
        report = await sync.resolve(store, await self._up(project), project, choices, progress)
        await fleet.refresh()
        return report

    async def trash(self, project: Project, *, here: bool) -> list[Trashed]:
        """Return what transfers replaced or deleted on one side."""
        from mnix_tui.actions import sync

        if here:
            return await sync.trash_here(project)
        return await sync.trash(await self._up(project), project)

    async def restore(
        self, project: Project, paths: Mapping[str, Sequence[str]], *, here: bool
    ) -> None:
        """Bring paths back."""
        from mnix_tui.actions import sync

        store, _ = self._opened()
        for trashed, some in paths.items():
            if here:
                await sync.restore_here(store, project, trashed, some)
            else:
                await sync.restore(await self._up(project), project, trashed, some)

    async def watch(self, project: Project, on: bool) -> None:
        """Keep it; the keeper of the watches follows the fleet."""
        from mnix_tui.actions import sync

        store, fleet = self._opened()
        await sync.set_watching(store, project, on)
        await fleet.refresh()

    def subscribe_watches(self, hears: Hears) -> Callable[[], None]:
        """Tell what the watches do."""
        self._hearing.append(hears)
        return lambda: self._hearing.remove(hears)

    def _watch_told(self, news: WatchNews) -> None:
        for hears in list(self._hearing):
            hears(news)

    async def adopt(
        self, project: Project, folder: Path | None, progress: Progress
    ) -> SyncReport | None:
        """Take over a project that another client made."""
        from mnix_tui.actions import sync

        store, fleet = self._opened()
        link = await self._up(project)
        info = await link.agent.project(project.remote_id)
        _, report = await sync.adopt(store, link, info, folder, progress)
        await fleet.refresh()
        return report

    async def _clone(self, new: NewProject, link: Link, progress: Progress) -> Project:
        from mnix_tui.actions import sync

        return await sync.clone_project(
            self._opened()[0],
            link,
            name=new.name,
            url=new.git,
            ref=new.ref,
            isolation=new.isolation,
            flake=new.flake,
            forward_agent=new.forward_agent,
            progress=progress,
        )
