"""Making a project: on the server, with its files, and in the store. Or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnix_tui.actions.link import ActionLink, Progress, quiet
from mnix_tui.actions.warming import warm_up as warm
from mnix_tui.config.project import load_project
from mnix_tui.domain import names
from mnix_tui.domain.projects import Project
from mnix_tui.errors import AlreadyExists, LinkError, MnixError, NotFound
from mnix_tui.link import project_status
from mnix_tui.sync.roots import Root, find_flakes, find_root

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.domain.jobs import Job
    from mnix_tui.store.store import Store
    from mnix_tui.sync.ahead import Warn
    from mnix_tui.sync.model import SyncReport

TAKING_BACK = 10.0
"""Seconds that the server has to say that it made what nobody wants any more, and to remove it."""


async def new_project(
    store: Store,
    link: ActionLink,
    *,
    name: str,
    folder: Path | None = None,
    flake: str | None = None,
    isolation: str | None = None,
    copy: bool = False,
    progress: Progress | None = None,
    warn: Warn | None = None,
    pushed: Callable[[SyncReport], None] | None = None,
    warm_up: bool = False,
    warming: Callable[[Job], None] | None = None,
) -> Project:
    """Make a project of a folder (default: the flake's repository) and send its files.

    On ``local`` the folder is used in place, unless it is to be a ``copy``. ``isolation``:
    ``container``, ``host``, or what mnix.toml says, else a container. ``warn`` is told of secrets
    and large files before they are sent, ``pushed`` of what was. ``warm_up``: its environment is
    built at once, in the background, unless mnix.toml
    refuses; ``warming`` is told of that job. A failure leaves nothing behind, neither here nor
    there. Raises ``NameInvalid``, ``AlreadyExists``, ``NotFound`` (no
    flake), ``ConfigError`` (mnix.toml), and what link and agent raise.
    """
    names.check(name)
    tell = progress or quiet
    server = link.server.name
    if any(view.project.name == name for view in await store.projects(server)):
        raise AlreadyExists(
            f"There is a project {name!r} on {server} already",
            hint="choose another name, or remove it first: mnix rm",
        )
    root = await asyncio.to_thread(_root, folder, flake)
    settings = await asyncio.to_thread(load_project, root.folder)
    wanted = isolation or settings.isolation or None
    in_place = link.server.is_local and not copy
    tell("creating the project", 0, None)
    info = await made(
        link,
        name,
        isolation=wanted,
        flake=root.flake,
        in_place=os.fspath(root.folder) if in_place else None,
    )
    project = Project(
        name=name,
        server=server,
        remote_id=str(info["id"]),
        folder=os.fspath(root.folder),
        flake=root.flake,
        in_place=in_place,
    )
    try:
        if not in_place:
            from mnix_tui.sync.syncing import sync  # most commands need none of it

            # It is in the store first: what is agreed file by file belongs to it there.
            await store.put_project(project)
            report = await sync(
                link, store, project, dot_git=settings.sync.git, progress=tell, warn=warn
            )
            if pushed:
                pushed(report)
            info = await link.agent.project(project.remote_id)
        await store.put_project(project)
        await store.put_status(server, {project.remote_id: project_status(info, time.time())})
    except BaseException as error:
        await asyncio.shield(undo(store, link, project, error))
        raise
    if warm_up:
        tell("starting the warm-up", 0, None)
        job = await warm(link, project, tell)
        if job and warming:
            warming(job)
    return project


async def made(
    link: ActionLink, name: str, *, flake: str, isolation: str | None, in_place: str | None = None
) -> dict[str, Any]:
    """Have the server make a project. When that is stopped meanwhile it is taken back, as soon as
    the server has said that it made it."""
    making = asyncio.ensure_future(
        link.agent.create_project(name, isolation=isolation, flake=flake, in_place=in_place)
    )
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        await asyncio.shield(_take_back(link, making))
        raise
    except LinkError as error:
        _may_be_left(error, link.server.name, name)
        raise


async def _take_back(link: ActionLink, making: asyncio.Future[dict[str, Any]]) -> None:
    with contextlib.suppress(MnixError, TimeoutError):
        async with asyncio.timeout(TAKING_BACK):
            await link.agent.remove(str((await making)["id"]))


def _may_be_left(error: MnixError, server: str, name: str) -> None:
    left = f"{server} may still have the new project {name}"
    error.detail = f"{error.detail}\n{left}".strip()
    error.hint = error.hint or f"once it answers: mnix sync, then mnix rm {name}@{server}"


async def undo(store: Store, link: ActionLink, project: Project, error: BaseException) -> None:
    """Remove what was made; where the server can't be reached, say that it was not."""
    known = await store.projects(project.server)
    if any(view.project.remote_id == project.remote_id for view in known):
        await store.remove_project(project.ref)
    try:
        await link.agent.remove(project.remote_id)
    except LinkError:
        if isinstance(error, MnixError):
            _may_be_left(error, project.server, project.name)
    except MnixError as other:
        error.add_note(f"the new project could not be removed again: {other}")


def _root(folder: Path | None, flake: str | None) -> Root:
    """Return what to send. Blocks."""
    if folder is None:
        return find_root(Path(flake or "flake.nix"))
    folder = folder.expanduser().absolute()
    if not folder.is_dir():
        raise NotFound(f"There is no folder {folder}")
    if flake is None:
        flake = load_project(folder).flake or next(iter(find_flakes(folder)), None)
    if flake is None:
        raise NotFound(
            f"There is no flake.nix in {folder}",
            "a project's environment is described by one",
            "make one (nix flake init), or name it with -f",
        )
    return find_root(folder / flake, folder)
