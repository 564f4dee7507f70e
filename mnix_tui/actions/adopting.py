"""Taking a project that another client made."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mnix_tui.actions.link import quiet
from mnix_tui.domain.projects import Project
from mnix_tui.errors import NotFound, UsageError
from mnix_tui.link import project_status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mnix_tui.actions.link import ActionLink, Progress
    from mnix_tui.store.store import Store
    from mnix_tui.sync.model import SyncReport


async def adopt(
    store: Store,
    link: ActionLink,
    info: Mapping[str, Any],
    folder: Path | None = None,
    progress: Progress | None = None,
) -> tuple[Project, SyncReport | None]:
    """Take a project that another client made, by the server's ProjectInfo.

    With a folder (made where it is missing) its files are compared with the workspace's, and then
    fetched; nothing on either side is overwritten. Raises ``UsageError``, ``NotFound``, and what
    link and agent raise.
    """
    project = _project(link.server.name, info)
    if folder is not None:
        folder = folder.expanduser().absolute()
        if project.in_place:
            raise UsageError(f"{project.name} works in a folder of its server itself")
        await asyncio.to_thread(_make, folder)
        project = replace(project, folder=os.fspath(folder))
    await store.put_project(project)
    await store.put_status(
        project.server, {project.remote_id: project_status(dict(info), time.time())}
    )
    for view in await store.projects(project.server):
        if view.project.remote_id == project.remote_id:
            project = view.project
    if folder is None:
        return project, None
    from mnix_tui.sync import syncing

    report = await syncing.sync(link, store, project, direction="pull", progress=progress or quiet)
    return project, report


def _project(server: str, info: Mapping[str, Any]) -> Project:
    if not info.get("id"):
        raise NotFound("The server has no such project")
    return Project(
        name=str(info.get("name") or info["id"]),
        server=server,
        remote_id=str(info["id"]),
        flake=str(info.get("flake") or "flake.nix"),
        in_place=bool(info.get("in_place")),
    )


def _make(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is not a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} can't be made", error.strerror or str(error)) from error
