"""Taking a project that another client made."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnix_tui.actions.link import quiet
from mnix_tui.config.project import load_project
from mnix_tui.domain.projects import Project
from mnix_tui.errors import MnixError, NotFound, UsageError
from mnix_tui.link import project_status
from mnix_tui.store import syncing as kept
from server_agent.protocol import mnixtoml
from server_agent.protocol.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    fetched; nothing on either side is overwritten. The folder is the project's once that has gone
    well: after a failure it can be adopted again. Raises ``UsageError``, ``NotFound``, and what
    link and agent raise.
    """
    project = _project(link.server.name, info)
    if folder is None:
        return await _keep(store, project, info), None
    folder = folder.expanduser().absolute()
    if project.in_place:
        raise UsageError(f"{project.name} works in a folder of its server itself")
    from mnix_tui.sync import syncing

    made = await asyncio.to_thread(_make, folder)
    try:
        project = await _keep(store, project, info)
        if {".mnix"}.issuperset(await asyncio.to_thread(os.listdir, folder)):
            # Nothing was deleted in it: all of what was agreed was in another one.
            await asyncio.to_thread(kept.forget, store.path, project)
        project = replace(project, folder=os.fspath(folder))
        report = await syncing.sync(
            link,
            store,
            project,
            direction="pull",
            dot_git=await _dot_git(link, project),
            progress=progress or quiet,
        )
    except BaseException:
        if made:
            with suppress(OSError):  # not empty: what came stays
                folder.rmdir()
        raise
    report = replace(report, notes=(*report.notes, *await _remotes(link, project)))
    return await _keep(store, project, info), report


async def _remotes(link: ActionLink, project: Project) -> list[str]:
    """Say how git here gets to know the remotes that a clone on the server has."""
    if not await asyncio.to_thread((Path(project.folder) / ".git").is_dir):
        return []
    from mnix_tui.sync import remotes

    try:
        text = (await link.agent.file(project.remote_id, ".git/config")).get("text")
    except MnixError:
        return []
    return await asyncio.to_thread(remotes.missing, project.folder, str(text or ""))


async def _keep(store: Store, project: Project, info: Mapping[str, Any]) -> Project:
    """Put a project into the store; return it as it is there."""
    await store.put_project(project)
    await store.put_status(
        project.server, {project.remote_id: project_status(dict(info), time.time())}
    )
    for view in await store.projects(project.server):
        if view.project.remote_id == project.remote_id:
            return view.project
    return project


async def _dot_git(link: ActionLink, project: Project) -> bool:
    """Say whether repositories go along, by the mnix.toml here or the one that will come."""
    path = Path(project.folder)
    if await asyncio.to_thread((path / mnixtoml.FILE_NAME).exists):
        return (await asyncio.to_thread(load_project, path)).sync.git
    import tomllib

    found = await link.agent.file(project.remote_id, mnixtoml.FILE_NAME)
    try:
        return mnixtoml.check(tomllib.loads(found.get("text") or "")).sync.git
    except (tomllib.TOMLDecodeError, RecursionError, AgentError):
        return True  # whoever rebuilds is told what is wrong with it


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


def _make(folder: Path) -> bool:
    """Make a folder; say whether it was not there."""
    new = not folder.exists()
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is not a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} can't be made", error.strerror or str(error)) from error
    return new
