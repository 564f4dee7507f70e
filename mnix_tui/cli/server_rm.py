"""``mnix server rm``: forget a server, or remove all that is ours there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mnix_tui.cli import complete, output
from mnix_tui.cli.context import Context, link_options, pass_merged
from mnix_tui.errors import LinkError, Refused, RemoteError, UsageError

if TYPE_CHECKING:
    from mnix_tui.actions.servers import Purged
    from mnix_tui.domain.servers import Server
    from mnix_tui.link import Link

LISTED = 20
"""Projects that a question lists."""


@click.command("rm", short_help="Forget a server; --purge removes all that is mnix's there.")
@click.argument("name", shell_complete=complete.stored_servers)
@click.option("--forget", is_flag=True, help="Forget its projects too; they stay on the server.")
@click.option("--purge", is_flag=True, help="Remove all that is mnix's and yours from it first.")
@click.option("--force", is_flag=True, help="With --purge: end sessions and rebuilds that run.")
@click.option("--yes", "-y", is_flag=True, help="With --purge: don't ask.")
@link_options
@pass_merged
def rm(context: Context, name: str, forget: bool, purge: bool, force: bool, yes: bool) -> int:
    """Forget a server; nothing is changed there. One that has projects is not forgotten.

    With --forget its projects are forgotten too, and stay there. With --purge they are removed
    with their files, containers and volumes, and so is mnix's agent; what is not mnix's, or
    another user's, stays.
    """
    from mnix_tui.actions.servers import remove_server
    from mnix_tui.cli import connect
    from mnix_tui.store.store import Store

    if forget and purge:
        raise UsageError("--forget leaves what --purge removes", hint="choose one of both")
    if (force or yes) and not purge:
        raise UsageError(f"{'--force' if force else '--yes'} is for --purge")

    async def take() -> bool:
        async with Store.open(context.database) as store:
            server = await store.server(name)
            if purge and not await _purged(context, server, force=force, yes=yes):
                return False
            await remove_server(store, name, forget or purge)
        return True

    if not connect.run(take()):
        click.echo("Aborted.", err=True)
        return 1
    click.echo(f"removed server {output.visible(name)}")
    return 0


async def _purged(context: Context, server: Server, *, force: bool, yes: bool) -> bool:
    """Remove what is ours; false when somebody was asked and would rather not."""
    from mnix_tui.actions.servers import purge
    from mnix_tui.cli import connect

    if server.is_local:
        raise UsageError("'local' is this machine", "it can't be removed")
    if not yes and not output.on_terminal():
        raise UsageError(
            f"Nobody can be asked whether to purge {output.visible(server.name)}", hint="add --yes"
        )
    try:
        async with connect.linked(context, server) as (_, link):
            if not yes and not await _agreed(link, server, force=force):
                return False
            with connect.ProgressLine() as line:
                line(f"removing what is mnix's from {server.name}", 0, None)
                done = await purge(link, dry_run=False, force=force)
    except (LinkError, Refused) as error:
        forget = f"mnix server rm --forget {output.visible(server.name)} only forgets it here"
        error.hint = f"{error.hint}\n{forget}" if error.hint else forget
        raise
    _say(done)
    if not done.done:
        raise RemoteError(f"{server.name} was not purged", "its agent did not do it", "try again")
    return True


async def _agreed(link: Link, server: Server, *, force: bool) -> bool:
    from mnix_tui.actions.servers import purge
    from mnix_tui.cli import connect

    what = await purge(link, dry_run=True, force=force)
    name = output.visible(server.name)
    if not what.projects:
        output.note(f"mnix: {name} has no projects of yours; mnix's agent would go")
    else:
        output.note(f"mnix: this would go from {name}, {_size(what.bytes, ' in all')}:")
    for project in what.projects[:LISTED]:
        running = f", {output.count(project.sessions, 'session')}" if project.sessions else ""
        shown = output.visible(project.name)
        output.note(f"  project {shown} ({_size(project.bytes)}{running})")
    if (more := len(what.projects) - LISTED) > 0:
        output.note(f"  … and {output.count(more, 'project')} more")
    for volume in what.volumes:
        output.note(f"  volume {output.visible(volume)}")
    for each in what.kept[:LISTED]:
        output.note(f"  stays: {output.visible(each)}")
    if what.sessions and not force:
        output.note(f"  {output.count(what.sessions, 'session')} would have to end: --force")
    while True:
        answer = (await connect.ask("Remove all of it for good? [yes/no] ")).lower()
        if answer == "yes":
            return True
        if answer in ("n", "no", ""):
            return False


def _size(found: int | None, more: str = "") -> str:
    return "size unknown" if found is None else f"{output.size(found)}{more}"


def _say(done: Purged) -> None:
    count = output.count(len(done.projects), "project")
    output.note(f"mnix: removed {count} there ({_size(done.bytes)})")
    for each in done.kept[:LISTED]:
        output.note(f"mnix: this stays there: {output.visible(each)}")
