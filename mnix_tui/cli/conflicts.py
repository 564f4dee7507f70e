"""``mnix conflicts`` and ``resolve``: what was changed on both sides, and which copy stays."""

from __future__ import annotations

import os
import shlex
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnix_tui.cli import complete, output, own_terminal, paths, sync_report, target
from mnix_tui.cli.context import Context, link_options, pass_merged, target_options
from mnix_tui.errors import MnixError, NotFound, UsageError
from mnix_tui.store import listing, refs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mnix_tui.cli.target import Target
    from mnix_tui.domain.sync import Choice, ConflictDiff, Side
    from mnix_tui.sync.model import Conflict, SyncReport

HEAD = ("CONFLICT", "HERE", "THERE")
_COLOURS = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"}
_KINDS = {"f": "file", "l": "link", "d": "folder"}


@click.command(short_help="List what was changed on both sides; show the difference.")
@click.argument("wanted", nargs=-1, metavar="[PATH]...", shell_complete=complete.conflicts)
@click.option("--refresh", is_flag=True, help="Compare with the server first.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@target_options
@link_options
@pass_merged
def conflicts(context: Context, wanted: tuple[str, ...], refresh: bool, as_json: bool) -> int:
    """List what was changed both here and on the server; with PATH show how it differs.

    The list is that of the last push, pull or watch; nothing of what is on it was overwritten
    on either side. In a difference - is the server's, + is ours. The exit code is 1 while there
    are conflicts.
    """
    from mnix_tui.cli import connect

    chosen = target.of_files(context)
    found, diffs = connect.run(_look(context, chosen, wanted, refresh))
    if as_json:
        whole = [each.to_json() for each in found]
        output.print_json([asdict(each) for each in diffs] if wanted else whole)
    elif wanted:
        colour = own_terminal.colours()
        for diff in diffs:
            click.echo("\n".join(difference(diff, chosen.server.name, colour)))
    elif found:
        output.table(HEAD, [(each.path, *_sides(each)) for each in found])
    else:
        name = output.visible(chosen.project.name)
        click.echo(f"{name}: nothing was changed on both sides")
    if found and not as_json:
        naming = target.naming(context.database, chosen.project)
        for hint in _hints(found, wanted, naming):
            output.note(f"  → {hint}")
    return 1 if found else 0


async def _look(
    context: Context, chosen: Target, wanted: Sequence[str], refresh: bool
) -> tuple[list[Conflict], list[ConflictDiff]]:
    """Return the conflicts, and the differences of those that are wanted."""
    from mnix_tui.actions import sync
    from mnix_tui.cli import connect
    from mnix_tui.store.store import Store

    if not wanted and not refresh:
        async with Store.open(context.database) as store:
            return await sync.conflicts(store, None, chosen.project), []
    async with connect.linked(context, chosen.server) as (store, link):
        found = await sync.conflicts(store, link, chosen.project, fresh=refresh)
        with hinted_by_name(context, wanted, chosen):
            picked = _picked(found, wanted, chosen)
        diffs = [await sync.conflict_diff(link, chosen.project, path) for path in picked]
    return found, diffs


def _picked(found: Sequence[Conflict], wanted: Sequence[str], chosen: Target) -> list[str]:
    known = [each.path for each in found]
    folder = chosen.project.folder
    missing = "is in no conflict"
    picked = [
        paths.require(each, known, missing, folder, "mnix conflicts --refresh") for each in wanted
    ]
    return sorted(set().union(*picked))


@contextmanager
def hinted_by_name(context: Context, wanted: Sequence[str], chosen: Target) -> Iterator[None]:
    """Say how a project is named, to who named one where paths are expected."""
    try:
        yield
    except NotFound as error:
        here = (Path(folder, *wanted) for folder in (".", chosen.project.folder) if folder)
        if len(wanted) == 1 and not any(os.path.lexists(each) for each in here):
            with suppress(MnixError):
                projects = listing.read(context.database).projects
                ref = refs.find_project(projects, wanted[0], context.server).project.ref
                name, option = output.visible(wanted[0]), shlex.quote(output.visible(ref))
                error.hint = f"{name} is a project: name it with --project {option}"
        raise


def _sides(conflict: Conflict) -> tuple[str, str]:
    return sync_report.side(conflict.here), sync_report.side(conflict.there)


def _hints(found: Sequence[Conflict], wanted: Sequence[str], naming: str) -> list[str]:
    if not wanted:
        return sync_report.conflict_hints(found, naming)
    shown = " ".join(paths.quoted(each) for each in wanted)
    return [f"settle: mnix resolve {shown}{naming} --here, --there or --both"]


def difference(diff: ConflictDiff, server: str, colour: bool) -> list[str]:
    """Return how the two copies of a conflict differ, as lines."""
    lines = [
        _styled(f"{sign} {output.visible(diff.path)} {where}  {_about(side)}", "\x1b[1m", colour)
        for sign, where, side in (
            ("---", f"on {output.visible(server)}", diff.there),
            ("+++", "here", diff.here),
        )
    ]
    body = list(diff.lines)
    if len(body) > 1 and body[0].startswith("--- ") and body[1].startswith("+++ "):
        body = body[2:]  # ours say more
    for line in body:
        shown = output.visible(line.rstrip("\n").expandtabs())
        lines.append(_styled(shown, _COLOURS.get(line[:1], ""), colour))
    if diff.more:
        lines.append(f"… and {output.count(diff.more, 'more line')}")
    if diff.binary:
        lines.append("they can't be compared as text")
    elif not body:
        lines.append(_alike(diff.here, diff.there))
    return lines


def _alike(here: Side, there: Side) -> str:
    if here.kind != there.kind:
        return "they are of different kinds"
    if here.mode != there.mode and here.kind == "f":
        return f"their text is the same; permissions {here.mode:o} here, {there.mode:o} there"
    return "their text is the same"


def _about(side: Side) -> str:
    if not side.kind:
        return "deleted"
    parts = [_KINDS.get(side.kind, side.kind)]
    if side.kind == "f":
        parts = [output.size(side.size)] + (["executable"] if side.mode & 0o100 else [])
    if side.mtime is not None and side.kind != "d":
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(side.mtime))
        parts.append(f"{when} ({output.age(side.mtime)})")
    return ", ".join(parts)


