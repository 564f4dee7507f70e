"""``mnix rebuild-switch``: push, build, switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mnix_tui.cli import target
from mnix_tui.cli.context import Context, link_options, pass_merged, target_options

if TYPE_CHECKING:
    from mnix_tui.cli.target import Target


@click.command("rebuild-switch", short_help="Send the files, build the environment, switch to it.")
@click.argument("flake", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print events, one JSON object a line.")
@click.option("--detach", "-d", is_flag=True, help="Start the build, and don't follow it.")
@target_options
@link_options
@pass_merged
def rebuild_switch(context: Context, flake: str | None, as_json: bool, detach: bool) -> int:
    """Send the files, build the environment, and switch to it if that worked.

    FLAKE is another flake.nix from now on. The build goes on when this command is interrupted.
    """
    from mnix_tui.cli import connect

    chosen = target.project(context)
    return connect.run(_rebuild(context, chosen, flake, as_json, detach))


async def _rebuild(
    context: Context, chosen: Target, flake: str | None, as_json: bool, detach: bool
) -> int:
    from mnix_tui.actions.rebuild import rebuild
    from mnix_tui.cli import connect, follow, output

    async with connect.kept(context, chosen.server) as (store, link):
        line = connect.ProgressLine()
        try:
            job = await rebuild(
                store,
                link,
                chosen.project,
                flake=flake,
                progress=line,
                pushed=lambda report: connect.say_notes(line, report),
            )
        finally:
            line.clear()
        views = await store.projects(chosen.server.name)
        project = next(v.project for v in views if v.project.remote_id == job.project_id)
        if project.name != chosen.project.name:
            before = output.visible(repr(chosen.project.name))
            output.note(f"mnix: project {before} is called {project.name} from now on")
        if detach:
            click.echo(f"job {job.id}: follow it with mnix logs -f --job {job.id}")
            return 0
        return await follow.rebuild(store, link, project, job, as_json)
