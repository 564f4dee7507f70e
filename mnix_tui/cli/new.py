"""``mnix new``: a project of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mnix_tui.cli import output, target
from mnix_tui.cli.context import Context, link_options, pass_merged, server_option
from mnix_tui.domain import names

if TYPE_CHECKING:
    from mnix_tui.domain.servers import Server


@click.command(short_help="Make a project of a folder, and build its environment.")
@click.argument("name")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option(
    "--flake",
    "-f",
    help="The project's flake.nix. Default: the likeliest one of FOLDER (or of this folder).",
)
@click.option(
    "--isolation",
    type=click.Choice(["container", "host"]),
    help="Where it runs. Default: a container.",
)
@click.option("--copy", is_flag=True, help="On local: work on a copy, not in the folder itself.")
@click.option("--no-build", is_flag=True, help="Don't build the environment yet.")
@server_option
@link_options
@pass_merged
def new(
    context: Context,
    name: str,
    folder: Path | None,
    flake: str | None,
    isolation: str | None,
    copy: bool,
    no_build: bool,
) -> int:
    """Make project NAME of FOLDER on a server, send the files, and build the environment.

    With --flake and no FOLDER, the whole repository around the flake is the project's folder.
    """
    from mnix_tui.cli import connect

    names.check(name)
    server = target.server(context)
    if folder is None and flake is None:
        folder = Path.cwd()
    return connect.run(_new(context, server, name, folder, flake, isolation, copy, no_build))


async def _new(
    context: Context,
    server: Server,
    name: str,
    folder: Path | None,
    flake: str | None,
    isolation: str | None,
    copy: bool,
    no_build: bool,
) -> int:
    from mnix_tui.actions.create import new_project
    from mnix_tui.cli import connect, follow

    async with connect.kept(context, server) as (store, link):
        line = connect.ProgressLine()
        try:
            project = await new_project(
                store,
                link,
                name=name,
                folder=folder,
                flake=flake,
                isolation=isolation,
                copy=copy,
                progress=line,
                pushed=lambda report: connect.say_notes(line, report),
            )
        finally:
            line.clear()
        await store.select(project.ref)
        where = f"{server.name}, in {project.folder}" if project.in_place else server.name
        click.echo(f"made project {name} on {output.visible(where)}")
        if no_build:
            return 0
        job = await link.agent.rebuild(project.remote_id)
        code = await follow.rebuild(store, link, project, job)
        if code == 1:
            output.note(f"mnix: {name} is there without an environment: mnix rebuild-switch")
        return code
