"""``mnix generations``, ``rollback`` and ``diff``: the environments that a project had and has."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from mnix_tui.cli import complete, output, target
from mnix_tui.cli.context import link_options, pass_merged, target_options
from mnix_tui.errors import MnixError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mnix_tui.cli.context import Context
    from mnix_tui.domain.generations import Changes, Generation, GenerationDiff, PackageChange
    from mnix_tui.domain.projects import Project
    from mnix_tui.link import Link

HEAD = ("", "GEN", "CREATED", "CAUSE", "TOOK", "SIZE", "CHANGES", "KEPT", "JOB")
SHOWN = 12
"""Packages of each kind that a rollback names."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@target_options
@link_options
@pass_merged
def generations(context: Context, as_json: bool) -> int:
    """List a project's generations, the newest first.

    CHANGES compares each with the one before: packages added (+), removed (−), of another version
    (~), and bytes. One that is not KEPT can be collected at any time, or is gone. mnix rollback
    goes back to one, mnix diff compares two, mnix logs --rebuild N shows how one was built.
    """
    from mnix_tui.actions.environments import generations as known
    from mnix_tui.cli import connect

    chosen = target.project(context)

    async def work() -> list[Generation]:
        async with connect.linked(context, chosen.server) as (_, link):
            return await known(link, chosen.project)

    found = connect.run(work())
    if as_json:
        output.print_json([asdict(each) for each in found])
    elif found:
        output.table(HEAD, [_row(each) for each in found])
    else:
        name = output.visible(chosen.project.name)
        again = f"mnix rebuild-switch{target.naming(context.database, chosen.project)}"
        click.echo(f"{name} has no environment yet: {again} builds the first")
    return 0


def _row(each: Generation) -> tuple[str, ...]:
    return (
        "*" if each.current else "",
        str(each.number),
        f"{time.strftime('%Y-%m-%d %H:%M', time.localtime(each.created))}"
        f" ({output.age(each.created)})",
        each.cause,
        "" if each.duration is None else output.seconds(each.duration),
        "" if each.size is None else output.size(each.size),
        "" if each.changes is None else brief(each.changes),
        "yes" if each.kept else "no",
        each.job,
    )


def brief(changes: Changes) -> str:
    """Return how much changed in a few characters: ``+3 −1 ~2, +1.5 MiB``."""
    counts = (("+", changes.added), ("−", changes.removed), ("~", changes.changed))
    told = " ".join(f"{sign}{count}" for sign, count in counts if count)
    if not told and not changes.bytes:
        return "same versions"
    return ", ".join(filter(None, (told, output.more_or_less(changes.bytes))))


