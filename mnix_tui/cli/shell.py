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


@click.command(context_settings={"allow_interspersed_args": False})
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
    chosen = target.project(context)
    from mnix_tui.cli import connect

    return connect.run(_shell(context, chosen, list(command), bare, attach or "", name))


async def _shell(
    context: Context, chosen: Target, command: list[str], bare: bool, attach: str, name: str | None
) -> int:
    from mnix_tui.actions.sessions import open_session
    from mnix_tui.cli import connect
    from mnix_tui.cli.terminal import Terminal

    terminal = Terminal(context.config.leader)
    cols, rows = terminal.size()
    async with connect.kept(context, chosen.server) as (_, link):
        if attach:
            found = [job for job in await link.agent.jobs(kind="session") if job.live]
            job = next((job for job in found if attach in (job.id, job.title)), None)
            if job is None:
                raise NotFound(
                    f"There is no session {attach!r} on {chosen.server.name}", hint="mnix sessions"
                )
        else:
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
    if end is None:
        server = output.visible(chosen.server.name)
        output.note(f"mnix: left running; come back: mnix shell --server {server} -a {job.id}")
        return 0
    if end.code is None:
        output.note(f"mnix: the session ended: {output.visible(end.reason or 'nobody knows how')}")
        return 1
    return end.code
