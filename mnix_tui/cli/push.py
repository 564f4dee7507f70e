"""``mnix push``: send the files, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mnix_tui.cli import output, target
from mnix_tui.cli.lifecycle import one_project

if TYPE_CHECKING:
    from mnix_tui.cli.context import Context


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@one_project
def push(context: Context, name: str, as_json: bool) -> int:
    """Send a project's files to its server.

    What only the server has stays; what is replaced there is kept in the project's trash.
    """
    from mnix_tui.actions.rebuild import push as send
    from mnix_tui.cli import connect

    chosen = target.project(context, name)

    async def work() -> int:
        async with connect.linked(context, chosen.server) as (store, link):
            line = connect.ProgressLine()
            try:
                report = await send(store, link, chosen.project, line)
            finally:
                line.clear()
        if as_json:
            from dataclasses import asdict

            output.print_json(asdict(report))
            return 0
        connect.say_notes(line, report)
        click.echo(
            f"pushed {report.files} files ({output.size(report.bytes)}) in {report.seconds:.1f} s:"
            f" {report.changed} changed, {report.trashed} older ones in the trash"
        )
        return 0

    return connect.run(work())
