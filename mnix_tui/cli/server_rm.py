"""``mnix server rm``: forget a server, or remove all that is ours there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mnix_tui.cli import complete, output
from mnix_tui.cli.context import Context, link_options, pass_merged
from mnix_tui.errors import Busy, LinkError, Refused, RemoteError, UsageError

if TYPE_CHECKING:
    from mnix_tui.actions.servers import Purged
    from mnix_tui.domain.servers import Server
    from mnix_tui.link import Link

LISTED = 20
"""Things of a kind that are listed."""


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
    another user's, stays. All that would go is listed first; where nobody can be asked, that is
    all, without --yes.
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
    """Show what would go, and ask; raise ``Busy`` where something runs, so that it can't."""
    from mnix_tui.actions.servers import purge
    from mnix_tui.cli import connect, prompts

    name = output.visible(server.name)
    with connect.ProgressLine() as line:
        line(f"looking at what is mnix's on {server.name}", 0, None)
        what = await purge(link, dry_run=True)
    goes = _goes(what, name)
    busy = what.sessions > 0 and not force
    if not busy and output.on_terminal():
        return await prompts.is_sure(goes, "Remove all of it for good? [yes/no]", "yes")
    output.note("\n".join(goes))
    if busy:
        run = "session still runs" if what.sessions == 1 else "sessions still run"
        raise Busy(f"{what.sessions:,} {run} on {name}", hint="end what runs, or add --force")
    raise UsageError(f"Nobody can be asked whether to purge {name}", hint="add --yes")


def _goes(what: Purged, name: str) -> list[str]:
    """Return all that a purge removes, and what stays, a line each."""
    projects = [
        f"project {output.visible(each.name)} ({_size(each.bytes)}"
        + (f", {output.count(each.sessions, 'session')})" if each.sessions else ")")
        for each in what.projects
    ]
    volumes = [f"volume {output.visible(each)}" for each in what.volumes]
    folders = [output.visible(each) for each in what.paths]
    kept = [f"stays: {output.visible(each)}" for each in what.kept]
    return [
        f"mnix: this would go from {name} ({_size(what.bytes)}):",
        *(
            _some(projects) + _some(volumes) + _some(folders)
            or ["  nothing: mnix has nothing there"]
        ),
        *_some(kept),
    ]


def _some(lines: list[str]) -> list[str]:
    more = len(lines) - LISTED
    return [f"  {each}" for each in lines[:LISTED]] + (
        [f"  … and {more:,} more"] if more > 0 else []
    )


def _size(found: int | None) -> str:
    return "size unknown" if found is None else output.size(found)


def _say(done: Purged) -> None:
    count = output.count(len(done.projects), "project")
    output.note(f"mnix: removed {count} there ({_size(done.bytes)})")
    for each in done.kept[:LISTED]:
        output.note(f"mnix: this stays there: {output.visible(each)}")