@click.command(short_help="Switch back to an older generation, or to another one.")
@click.argument("generation", required=False, metavar="[N]", shell_complete=complete.generations)
@click.option("--generation", "-g", "number", type=int, help="The same as N.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@target_options
@link_options
@pass_merged
def rollback(context: Context, generation: str | None, number: int | None, as_json: bool) -> int:
    """Switch a project to generation N; without N, to the one before the current one.

    New shells get it at once; open ones keep what they have, until mnix-reenter in them. A later
    rebuild makes a new generation; none is lost by a rollback.
    """
    from mnix_tui.actions import lifecycle
    from mnix_tui.actions.environments import generations as known
    from mnix_tui.cli import connect

    name, wanted = _meant(generation, number)
    chosen = target.project(context, name)

    async def work() -> tuple[int | None, int | None, GenerationDiff | None, int]:
        async with connect.linked(context, chosen.server) as (store, link):
            before = current(await known(link, chosen.project))
            status = await lifecycle.rollback(store, link, chosen.project, wanted)
            diff, behind = await _consequences(link, chosen.project, before, status.generation)
            return before, status.generation, diff, behind

    before, now, diff, behind = connect.run(work())
    if as_json:
        output.print_json(
            {
                "project": chosen.project.name,
                "server": chosen.server.name,
                "before": before,
                "generation": now,
                "diff": None if diff is None else asdict(diff),
                "shells_behind": behind,
            }
        )
        return 0
    shown = output.visible(chosen.project.name)
    click.echo(f"project {shown} is at generation {now}")
    if diff:
        click.echo("\n".join(lines(diff, SHOWN)))
    elif diff is not None and before != now:
        click.echo(f"generations {before} and {now} have the same packages in the same versions")
    if behind:
        shells = "1 shell keeps" if behind == 1 else f"{behind} shells keep"
        click.echo(f"{shells} the environment from before, until: mnix-reenter")
    return 0


def _meant(argument: str | None, number: int | None) -> tuple[str, int | None]:
    """Return project and generation of ``[N]``, which may be a project's name as well."""
    if argument is None:
        return "", number
    if not argument.isdigit():
        return argument, number
    if number is not None and number != int(argument):
        raise UsageError(f"Which generation: {argument} or {number}?", hint="name it once")
    return "", int(argument)


async def _consequences(
    link: Link, project: Project, before: int | None, now: int | None
) -> tuple[GenerationDiff | None, int]:
    """Return what a switch changed, and how many shells it left behind. It is done: never fails."""
    diff, behind = None, 0
    if now is None:
        return None, 0
    try:
        sessions = await link.agent.jobs(project.remote_id, "session")
        behind = sum(job.live and job.generation not in (None, 0, now) for job in sessions)
        if before is not None and before != now:
            diff = await link.agent.diff(project.remote_id, before, now)
    except MnixError:
        pass
    return diff, behind


@click.command(short_help="Show what differs between two generations.")
@click.argument("a", type=int, required=False, shell_complete=complete.generations)
@click.argument("b", type=int, required=False, shell_complete=complete.generations)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 when something differs.")
@target_options
@link_options
@pass_merged
def diff(context: Context, a: int | None, b: int | None, as_json: bool, exit_code: bool) -> int:
    """Show which packages differ between generations A and B.

    Without B, A is compared with the current one; without both, the one before with the current
    one. Packages are added (+), removed (−) or have another version (~).
    """
    from mnix_tui.actions.environments import diff as compare
    from mnix_tui.cli import connect

    chosen = target.project(context)

    async def work() -> GenerationDiff:
        async with connect.linked(context, chosen.server) as (_, link):
            return await compare(link, chosen.project, a, b)

    found = connect.run(work())
    if b is None and found.a == found.b:
        raise UsageError(
            f"Generation {a} is the current one",
            "it would be compared with itself",
            "name two: mnix diff A B; mnix generations lists them",
        )
    if as_json:
        output.print_json(asdict(found))
    elif found:
        click.echo("\n".join(lines(found)))
    else:
        click.echo(
            f"generations {found.a} and {found.b} have the same packages in the same versions"
        )
    return 1 if exit_code and found else 0


def current(known: Iterable[Generation]) -> int | None:
    """Return the number of the generation that runs; ``None`` when none does."""
    return next((each.number for each in known if each.current), None)


def lines(found: GenerationDiff, most: int | None = None) -> list[str]:
    """Return a difference as lines; of each kind at most so many."""
    sizes = f" ({output.size(found.sizes[0])} → {output.size(found.sizes[1])})"
    shown = [
        f"generation {found.a} → {found.b}: {output.more_or_less(found.bytes)}"
        + (sizes if any(found.sizes) else "")
    ]
    for sign, packages in (("+", found.added), ("−", found.removed), ("~", found.changed)):
        shown += [f"  {sign} {_package(each)}" for each in packages[:most]]
        if most is not None and len(packages) > most:
            shown.append(f"  {sign} … and {len(packages) - most} more")
    if found.more:
        shown.append(f"  … and {found.more} more")
    return shown


def _package(each: PackageChange) -> str:
    versions = " → ".join(", ".join(side) for side in (each.before, each.after) if side)
    text = f"{each.name} {versions}".strip()
    amount = f"  ({output.more_or_less(each.bytes)})" if each.bytes else ""
    return output.visible(text) + amount
