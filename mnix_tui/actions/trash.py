"""What transfers replaced or deleted: on the server, and in the folder here."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from mnix_tui.actions.rebuilding import require_id
from mnix_tui.domain.sync import Trashed
from mnix_tui.errors import SyncError, UsageError
from mnix_tui.link import wire
from mnix_tui.sync.turns import turn
from server_agent.protocol.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnix_tui.actions.link import ActionLink
    from mnix_tui.domain.projects import Project
    from mnix_tui.store.store import Store


async def trash(
    link: ActionLink, project: Project, trashed: str = "", paths: Sequence[str] = ()
) -> list[Trashed]:
    """Return what transfers replaced or deleted in the workspace, newest first.

    ``trashed`` is an id or how it begins; with ``paths`` only what is there or below them.
    """
    return await link.agent.trash(require_id(project), trashed, list(paths))


async def restore(link: ActionLink, project: Project, trashed: str, paths: Sequence[str]) -> int:
    """Bring paths of the workspace's trash back; return how many files it were.

    What is there now goes to the trash first. Without an id it is the newest copy of each path,
    without paths all that has the id.
    """
    return await link.agent.restore(require_id(project), trashed, list(paths))


async def trash_here(
    project: Project, trashed: str = "", paths: Sequence[str] = ()
) -> list[Trashed]:
    """Return what transfers replaced or deleted in the project's folder here, newest first."""
    folder = _folder(project)
    return await asyncio.to_thread(_list, project.folder, folder, trashed, list(paths))


async def restore_here(store: Store, project: Project, trashed: str, paths: Sequence[str]) -> int:
    """Bring paths of the local trash back, as ``restore`` does; no transfer runs meanwhile."""
    folder = _folder(project)
    async with turn(store.path, project, _quiet):
        return await asyncio.to_thread(_restore, project.folder, folder, trashed, list(paths))


def _quiet(*_: object) -> None:
    pass


def _folder(project: Project) -> str:
    if not project.folder:
        raise UsageError(f"{project.ref} has no folder here")
    return os.path.join(project.folder, ".mnix", "trash")  # noqa: PTH118 - a path as text


def _list(root: str, folder: str, trashed: str, paths: list[str]) -> list[Trashed]:
    from server_agent.trees import staging
    from server_agent.trees import trash as trees

    try:
        staging.check_own(root)
    except AgentError as error:
        raise wire.error(error.to_wire()) from error
    return [Trashed(*each) for each in trees.entries(folder, batch=trashed, paths=paths)]


def _restore(root: str, folder: str, trashed: str, paths: list[str]) -> int:
    from server_agent.trees import staging
    from server_agent.trees import trash as trees

    try:
        staging.check_own(root)
        chosen = trees.choose(folder, trashed, paths)
        for batch, some in chosen.items():
            trees.restore(folder, batch, some, root)
    except AgentError as error:
        raise wire.error(error.to_wire()) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise SyncError("It can't be brought back", reason) from error
    return sum(map(len, chosen.values()))
