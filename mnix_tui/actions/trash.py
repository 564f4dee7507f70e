"""What transfers replaced or deleted: on the server, and in the folder here."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from mnix_tui.actions.rebuilding import require_id
from mnix_tui.domain.sync import Trashed
from mnix_tui.errors import SyncError, UsageError
from mnix_tui.link import wire
from server_agent.protocol.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnix_tui.actions.link import ActionLink
    from mnix_tui.domain.projects import Project


async def trash(link: ActionLink, project: Project) -> list[Trashed]:
    """Return what transfers replaced or deleted in the workspace, newest first."""
    return await link.agent.trash(require_id(project))


async def restore(link: ActionLink, project: Project, trashed: str, paths: Sequence[str]) -> None:
    """Bring paths of the workspace's trash back; what is there now goes to the trash first."""
    await link.agent.restore(require_id(project), trashed, list(paths))


async def trash_here(project: Project) -> list[Trashed]:
    """Return what transfers replaced or deleted in the project's folder here, newest first."""
    return await asyncio.to_thread(_list, project.folder, _folder(project))


async def restore_here(project: Project, trashed: str, paths: Sequence[str]) -> None:
    """Bring paths of the local trash back; what is there now goes to the trash first."""
    await asyncio.to_thread(_restore, project.folder, _folder(project), trashed, list(paths))


def _folder(project: Project) -> str:
    if not project.folder:
        raise UsageError(f"{project.ref} has no folder here")
    return os.path.join(project.folder, ".mnix", "trash")  # noqa: PTH118 - a path as text


def _list(root: str, folder: str) -> list[Trashed]:
    from server_agent.trees import staging
    from server_agent.trees import trash as trees

    try:
        staging.check_own(root)
    except AgentError as error:
        raise wire.error(error.to_wire()) from error
    return [Trashed(*each) for each in trees.entries(folder)]


def _restore(root: str, folder: str, trashed: str, paths: list[str]) -> None:
    from server_agent.trees import staging
    from server_agent.trees import trash as trees

    try:
        staging.check_own(root)
        trees.restore(folder, trashed, paths, root)
    except AgentError as error:
        raise wire.error(error.to_wire()) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise SyncError("It can't be brought back", reason) from error
