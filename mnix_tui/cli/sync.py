"""``mnix sync``: the list of projects against what the servers have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mnix_tui.cli import output
from mnix_tui.cli.context import Context, link_options, pass_merged, server_option
from mnix_tui.domain.states import ProjectState
from mnix_tui.store import listing

if TYPE_CHECKING:
    from mnix_tui.domain.projects import Project


@click.command()
@click.option("--yes", "-y", is_flag=True, help="Forget what the servers no longer have.")
@server_option
@link_options
@pass_merged
def sync(context: Context, yes: bool) -> int:
    """Compare the list of projects with what the servers have.

    Projects that only a server has are added. One that its server no longer has is forgotten
    only if you say so.
    """
    from mnix_tui.cli.refresh import refresh

    before = {view.project.remote_id for view in listing.read(context.database).projects}
    code = 0
    for answer in refresh(context):
        if answer.error is not None:
            code = code or answer.error.exit_code
            continue
        name, views = output.visible(answer.server.name), answer.views
        added = [view.project for view in views if view.project.remote_id not in before]
        gone = [view.project for view in views if view.status.state is ProjectState.MISSING]
        for project in added:
            click.echo(f"{name} also has {output.visible(project.name)}: added")
        for project in gone:
            _forget(context, project, yes)
        if not added and not gone:
            click.echo(f"server {name} is in sync")
    return code


def _forget(context: Context, project: Project, yes: bool) -> None:
    shown = output.visible(project.ref)
    if not yes:
        if not output.on_terminal():
            click.echo(f"{shown} is missing there; kept (-y forgets it)")
            return
        question = f"{shown} is missing there. Forget it? (Its local folder stays.)"
        if not click.confirm(question, default=False, err=True):
            click.echo(f"kept {shown}")
            return
    from mnix_tui.cli import connect
    from mnix_tui.store.store import Store

    async def forget() -> None:
        async with Store.open(context.database) as store:
            await store.remove_project(project.ref)

    connect.run(forget())
    click.echo(f"forgot {shown}")
