"""``mnix exec``: run a command in a project's environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mnix_tui.cli import target
from mnix_tui.cli.begin import begin
from mnix_tui.cli.context import Context, link_options, pass_merged, target_options
from mnix_tui.errors import UsageError

if TYPE_CHECKING:
    from mnix_tui.cli.target import Target


@click.command(
    "exec",
    short_help="Run a command in a project's environment.",
    context_settings={"allow_interspersed_args": False},
)
@click.option("--bare", is_flag=True, help="Run it outside of the environment.")
@click.option("--detach", "-d", is_flag=True, help="Let it run on the server; print the job's id.")
@target_options
@link_options
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@pass_merged
def execute(context: Context, command: tuple[str, ...], bare: bool, detach: bool) -> int:
    """Run COMMAND in a project's environment; its exit code is ours.

    Everything from the command's name on belongs to the command.
    """
    if not command:
        raise UsageError("There is no command to run", hint="mnix exec -- COMMAND…")
    context.quiet = True
    chosen = target.project(context)
    begin(context, chosen.server)
    from mnix_tui.cli import connect

    if detach:
        return connect.run(_detached(context, chosen, list(command), bare))
    from mnix_tui.cli import stdio

    return connect.run(stdio.execute(context, chosen, list(command), bare))


async def _detached(context: Context, chosen: Target, command: list[str], bare: bool) -> int:
    from mnix_tui.actions.rebuilding import require_id
    from mnix_tui.cli import connect

    project_id = require_id(chosen.project)
    async with connect.linked(context, chosen.server) as (_, link):
        job = await link.agent.start_job(project_id, command, bare=bare, title=command[0])
    click.echo(job.id)
    return 0