def _styled(text: str, sgr: str, colour: bool) -> str:
    return f"{sgr}{text}\x1b[m" if colour and sgr else text


@click.command(short_help="Settle conflicts: which copy stays.")
@click.argument("wanted", nargs=-1, metavar="[PATH]...", shell_complete=complete.conflicts)
@click.option("--here", "choice", flag_value="here", help="What is here stays.")
@click.option("--there", "choice", flag_value="there", help="What the server has stays.")
@click.option(
    "--both", "choice", flag_value="both", help="Both: the server's comes beside it, named so."
)
@click.option("--all", "-a", "everything", is_flag=True, help="All conflicts, instead of PATHs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@target_options
@link_options
@pass_merged
def resolve(
    context: Context,
    wanted: tuple[str, ...],
    choice: str | None,
    everything: bool,
    as_json: bool,
) -> int:
    """Say which copy of what was changed on both sides stays; a folder means all below it.

    The copy that goes is kept in the trash of its side: mnix trash, mnix trash --here. With --both
    the one here keeps its name, and the server's comes beside it as NAME.from-SERVER-TIME, on both
    sides. The exit code is 1 while conflicts remain.
    """
    from mnix_tui.cli import connect

    if choice is None:
        raise UsageError("Which copy stays?", hint="add --here, --there or --both")
    if everything == bool(wanted):
        raise UsageError("Which conflicts?", hint="name paths, or --all; mnix conflicts lists them")
    chosen = target.of_files(context)
    settled, report = connect.run(_resolve(context, chosen, wanted, choice))
    if as_json:
        output.print_json(sync_report.to_json(report, chosen.project))
    else:
        click.echo(_settled(settled, choice, report, output.visible(chosen.server.name)))
        naming = target.naming(context.database, chosen.project)
        sync_report.say(sync_report.beside(report, chosen.server.name, naming))
    return 1 if report.conflicts else 0


def _settled(settled: set[str], choice: str, report: SyncReport, server: str) -> str:
    """Say in one line what was settled, and how."""
    if not settled:
        return "nothing was settled" if report.conflicts else "there is no conflict to settle"
    which = {"here": "what is here stays", "there": f"what {server} has stays"}.get(choice)
    if which is None:
        new = sorted(each for each in {*report.sent, *report.fetched} if each not in settled)
        where = f"; {server}'s is {sync_report.few(new)}" if new else ""
        which = f"both stay{where}"
    return f"settled {output.count(len(settled), 'conflict')}: {which}"


async def _resolve(
    context: Context, chosen: Target, wanted: Sequence[str], choice: Any
) -> tuple[set[str], SyncReport]:
    from mnix_tui.actions import sync
    from mnix_tui.cli import connect
    from mnix_tui.sync.model import SyncReport

    async with connect.linked(context, chosen.server) as (store, link):
        found = await sync.conflicts(store, link, chosen.project)
        with hinted_by_name(context, wanted, chosen):
            picked = _picked(found, wanted, chosen) if wanted else [each.path for each in found]
        if not picked:
            return set(), SyncReport("both")
        choices: Mapping[str, Choice] = dict.fromkeys(picked, choice)
        with connect.ProgressLine() as line:
            report = await sync.resolve(store, link, chosen.project, choices, line)
    left = {each.path for each in report.conflicts}
    return set(choices) - left, report
