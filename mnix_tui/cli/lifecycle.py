"""``mnix start``, ``stop``, ``rm`` and ``rename``."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import click

from mnix_tui.cli import complete, output, target
from mnix_tui.cli.context import Context, link_options, pass_merged, target_options
from mnix_tui.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mnix_tui.cli.target import Target
    from mnix_tui.link import Link
    from mnix_tui.store.store import Store


def one_project(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add an optional NAME, and the target and link options."""

    @click.argument("name", required=False, shell_complete=complete.projects)
    @target_options
    @link_options
    @pass_merged
    @functools.wraps(command)
    def inner(context: Context, name: str | None, **options: Any) -> Any:
        return command(context, name or "", **options)

    return inner


@click.command()
@one_project
def start(context: Context, name: str) -> int:
    """Start a project's container."""
    from mnix_tui.actions import lifecycle

    chosen = target.project(context, name)
    _do(context, chosen, lambda store, link: lifecycle.start(store, link, chosen.project))
    click.echo(f"started project {output.visible(chosen.project.name)}")
    return 0


@click.command()
@one_project
def stop(context: Context, name: str) -> int:
    """Stop a project's container, and what runs in it."""
    from mnix_tui.actions import lifecycle

    chosen = target.project(context, name)
    _do(context, chosen, lambda store, link: lifecycle.stop(store, link, chosen.project))
    click.echo(f"stopped project {output.visible(chosen.project.name)}")
    return 0


@click.command()
@click.option("--yes", "-y", is_flag=True, help="Don't ask.")
@one_project
def rm(context: Context, name: str, yes: bool) -> int:
    """Remove a project, with its files on the server."""
    from mnix_tui.actions import lifecycle
    from mnix_tui.cli.select import pick

    chosen = target.project(context, name or context.project or pick(context))
    project = chosen.project
    shown = output.visible(project.ref)
    if not yes:
        if not output.on_terminal():
            raise UsageError(f"Nobody can be asked whether to remove {shown}", hint="add --yes")
        files = (
            f"Its folder {output.visible(project.folder)} stays."
            if project.in_place
            else f"Its files on {output.visible(project.server)} go with it."
        )
        if not click.confirm(f"Remove project {shown}? {files}", err=True):
            click.echo("Aborted.", err=True)
            return 1
    if not project.remote_id:  # an older mnix's, never rebuilt: nothing of ours is there
        from mnix_tui.cli import connect
        from mnix_tui.store.store import Store

        async def forget() -> None:
            async with Store.open(context.database) as store:
                await store.remove_project(project.ref)

        connect.run(forget())
        left = output.visible(project.legacy_workspace)
        output.note(f"mnix: what an older mnix made stays on {project.server}: {left}")
    else:
        _do(context, chosen, lambda store, link: lifecycle.remove(store, link, project))
    click.echo(f"removed project {output.visible(project.name)}")
    return 0


@click.command()
@click.argument("name", shell_complete=complete.projects)
@click.argument("new_name")
@target_options
@link_options
@pass_merged
def rename(context: Context, name: str, new_name: str) -> int:
    """Give a project another name."""
    from mnix_tui.actions import lifecycle

    chosen = target.project(context, name)
    _do(
        context, chosen, lambda store, link: lifecycle.rename(store, link, chosen.project, new_name)
    )
    click.echo(f"renamed project {output.visible(chosen.project.name)} to {new_name}")
    return 0


def _do(context: Context, chosen: Target, action: Callable[[Store, Link], Awaitable[Any]]) -> Any:
    from mnix_tui.cli import connect

    async def work() -> Any:
        async with connect.linked(context, chosen.server) as (store, link):
            return await action(store, link)

    return connect.run(work())
