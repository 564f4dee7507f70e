"""``mnix shell``: a shell in a project's environment, in this terminal."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

import click

from mnix_tui.cli import output, target
from mnix_tui.cli.context import Context, link_options, pass_merged, target_options
from mnix_tui.errors import NotFound, UsageError

if TYPE_CHECKING:
    from mnix_tui.cli.target import Target
    from mnix_tui.cli.terminal import Left
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.servers import Server
    from mnix_tui.sessions import Exited


@click.command(
    short_help="Open a shell in a project's environment.",
    context_settings={"allow_interspersed_args": False},
)
@click.option("--bare", is_flag=True, help="Outside of the environment.")
@click.option(
    "--attach",
    "-a",
    is_flag=False,
    flag_value="",
    metavar="[NAME]",
    help="Come back to a session, by its name or id; without one, to the one used last.",
)
@click.option("--name", metavar="NAME", help="Name the session: unique among the project's.")
@target_options
@link_options
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@pass_merged
def shell(
    context: Context, command: tuple[str, ...], bare: bool, attach: str | None, name: str | None
) -> int:
    """Open a shell in a project's environment, or COMMAND on a terminal there.

    It outlives the connection: a lost one is made again, and what was typed meanwhile is sent
    then. The leader key (ctrl+\\), then d, leaves it running; --attach comes back, from as many
    terminals at once as you like. The leader, then ?, shows what else it can do.

    A pipe or a file on stdin is what the shell or COMMAND reads, up to its end.
    """
    from mnix_tui.cli import connect

    if attach is not None:
        if command or name or bare:
            raise UsageError("--attach comes back to what runs", "it takes no command or name")
        return connect.run(_attach(context, attach))
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
    async with connect.linked(context, chosen.server, stays=True) as (_, link):
        job = await open_session(
            link,
            chosen.project,
            cols=cols,
            rows=rows,
            command=command or None,
            name=name,
            bare=bare,
            term=os.environ.get("TERM"),
            piped=terminal.piped,
        )
        end = await terminal.run(link, job, piped=terminal.piped)
    return _report(chosen.server, job, end)


async def _attach(context: Context, wanted: str) -> int:
    from mnix_tui.actions.sessions import find_session
    from mnix_tui.cli import connect
    from mnix_tui.cli.terminal import Terminal

    server, project = _place(context)
    terminal = Terminal(context.config.leader)
    async with connect.linked(context, server, stays=True) as (_, link):
        jobs = await link.agent.jobs(kind="session")
        if context.project:
            jobs = [job for job in jobs if job.project_id == project]
        job = find_session(jobs, wanted, prefer=project)
        end = await terminal.run(link, job)
    return _report(server, job, end)


def _place(context: Context) -> tuple[Server, str]:
    """Return the server that is meant, and the id there of the project, if one is meant."""
    if context.server and not context.project:
        return target.server(context), ""
    try:
        chosen = target.project(context)
    except (NotFound, UsageError):
        if context.project:
            raise
        return target.server(context), ""
    return chosen.server, chosen.project.remote_id


def _report(server: Server, job: Job, end: Exited | Left) -> int:
    from mnix_tui.cli.terminal import Left

    if isinstance(end, Left):
        if output.on_terminal():
            output.note("")  # the cursor stands behind the prompt
        if end.unsent:
            output.note(
                f"mnix: the last {end.unsent} bytes that were typed were not sent, or not confirmed"
            )
        called = shlex.quote(output.visible(job.name or job.id))
        output.note(
            f"mnix: left running; come back: mnix shell --server {output.visible(server.name)}"
            f" --attach {called}"
        )
        return 0
    if end.unsent:
        output.note(
            f"mnix: the session ended before it took the last {end.unsent} bytes that were typed"
        )
    if end.code is None:
        output.note(f"mnix: the session ended: {output.visible(end.reason or 'nobody knows how')}")
        return 1
    return end.code
