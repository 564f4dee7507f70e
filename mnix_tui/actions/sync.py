"""Moving files between a project's folder and its workspace; conflicts; the trash.

push, pull, sync_project   move files; ``dry_run`` only says what would move
conflicts, conflict_diff, resolve
trash, trash_here, restore, restore_here
watch, set_watching        changes as they come
clone_project, adopt       projects whose files are on the server already
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mnix_tui.errors import SyncError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from pathlib import Path

    from mnix_tui.actions.link import ActionLink, Progress
    from mnix_tui.domain.projects import Project
    from mnix_tui.domain.sync import Choice, ConflictDiff, Direction, Trashed
    from mnix_tui.store.store import Store
    from mnix_tui.sync.model import SyncReport
    from mnix_tui.sync.plan import Conflict
    from mnix_tui.sync.watch import WatchEvent


async def push(
    store: Store,
    link: ActionLink,
    project: Project,
    progress: Progress | None = None,
    *,
    dry_run: bool = False,
    allow_empty: bool = False,
) -> SyncReport:
    """Send what changed here; what changed only on the server stays, and is said.

    Raises ``UsageError`` when there is nothing to send, ``SyncError``, and what link and agent
    raise.
    """
    return await _run(store, link, project, "push", progress, dry_run, allow_empty)


async def pull(
    store: Store,
    link: ActionLink,
    project: Project,
    progress: Progress | None = None,
    *,
    dry_run: bool = False,
    allow_empty: bool = False,
) -> SyncReport:
    """Fetch what changed on the server; what changed only here stays."""
    return await _run(store, link, project, "pull", progress, dry_run, allow_empty)


async def sync_project(
    store: Store,
    link: ActionLink,
    project: Project,
    progress: Progress | None = None,
    *,
    dry_run: bool = False,
    allow_empty: bool = False,
) -> SyncReport:
    """Push, or move changes both ways where the project's mnix.toml says so."""
    return await _run(store, link, project, "both", progress, dry_run, allow_empty)


async def conflicts(
    store: Store, link: ActionLink | None, project: Project, *, fresh: bool = False
) -> list[Conflict]:
    """Return what was changed on both sides: as last seen, or ``fresh``, looked at again."""
    raise SyncError("Not built yet")


async def conflict_diff(link: ActionLink, project: Project, path: str) -> ConflictDiff:
    """Return how the two copies of a conflict differ."""
    raise SyncError("Not built yet")


async def resolve(
    store: Store,
    link: ActionLink,
    project: Project,
    choices: Mapping[str, Choice],
    progress: Progress | None = None,
) -> SyncReport:
    """Settle conflicts: what is not chosen goes to the trash of its side."""
    raise SyncError("Not built yet")


async def trash(link: ActionLink, project: Project) -> list[Trashed]:
    """Return what transfers replaced or deleted in the workspace, newest first."""
    raise SyncError("Not built yet")


async def trash_here(project: Project) -> list[Trashed]:
    """Return what transfers replaced or deleted in the project's folder here, newest first."""
    raise SyncError("Not built yet")


async def restore(link: ActionLink, project: Project, trashed: str, paths: Sequence[str]) -> None:
    """Bring paths of the workspace's trash back; what is there now goes to the trash first."""
    raise SyncError("Not built yet")


async def restore_here(project: Project, trashed: str, paths: Sequence[str]) -> None:
    """Bring paths of the local trash back; what is there now goes to the trash first."""
    raise SyncError("Not built yet")


def watch(store: Store, link: ActionLink, project: Project) -> AsyncGenerator[WatchEvent, None]:
    """Send changes as they come (both ways where mnix.toml says so), until it is closed.

    Iterate it inside ``contextlib.aclosing``. A lost link is waited for, and said.
    """
    raise SyncError("Not built yet")


async def set_watching(store: Store, project: Project, on: bool) -> None:
    """Keep in the store whether the dashboard watches a project."""
    raise SyncError("Not built yet")


async def clone_project(
    store: Store,
    link: ActionLink,
    *,
    name: str,
    url: str,
    ref: str = "",
    isolation: str | None = None,
    flake: str | None = None,
    forward_agent: bool = False,
    progress: Progress | None = None,
) -> Project:
    """Make a project whose files the server clones itself: it has no folder here."""
    raise SyncError("Not built yet")


async def adopt(
    store: Store,
    link: ActionLink,
    info: Mapping[str, Any],
    folder: Path | None = None,
    progress: Progress | None = None,
) -> tuple[Project, SyncReport | None]:
    """Take a project that another client made, by the server's ProjectInfo.

    With a folder its files are compared with the workspace's, and then pulled; nothing on either
    side is overwritten.
    """
    raise SyncError("Not built yet")


async def _run(
    store: Store,
    link: ActionLink,
    project: Project,
    direction: Direction,
    progress: Progress | None,
    dry_run: bool,
    allow_empty: bool,
) -> SyncReport:
    raise SyncError("Not built yet")
