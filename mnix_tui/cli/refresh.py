"""Asking servers what they have, and noting it in the store."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mnix_tui.cli import connect, output
from mnix_tui.cli.loop import asyncio
from mnix_tui.domain.servers import ServerStatus
from mnix_tui.domain.states import ServerState
from mnix_tui.errors import MnixError
from mnix_tui.fleet.local_inputs import LocalInputs
from mnix_tui.fleet.merge import merge, with_drift
from mnix_tui.link import LinkOptions, open_link
from mnix_tui.store import refs
from mnix_tui.store.store import Store

if TYPE_CHECKING:
    from mnix_tui.cli.context import Context
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.domain.servers import Server
    from mnix_tui.link.model import StateSnapshot


@dataclass(frozen=True)
class Answer:
    """What a server said, or why it did not."""

    server: Server
    views: tuple[ProjectView, ...] = ()
    """Its projects, with what differs between here, there and what runs."""
    rebuilds: tuple[Job, ...] = ()
    """The rebuilds that run."""
    error: MnixError | None = None


def refresh(context: Context, tag: str | None = None) -> list[Answer]:
    """Ask the named server, all or those with a tag, at the same time; say which ones failed."""
    answers = connect.run(_refresh(context, tag))
    for answer in answers:
        if (error := answer.error) is not None:
            name = answer.server.name
            text = str(error).removeprefix(f"{name}: ")
            output.note(f"mnix: {output.visible(f'{name}: {text}')}")
            if error.hint:
                output.note(f"  → {output.visible(error.hint)}")
    return answers


async def _refresh(context: Context, tag: str | None) -> list[Answer]:
    async with Store.open(context.database) as store:
        servers = refs.narrow(await store.servers(), context.server, tag)
        options = connect.asking_in_turn(connect.link_options(context))
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(_ask(store, each, options)) for each in servers]
        return [task.result() for task in asked]


async def _ask(store: Store, server: Server, options: LinkOptions) -> Answer:
    try:
        async with open_link(server, options) as link:
            said = await link.agent.state()
    except MnixError as error:
        await store.put_server_status(server.name, connect.trouble(server, error))
        return Answer(server, error=error)
    views = await _noted(store, server, said)
    inputs = LocalInputs(lambda: [view.project for view in views], lambda: None)
    await inputs.look()
    drifting = (with_drift(view, inputs.of(view.project)) for view in views)
    rebuilds = (job for job in said.jobs if job.kind == "rebuild" and job.live)
    return Answer(server, tuple(drifting), tuple(rebuilds))


async def learn(context: Context, server: Server) -> int | None:
    """Note what a server that was just tried has, and return how many projects that is.

    Nobody is asked again: ``None`` where it takes a person, or does not work any more.
    """
    options = replace(connect.link_options(context), ask_host_key=None, ask_secret=None)
    try:
        async with open_link(server, options) as link:
            said = await link.agent.state()
    except MnixError:
        return None
    async with Store.open(context.database) as store:
        return len(await _noted(store, server, said))


async def _noted(store: Store, server: Server, said: StateSnapshot) -> list[ProjectView]:
    now = time.time()
    await store.put_server_status(server.name, ServerStatus(ServerState.ONLINE, seen=now))
    views, new = merge(server, await store.projects(server.name), said, now)
    for project in new:
        await store.put_project(project)
    statuses = {view.project.remote_id or view.project.name: view.status for view in views}
    await store.put_status(server.name, statuses)
    return list(views)
