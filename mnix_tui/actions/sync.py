"""Moving files between a project's folder and its workspace; conflicts; the trash.

push, pull, sync_project   move files; ``dry_run`` only says what would move
conflicts, conflict_diff, resolve
trash, trash_here, restore, restore_here
watch, set_watching        changes as they come
clone_project, adopt       projects whose files are on the server already
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnix_tui.actions.link import quiet
from mnix_tui.errors import MnixError, UsageError
from mnix_tui.store import syncing as kept
from mnix_tui.sync import syncing

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping

    from mnix_tui.actions.adopting import adopt
    from mnix_tui.actions.cloning import clone_project
    from mnix_tui.actions.conflicts import conflict_diff
    from mnix_tui.actions.link import ActionLink, KeptLink, Progress
    from mnix_tui.actions.trash import restore, restore_here, trash, trash_here
    from mnix_tui.domain.projects import Project
    from mnix_tui.domain.sync import Choice, Direction
    from mnix_tui.store.store import Store
    from mnix_tui.sync.ahead import Warn
    from mnix_tui.sync.model import SyncReport
    from mnix_tui.sync.plan import Conflict
    from mnix_tui.sync.syncing import Ahead
    from mnix_tui.sync.watch import WatchEvent
    from server_agent.protocol.mnixtoml import Settings

__all__ = [
    "adopt",
    "ahead",
    "clone_project",
    "conflict_diff",
    "conflicts",
    "pull",
    "push",
    "resolve",
    "restore",
    "restore_here",
    "set_watching",
    "sync_project",
    "trash",
    "trash_here",
    "watch",
]
_HOMES = {
    "adopting": ("adopt",),
    "cloning": ("clone_project",),
    "conflicts": ("conflict_diff",),
    "trash": ("restore", "restore_here", "trash", "trash_here"),
}


def __getattr__(name: str) -> Any:
    """Import what most commands don't need when it is first used."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"mnix_tui.actions.{home}"), name)
    raise AttributeError(name)


async def push(
    store: Store,
    link: ActionLink,
    project: Project,
    progress: Progress | None = None,
    *,
    dry_run: bool = False,
    allow_empty: bool = False,
    begun: Ahead | None = None,
    warn: Warn | None = None,
) -> SyncReport:
    """Send what changed here; what changed only on the server stays, and is said.

    ``begun`` is a look at the folder that began before the link was there (``ahead``). ``warn`` is
    told of secrets and large files before they are sent for the first time. Raises
    ``UsageError`` when there is nothing to send, ``SyncError``, and what link and agent raise.
    """
    return await _run(store, link, project, "push", progress, dry_run, allow_empty, begun, warn)


async def pull(
    store: Store,
    link: ActionLink,
    project: Project,
    progress: Progress | None = None,
    *,
    dry_run: bool = False,
    allow_empty: bool = False,
    begun: Ahead | None = None,
    warn: Warn | None = None,
) -> SyncReport:
    """Fetch what changed on the server; what changed only here stays."""
    return await _run(store, link, project, "pull", progress, dry_run, allow_empty, begun, warn)


async def sync_project(
    store: Store,
    link: ActionLink,
    project: Project,
    progress: Progress | None = None,
    *,
    dry_run: bool = False,
    allow_empty: bool = False,
    begun: Ahead | None = None,
    warn: Warn | None = None,
) -> SyncReport:
    """Push, or move changes both ways where the project's mnix.toml says so."""
    return await _run(store, link, project, None, progress, dry_run, allow_empty, begun, warn)


@asynccontextmanager
async def ahead(
    store: Store, project: Project, progress: Progress | None = None
) -> AsyncIterator[Ahead]:
    """Begin to look at a project's folder, before its server is connected."""
    check(project)
    settings = await asyncio.to_thread(_settings, project)
    async with syncing.ahead(store, project, progress, dot_git=settings.sync.git) as begun:
        yield begun


async def conflicts(
    store: Store, link: ActionLink | None, project: Project, *, fresh: bool = False
) -> list[Conflict]:
    """Return what was changed on both sides: as last seen, or ``fresh``, looked at again."""
    check(project)
    if fresh and link is not None:
        return list((await push(store, link, project, dry_run=True)).conflicts)
    return await asyncio.to_thread(syncing.known_conflicts, store.path, project)


async def resolve(
    store: Store,
    link: ActionLink,
    project: Project,
    choices: Mapping[str, Choice],
    progress: Progress | None = None,
) -> SyncReport:
    """Settle conflicts: what is not chosen goes to the trash of its side. Moves nothing else.

    The commits that a repository's state no longer leads to get names of their own.
    """
    from mnix_tui.sync.heads import Heads

    check(project)
    settings = await asyncio.to_thread(_settings, project)
    heads = Heads(store.path, project, choices)
    await heads.find(partial(link.agent.file, project.remote_id))

    async def settle() -> SyncReport:
        return await syncing.sync(
            link,
            store,
            project,
            direction="both",
            choices=choices,
            only_choices=True,
            dot_git=settings.sync.git,
            progress=progress or quiet,
        )

    report = await settle()
    kept_heads = await asyncio.to_thread(heads.keep)
    if kept_heads:
        with suppress(MnixError):  # the next push sends them as well
            await settle()
    return replace(report, notes=(*report.notes, *kept_heads))


def watch(store: Store, link: KeptLink, project: Project) -> AsyncGenerator[WatchEvent, None]:
    """Send changes as they come (both ways where mnix.toml says so), until it is closed.

    Iterate it inside ``contextlib.aclosing``. A lost link is waited for, and said.
    """
    from mnix_tui.sync import watch as watching

    check(project)
    return watching.watch(link, store, project, lambda: _rules(project))


async def set_watching(store: Store, project: Project, on: bool) -> None:
    """Keep in the store whether the dashboard watches a project."""
    await asyncio.to_thread(kept.set_watching, store.path, project, on)


def check(project: Project) -> None:
    """Raise ``UsageError`` for a project that has nothing to move."""
    if project.in_place:
        raise UsageError(f"{project.name} works in {project.folder} itself", "there is no copy")
    if not project.folder:
        raise UsageError(
            f"{project.ref} has no folder here",
            "it was made from another machine, or cloned on the server",
            f"give it one: mnix adopt {project.name} --server {project.server} FOLDER",
        )
    if not project.remote_id:
        raise UsageError(
            f"{project.name} was made by an older mnix",
            "its environment has to be built once with this one",
            f"mnix rebuild-switch --project {project.ref!r}",
        )


async def _run(
    store: Store,
    link: ActionLink,
    project: Project,
    direction: Direction | None,
    progress: Progress | None,
    dry_run: bool,
    allow_empty: bool,
    begun: Ahead | None,
    warn: Warn | None,
) -> SyncReport:
    check(project)
    settings = await asyncio.to_thread(_settings, project)
    return await syncing.sync(
        link,
        store,
        project,
        direction=direction or _direction(settings),
        dry_run=dry_run,
        allow_empty=allow_empty,
        dot_git=settings.sync.git,
        progress=progress or quiet,
        begun=begun,
        warn=warn,
    )


def _settings(project: Project) -> Settings:
    from mnix_tui.config.project import load_project

    return load_project(Path(project.folder))


def _rules(project: Project) -> tuple[Direction, bool]:
    settings = _settings(project)
    return _direction(settings), settings.sync.git


def _direction(settings: Settings) -> Direction:
    return "both" if settings.sync.both_ways else "push"
