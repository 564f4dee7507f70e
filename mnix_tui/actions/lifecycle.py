"""Starting, stopping, removing, renaming and rolling back projects."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from mnix_tui.actions.rebuilding import require_id
from mnix_tui.domain import names
from mnix_tui.errors import NotFound
from mnix_tui.link import project_status

if TYPE_CHECKING:
    from mnix_tui.actions.link import ActionLink
    from mnix_tui.domain.projects import Project, ProjectStatus
    from mnix_tui.store.store import Store


async def start(store: Store, link: ActionLink, project: Project) -> ProjectStatus:
    """Start a project's container."""
    return await _noted(store, project, await link.agent.start(require_id(project)))


async def stop(store: Store, link: ActionLink, project: Project) -> ProjectStatus:
    """Stop a project's container, and what runs in it."""
    return await _noted(store, project, await link.agent.stop(require_id(project)))


async def rollback(
    store: Store, link: ActionLink, project: Project, generation: int | None = None
) -> ProjectStatus:
    """Switch to an older environment; ``None``: the one before."""
    info = await link.agent.rollback(require_id(project), generation)
    return await _noted(store, project, info)


async def rename(store: Store, link: ActionLink, project: Project, name: str) -> Project:
    """Give a project another name, there and here; its id stays."""
    names.check(name)
    if project.remote_id:
        await link.agent.rename(project.remote_id, name)
    return await store.rename_project(project.ref, name)


async def remove(store: Store, link: ActionLink, project: Project) -> None:
    """Remove a project from its server, with its files there, and from the store.

    A folder that is used in place stays. One that the server no longer has is just forgotten.
    """
    if project.remote_id:
        try:
            await link.agent.remove(project.remote_id)
        except NotFound:
            pass
    await store.remove_project(project.ref)


async def _noted(store: Store, project: Project, info: dict[str, Any]) -> ProjectStatus:
    status = project_status(info, time.time())
    await store.put_status(project.server, {project.remote_id: status})
    return status
