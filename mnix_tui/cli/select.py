"""``mnix select``: the project that commands mean when none is named."""

from __future__ import annotations

import click

from mnix_tui.cli import complete, output, target
from mnix_tui.cli.context import Context, pass_merged, server_option
from mnix_tui.domain.text import few
from mnix_tui.errors import NotFound, UsageError
from mnix_tui.store import listing


@click.command()
@click.argument("name", required=False, shell_complete=complete.projects)
@server_option
@pass_merged
def select(context: Context, name: str | None) -> int:
    """Select the project that commands mean when none is named."""
    ref = name or context.project or pick(context)
    chosen = target.project(context, ref).project
    from mnix_tui.cli import connect
    from mnix_tui.store.store import Store

    async def put() -> None:
        async with Store.open(context.database) as store:
            await store.select(chosen.ref)

    connect.run(put())
    click.echo(f"selected project {output.visible(chosen.ref)}")
    return 0


def pick(context: Context) -> str:
    """Let a person choose one of the projects; return its ref."""
    views = listing.read(context.database).projects
    projects = [view.project for view in views if context.server in ("", view.project.server)]
    if not projects:
        raise NotFound("There are no projects yet", hint="mnix new NAME makes one")
    if len(projects) == 1:
        return projects[0].ref
    if not output.on_terminal():
        listed = few([each.ref for each in projects])
        raise UsageError("Which project?", listed, "name it")
    rows = [[str(at), each.name, each.server] for at, each in enumerate(projects, 1)]
    output.table(("#", "NAME", "SERVER"), rows)
    number: int = click.prompt(
        "Project number", type=click.IntRange(1, len(projects)), show_choices=False
    )
    return projects[number - 1].ref
