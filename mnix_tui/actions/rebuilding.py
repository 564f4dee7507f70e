"""Pushing a project's files, and rebuilding its environment."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mnix_tui.actions import warming
from mnix_tui.actions.link import ActionLink, Progress, quiet
from mnix_tui.config.project import load_project
from mnix_tui.domain import names
from mnix_tui.errors import AlreadyExists, Busy, UsageError
from mnix_tui.link import project_status
from mnix_tui.store.syncing import set_older
from mnix_tui.sync.roots import find_root

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project
    from mnix_tui.store.store import Store
    from mnix_tui.sync.ahead import Warn
    from mnix_tui.sync.model import SyncReport


async def push(
    store: Store,
    link: ActionLink,
    project: Project,
    progress: Progress | None = None,
    *,
    warn: Warn | None = None,
) -> SyncReport:
    """Send what changed here, and fetch what changed there where mnix.toml says so.

    Conflicts stay as they are, and are said. Raises ``UsageError`` when there is nothing to send,
    ``SyncError``, and what link and agent raise.
    """
    from mnix_tui.actions.sync import sync_project

    report = await sync_project(store, link, project, progress, warn=warn)
    await observe(store, link, project)
    return report


async def rebuild(
    store: Store,
    link: ActionLink,
    project: Project,
    *,
    flake: str | None = None,
    dev_shell: str | None = None,
    override_inputs: Mapping[str, str] | None = None,
    impure: bool = False,
    progress: Progress | None = None,
    warn: Warn | None = None,
    pushed: Callable[[SyncReport], None] | None = None,
    cause: str = "",
) -> Job:
    """Push the files, unless they are in place, and start to build the environment.

    ``flake`` is another flake from now on: a path below the project's folder, or anywhere.
    ``dev_shell``, ``override_inputs`` (a flake reference for an input's name) and ``impure`` count
    for this once; mnix.toml says what lasts. ``warn`` is told of secrets and large files before
    they are sent for the first time, ``pushed`` of what was. A warm-up that
    runs is waited for; any other rebuild is ``Busy``. The job goes on without this client.
    """
    tell = progress or quiet
    if flake:
        project = await asyncio.to_thread(_with_flake, project, flake)
    if not project.remote_id:
        project = await adopt(store, link, project, tell)

    async def start() -> Job:
        if project.folder and not project.in_place:
            report = await push(store, link, project, tell, warn=warn)
            if pushed:
                pushed(report)
        tell("starting the build", 0, None)
        return await link.agent.rebuild(
            require_id(project),
            project.flake if flake else None,
            dev_shell=dev_shell,
            override_inputs=override_inputs,
            impure=impure,
            cause=cause,
        )

    await warming.wait(link, project, tell)
    try:
        job = await start()
    except Busy:  # a server that has just started warms its projects up too, at any moment
        if not await warming.wait(link, project, tell):
            raise
        job = await start()
    await store.put_project(project)
    return job


async def adopt(
    store: Store, link: ActionLink, project: Project, progress: Progress = quiet
) -> Project:
    """Make a project of an older mnix one of this mnix's, with the files that it had there."""
    name = project.name if names.is_valid(project.name) else names.suggest(project.name)
    progress("taking over the older project", 0, None)
    isolation = None
    if project.folder and Path(project.folder).is_dir():
        isolation = (await asyncio.to_thread(load_project, Path(project.folder))).isolation
    taken = {view.project.name for view in await store.projects(project.server)} - {project.name}
    if not name or name in taken:
        raise AlreadyExists(
            f"{project.name!r} needs another name now",
            "names are lower case letters, digits and - . _ between them",
            f"mnix rename {project.ref!r} NEW-NAME",
        )
    info = await link.agent.create_project(
        name,
        isolation=isolation or None,
        flake=project.flake,
        legacy_workspace=project.legacy_workspace or None,
    )
    if name != project.name:
        await store.rename_project(project.ref, name)
    project = replace(project, name=name, remote_id=str(info["id"]))
    await store.put_project(project)
    await asyncio.to_thread(set_older, store.path, project)
    return project


async def observe(store: Store, link: ActionLink, project: Project) -> None:
    """Note how a project is now."""
    info = await link.agent.project(require_id(project))
    status = project_status(info, time.time())
    await store.put_status(project.server, {project.remote_id: status})


def require_id(project: Project) -> str:
    """Return a project's id on its server; raise ``UsageError`` if it has none yet."""
    if not project.remote_id:
        raise UsageError(
            f"{project.name} was made by an older mnix",
            "its environment has to be built once with this one",
            f"mnix rebuild-switch --project {project.ref!r}",
        )
    return project.remote_id


def _with_flake(project: Project, flake: str) -> Project:
    """Return the project with another flake, in its own folder or elsewhere. Blocks."""
    inside = Path(project.folder, flake)
    if project.folder and inside.exists() and inside.is_relative_to(project.folder):
        root = find_root(inside, Path(project.folder))
    else:
        root = find_root(Path(flake))
    if project.in_place and os.fspath(root.folder) != project.folder:
        raise UsageError(
            f"{root.folder / root.flake} is not in {project.folder}",
            f"{project.name} works in that folder itself",
            "make another project of the other folder: mnix new",
        )
    return replace(project, folder=os.fspath(root.folder), flake=root.flake)
