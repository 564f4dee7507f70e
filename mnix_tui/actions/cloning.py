"""Making a project of a git repository that the server clones itself."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnix_tui.actions.create import made, undo
from mnix_tui.actions.link import quiet
from mnix_tui.domain import names
from mnix_tui.domain.projects import Project
from mnix_tui.domain.text import plain
from mnix_tui.errors import AlreadyExists, LinkLost
from mnix_tui.link import project_status, wire
from server_agent.protocol.lines import MAX_LINE, decode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mnix_tui.actions.link import ActionLink, Progress
    from mnix_tui.link import CommandChannel
    from mnix_tui.store.store import Store


@dataclass(frozen=True)
class Cloned:
    """What was cloned."""

    commit: str = ""
    branch: str = ""


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
    """Make a project whose files the server clones itself: it has no folder here.

    A failure leaves nothing behind, neither here nor there. ``forward_agent`` lets the server use
    this machine's SSH keys while it clones. Raises ``NameInvalid``, ``AlreadyExists``, and what
    link and agent raise.
    """
    names.check(name)
    tell = progress or quiet
    server = link.server.name
    if any(view.project.name == name for view in await store.projects(server)):
        raise AlreadyExists(
            f"There is a project {name!r} on {server} already",
            hint="choose another name, or remove it first: mnix rm",
        )
    tell("creating the project", 0, None)
    info = await made(link, name, isolation=isolation, flake=flake or "flake.nix")
    project = Project(
        name=name, server=server, remote_id=str(info["id"]), flake=flake or "flake.nix"
    )
    try:
        await _clone(link, project, url, ref, forward_agent, tell)
        info = await link.agent.project(project.remote_id)
        await store.put_project(project)
        await store.put_status(server, {project.remote_id: project_status(info, time.time())})
    except BaseException as error:
        await asyncio.shield(undo(store, link, project, error))
        raise
    return project


async def _clone(
    link: ActionLink, project: Project, url: str, ref: str, forward: bool, tell: Progress
) -> Cloned:
    args = ["clone", "--project", project.remote_id, "--url", url]
    if ref:
        args += ["--ref", ref]
    channel = await link.command(*args, bulk=True, forward_agent=forward)
    try:
        async for said in _lines(channel):
            if "error" in said:
                title = "The repository could not be cloned"
                raise wire.error(said["error"], title, server=link.server.name)
            if isinstance(done := said.get("done"), dict):
                return Cloned(plain(done.get("commit") or ""), plain(done.get("branch") or ""))
            share = said.get("fraction")
            percent = f" {share:.0%}" if isinstance(share, float | int) and 0 <= share <= 1 else ""
            tell(f"cloning: {plain(said.get('progress') or '')[:100]}{percent}", 0, None)
    finally:
        await channel.close()
    raise LinkLost("The clone was cut off", "the server ended without an answer", "try again")


async def _lines(channel: CommandChannel) -> AsyncIterator[dict[str, Any]]:
    data = b""
    while piece := await channel.read():
        data += piece
        *whole, data = data.split(b"\n")
        for line in whole:
            yield decode(line)
        if len(data) > MAX_LINE:
            raise LinkLost("The server's answer can't be understood", "a line is too long")
