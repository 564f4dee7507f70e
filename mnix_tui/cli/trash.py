"""``mnix trash``: what transfers replaced or deleted, and getting it back."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

import click

from mnix_tui.cli import complete, output, paths, target
from mnix_tui.cli.context import Context, link_options, pass_merged, target_options
from mnix_tui.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnix_tui.cli.target import Target
    from mnix_tui.domain.sync import Trashed

SHOWN = 8
"""Paths of one transfer that are listed on a terminal."""
_KINDS = {"d": "folder", "l": "link"}

here_option = click.option(
    "--here", is_flag=True, help="The trash of the folder here, instead of the server's."
)


@click.group(
    invoke_without_command=True, short_help="List what was replaced or deleted, bring it back."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@here_option
@target_options
@link_options
@click.pass_context
def trash(
    ctx: click.Context,
    as_json: bool,
    here: bool,
    project: str | None,
    server: str | None,
    accept_host_key: bool,
) -> int | None:
    """List what transfers replaced or deleted, and bring it back.

    Whatever a push replaces or deletes in the workspace goes to the project's trash on the server;
    what a pull replaces or deletes here goes to the folder's own (--here). It stays for 30 days,
    and up to 1 GiB.
    """
    ctx.obj = ctx.obj.merged(project, server, accept_host_key)
    ctx.meta["mnix.trash.here"] = here
    if ctx.invoked_subcommand is None:
        return _list(ctx.obj, (), here=here, everything=False, as_json=as_json)
    if as_json and ctx.invoked_subcommand != "list":
        raise UsageError("--json lists", "mnix trash restore prints one line")
    ctx.meta["mnix.trash.json"] = as_json
    return None


@trash.command("list", short_help="List the trash, the newest first.")
@click.argument("wanted", nargs=-1, metavar="[PATH]...")
@click.option("--all", "-a", "everything", is_flag=True, help="List all paths, on a terminal too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@here_option
@target_options
@link_options
@pass_merged
def list_trash(
    context: Context, wanted: tuple[str, ...], everything: bool, as_json: bool, here: bool
) -> int:
    """List the trash, the newest first; with PATH only what was there, or below it."""
    meta = click.get_current_context().meta
    here, as_json = here or meta["mnix.trash.here"], as_json or meta["mnix.trash.json"]
    return _list(context, wanted, here=here, everything=everything, as_json=as_json)


@trash.command("restore", short_help="Bring something back.")
@click.argument("batch", metavar="ID", shell_complete=complete.trashed_ids)
@click.argument("wanted", nargs=-1, metavar="PATH...", shell_complete=complete.trashed_paths)
@click.option("--all", "-a", "everything", is_flag=True, help="All that has this ID.")
@here_option
@target_options
@link_options
@pass_merged
def restore(
    context: Context, batch: str, wanted: tuple[str, ...], everything: bool, here: bool
) -> int:
    """Bring PATHs of the trash back to where they were; a folder means all below it.

    What is there now goes to the trash first, so this can be undone too. ID is what mnix trash
    prints, or how it begins.
    """
    from mnix_tui.cli import connect

    here = here or click.get_current_context().meta["mnix.trash.here"]
    if everything == bool(wanted):
        raise UsageError(
            "What shall come back?", hint=f"name paths, or all of it: mnix trash restore {batch} -a"
        )
    chosen = target.of_files(context)
    count = connect.run(_restore(context, chosen, batch, wanted, here))
    where = "here" if here else f"on {output.visible(chosen.server.name)}"
    click.echo(f"restored {output.count(count, 'path')} {where}; what was there is in the trash")
    if not here and chosen.project.folder:
        output.note(f"  → fetch it: mnix pull{target.naming(context.database, chosen.project)}")
    return 0


async def _restore(
    context: Context, chosen: Target, batch: str, wanted: Sequence[str], here: bool
) -> int:
    from mnix_tui.actions import sync
    from mnix_tui.cli import connect

    project = chosen.project
    if here:
        found = pick(await sync.trash_here(project), batch, wanted, project.folder)
        await sync.restore_here(project, *found)
    else:
        async with connect.linked(context, chosen.server) as (_, link):
            found = pick(await sync.trash(link, project), batch, wanted, project.folder)
            await sync.restore(link, project, *found)
    return len(found[1])


def pick(
    entries: Sequence[Trashed], batch: str, wanted: Sequence[str], folder: str = ""
) -> tuple[str, list[str]]:
    """Return which transfer and which of its paths are meant; no ``wanted``: all of them."""
    ids = list(dict.fromkeys(each.id for each in entries))
    found = [batch] if batch in ids else [each for each in ids if each.startswith(batch)]
    if len(found) != 1:
        shown = output.visible(batch)
        if not found:
            raise NotFound(f"Nothing in the trash has the ID {shown}", hint="mnix trash lists it")
        raise UsageError(f"Several IDs begin with {shown}", ", ".join(found), "write more of it")
    mine = {each.path for each in entries if each.id == found[0]}
    missing = f"is not in the trash under {output.visible(found[0])}"
    picked = [
        paths.require(each, mine, missing, folder, "mnix trash list --all") for each in wanted
    ]
    return found[0], sorted(set().union(*picked) if wanted else mine)


def _list(
    context: Context, wanted: Sequence[str], *, here: bool, everything: bool, as_json: bool
) -> int:
    from mnix_tui.actions import sync
    from mnix_tui.cli import connect

    chosen = target.of_files(context)

    async def work() -> list[Trashed]:
        if here:
            return await sync.trash_here(chosen.project)
        async with connect.linked(context, chosen.server) as (_, link):
            return await sync.trash(link, chosen.project)

    found = connect.run(work())
    if wanted:
        known = {each.path for each in found}
        folder = chosen.project.folder
        meant = set().union(*(paths.meant(each, known, folder) for each in wanted))
        found = [each for each in found if each.path in meant]
    if as_json:
        output.print_json([asdict(each) for each in found])
        return 0
    if not found:
        click.echo("Nothing like that is in the trash." if wanted else "The trash is empty.")
        return 0
    most = None if everything or wanted or not sys.stdout.isatty() else SHOWN
    click.echo("\n".join(lines(found, most)))
    options = (" --here" if here else "") + target.naming(context.database, chosen.project)
    output.note(f"  → bring something back: mnix trash restore ID PATH{options}")
    return 0


def lines(entries: Sequence[Trashed], most: int | None = None) -> list[str]:
    """Return the trash as lines: each transfer, and below it the paths; at most so many of each."""
    shown: list[str] = []
    for batch, group in groupby(entries, key=lambda each: each.id):
        found = sorted(group, key=lambda each: each.path)
        first, total = found[0], sum(each.size for each in found)
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(first.time))
        by = f" by {output.visible(first.by)}" if first.by else ""
        amount = f"{output.count(len(found), 'path')}, {output.size(total)}"
        shown.append(f"{output.visible(batch)}  {when} ({output.age(first.time)}){by}: {amount}")
        for each in found[:most]:
            about = _KINDS.get(each.kind) or output.size(each.size)
            shown.append(f"  {about:>10}  {output.visible(each.path)}")
        if most is not None and len(found) > most:
            shown.append(f"  {'':>10}  … and {len(found) - most} more: mnix trash list --all")
    return shown
