"""``mnix trash``: what transfers replaced or deleted, and getting it back."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

import click

from mnix_tui.cli import complete, output, paths, target
from mnix_tui.cli.context import Context, link_options, pass_merged, target_options
from mnix_tui.errors import NotFound, UsageError

if TYPE_CHECKING:
    from mnix_tui.cli.target import Target
    from mnix_tui.domain.sync import Trashed

ID = re.compile(r"\d{4}[\dT-]*(Z(-\w*)?)?")
"""How the id of a transfer looks, or how it begins; a path like that is written ``./2026``."""
SHOWN = 8
"""Paths of one transfer that are listed on a terminal."""
Look = Callable[[Sequence[str]], Awaitable["list[Trashed]"]]
"""Asks for what is in the trash at or below paths, or for all."""
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
    and up to 1 GiB, but never less than a day.
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
@click.argument("batch", metavar="[ID]", shell_complete=complete.trashed_first)
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
    prints, or how it begins; without one it is the newest copy of each path.
    """
    from mnix_tui.cli import connect

    here = here or click.get_current_context().meta["mnix.trash.here"]
    an_id = ID.fullmatch(batch) is not None
    if everything == bool(wanted) and (everything or an_id):
        raise UsageError(
            "What shall come back?", hint=f"name paths, or all of it: mnix trash restore {batch} -a"
        )
    if not everything and not an_id:
        batch, wanted = "", (batch, *wanted)
    chosen = target.of_files(context)
    count = connect.run(_restore(context, chosen, batch, wanted, here))
    where = "here" if here else f"on {output.visible(chosen.server.name)}"
    click.echo(
        f"restored {output.count(count, 'path')} {where}; anything that was there is in the trash"
    )
    if not here and chosen.project.folder:
        output.note(f"  → fetch it: mnix pull{target.naming(context.database, chosen.project)}")
    return 0


async def _restore(
    context: Context, chosen: Target, batch: str, wanted: Sequence[str], here: bool
) -> int:
    from mnix_tui.actions import sync
    from mnix_tui.cli import connect
    from mnix_tui.store.store import Store

    project = chosen.project
    if here:

        async def look(paths: Sequence[str]) -> list[Trashed]:
            return await sync.trash_here(project, batch, paths)

        async with Store.open(context.database) as store:
            found = await pick(look, batch, wanted, project.folder)
            return await sync.restore_here(store, project, batch, found)

    async with connect.linked(context, chosen.server) as (_, link):

        async def ask(paths: Sequence[str]) -> list[Trashed]:
            return await sync.trash(link, project, batch, paths)

        found = await pick(ask, batch, wanted, project.folder)
        return await sync.restore(link, project, batch, found)


async def pick(look: Look, batch: str, wanted: Sequence[str], folder: str = "") -> list[str]:
    """Return what the wanted paths are called below the project's folder."""
    if not wanted:
        return []
    found = {each.path for each in await _matching(look, wanted, folder)}
    picked = []
    for typed in wanted:
        if not paths.meant(typed, found, folder):
            known = {each.path for each in await look(())}
            shown = output.visible(batch)
            if batch and not known:
                raise NotFound(
                    f"Nothing in the trash has the ID {shown}", hint="mnix trash lists it"
                )
            where = f"is not in the trash under {shown}" if batch else "is not in the trash"
            paths.require(typed, known, where, folder, "mnix trash list --all")
        picked += [
            each
            for each in paths.spellings(typed, folder)
            if any(not each or path == each or path.startswith(f"{each}/") for path in found)
        ][:1]
    return picked


async def _matching(look: Look, wanted: Sequence[str], folder: str) -> list[Trashed]:
    ways = [way for typed in wanted for way in paths.spellings(typed, folder)]
    return await look(ways) if ways else []


def _list(
    context: Context, wanted: Sequence[str], *, here: bool, everything: bool, as_json: bool
) -> int:
    from mnix_tui.actions import sync
    from mnix_tui.cli import connect

    chosen = target.of_files(context)

    folder = chosen.project.folder

    async def work() -> list[Trashed]:
        if here:
            return await listed(lambda paths: sync.trash_here(chosen.project, "", paths))
        async with connect.linked(context, chosen.server) as (_, link):
            return await listed(lambda paths: sync.trash(link, chosen.project, "", paths))

    async def listed(look: Look) -> list[Trashed]:
        return await _matching(look, wanted, folder) if wanted else await look(())

    found = connect.run(work())
    if wanted:
        known = {each.path for each in found}
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
    output.note(f"  → bring something back: mnix trash restore [ID] PATH{options}")
    return 0


def lines(entries: Sequence[Trashed], most: int | None = None) -> list[str]:
    """Return the trash as lines: each transfer, and below it the paths; at most so many of each."""
    shown: list[str] = []
    for batch, group in groupby(entries, key=lambda each: each.id):
        found = sorted(group, key=lambda each: each.path)
        first, number = found[0], max(found[0].of, len(found))
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(first.time))
        by = f" by {output.visible(first.by)}" if first.by else ""
        amount = output.count(number, "path")
        if number == len(found):
            amount += f", {output.size(sum(each.size for each in found))}"
        shown.append(f"{output.visible(batch)}  {when} ({output.age(first.time)}){by}: {amount}")
        for each in found[:most]:
            about = _KINDS.get(each.kind) or output.size(each.size)
            shown.append(f"  {about:>10}  {output.visible(each.path)}")
        left = number - len(found[:most])
        if left:
            how = "--all" if number == len(found) else "PATH"
            shown.append(f"  {'':>10}  … and {left} more: mnix trash list {how}")
    return shown
