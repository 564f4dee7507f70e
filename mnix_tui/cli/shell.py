"""``mnix shell``: a shell in a project's environment, in this terminal."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from mnix_tui.cli import output, target
from mnix_tui.cli.context import Context, link_options, pass_merged, target_options
from mnix_tui.errors import NotFound

if TYPE_CHECKING:
    from mnix_tui.cli.target import Target
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.servers import Server
    from mnix_tui.sessions import Exited


@click.command(
    short_help="Open a shell in a project's environment.",
    context_settings={"allow_interspersed_args": False},
)
@click.option("--bare", is_flag=True, help="Outside of the environment.")
@click.option("--attach", "-a", metavar="JOB", help="Come back to a shell (see mnix sessions).")
@click.option("--name", metavar="NAME", help="Name the session.")
@target_options
@link_options
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@pass_merged
def shell(
    context: Context, command: tuple[str, ...], bare: bool, attach: str | None, name: str | None
) -> int:
    """Open a shell in a project's environment, or COMMAND on a terminal there.

    It outlives the connection: a lost one is made again. The leader key (ctrl+\\), then d, leaves
    it running; --attach comes back.
    """
    from mnix_tui.cli import connect

    if attach:
        return connect.run(_attach(context, target.server_or_projects(context), attach))
    chosen = target.project(context)
    return connect.run(_open(context, chosen, list(command), bare, name))


async def _open(
    context: Context, chosen: Target, command: list[str], bare: bool, name: str | None
) -> int:
    from mnix_tui.actions.sessions import open_session
    from mnix_tui.cli import connect
    from mnix_tui.cli.terminal import Terminal

    terminal = Terminal(context.config.leader)
    cols, rows = terminal.size()
    async with connect.kept(context, chosen.server) as (_, link):
        job = await open_session(
            link,
            chosen.project,
            cols=cols,
            rows=rows,
            command=command or None,
            name=name,
            bare=bare,
            term=os.environ.get("TERM"),
        )
        end = await terminal.run(link, job)
    return _report(chosen.server, job, end)


async def _attach(context: Context, server: Server, wanted: str) -> int:
    from mnix_tui.cli import connect
    from mnix_tui.cli.terminal import Terminal

    terminal = Terminal(context.config.leader)
    async with connect.kept(context, server) as (_, link):
        found = [job for job in await link.agent.jobs(kind="session") if job.live]
        job = next((job for job in found if wanted in (job.id, job.title)), None)
        if job is None:
            names = ", ".join(job.id for job in found)
            raise NotFound(
                f"There is no session {wanted!r} on {server.name}",
                f"there are: {names}" if names else "none runs there",
                "mnix sessions lists them",
            )
        end = await terminal.run(link, job)
    return _report(server, job, end)


def _report(server: Server, job: Job, end: Exited | None) -> int:
    if end is None:
        output.note(
            f"mnix: left running; come back: mnix shell --server {output.visible(server.name)}"
            f" --attach {job.id}"
        )
        return 0
    if end.code is None:
        output.note(f"mnix: the session ended: {output.visible(end.reason or 'nobody knows how')}")
        return 1
    return end.code
