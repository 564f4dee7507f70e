"""``mnix server doctor``: try everything that servers need, and say what mends what does not work."""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING, TypeAlias

import click

from mnix_tui.cli import complete, output
from mnix_tui.cli.context import Context, link_options, pass_merged
from mnix_tui.domain.checks import WAY
from mnix_tui.errors import EXIT_ERROR, EXIT_REFUSED, EXIT_UNREACHABLE, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnix_tui.actions.doctor import Report
    from mnix_tui.cli.check_display import Drawn, Lines
    from mnix_tui.domain.servers import Server

AT_ONCE = 64
"""Servers that are tried at the same time. How many connect at once is limited elsewhere: those that
never answer must not hold up the others."""
Display: TypeAlias = "Lines | Drawn"

EPILOG = f"""\b
Exit codes: 0 all is fine (or could be better), {EXIT_ERROR} a check failed, {EXIT_UNREACHABLE} a server
can't be reached, {EXIT_REFUSED} a host key or a login is refused; of several
servers the one that they share, else {EXIT_ERROR}.
"""


@click.command("doctor", short_help="Try everything that servers need.", epilog=EPILOG)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete.servers)
@click.option("--all", "every", is_flag=True, help="All servers, and this machine.")
@click.option(
    "--tag", "-t", metavar="TAG", shell_complete=complete.tags, help="Those with this tag."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@link_options
@pass_merged
def doctor(
    context: Context, names: tuple[str, ...], every: bool, tag: str | None, as_json: bool
) -> int:
    """Try everything that servers need, step by step: from the SSH configuration to the disk.

    What does not work is named, with the command that mends it. Without NAME: the default server,
    or the only one.
    """
    from mnix_tui.cli import connect

    servers = _chosen(context, names, every, tag)
    reports = connect.run(_examined(context, servers, as_json))
    if as_json:
        ok = all(report.ok for report in reports)
        output.print_json({"ok": ok, "servers": [report.to_json() for report in reports]})
    return exit_code(reports)


async def watch(context: Context, server: Server) -> Report:
    """Try a server that was just added while somebody watches, and say how it stands."""
    report = await _one(context, server, sys.stderr)
    if not report.ok:
        name = output.visible(server.name)
        output.note(
            f"mnix: {name} is saved all the same; once it is mended: mnix server doctor {name}"
        )
    return report


def _chosen(context: Context, names: Sequence[str], every: bool, tag: str | None) -> list[Server]:
    from mnix_tui.cli import target
    from mnix_tui.store import listing, refs

    if every + bool(names) + (tag is not None) > 1:
        raise UsageError("Which servers?", "NAME, --tag and --all are ways to say it", "choose one")
    servers = [each for each, _ in listing.read(context.database).servers]
    if every:
        return servers
    if tag is not None:
        return refs.narrow(servers, tag=tag)
    if names:
        return [refs.find_server(servers, name) for name in dict.fromkeys(names)]
    try:
        return [target.server(context)]
    except UsageError as error:
        error.hint = "name some, or --all"
        raise


async def _examined(context: Context, servers: list[Server], as_json: bool) -> list[Report]:
    if as_json or len(servers) > 1:
        return await _several(context, servers, as_json)
    (server,) = servers
    return [await _one(context, server, sys.stdout)]


async def _one(context: Context, server: Server, out: IO[str]) -> Report:
    """Try a server, and show how far that is."""
    from mnix_tui.actions.doctor import doctor as examine
    from mnix_tui.cli import check_lines, connect, own_terminal
    from mnix_tui.cli.check_display import Drawn, Lines
    from mnix_tui.cli.tasks import beside, until

    drawn = out.isatty() and own_terminal.draws()
    colour = drawn and own_terminal.colours()
    display: Display = (Drawn if drawn else Lines)(out, colour=colour)
    options = connect.asking_in_turn(connect.link_options(context), display.paused)
    with display.held():
        async with beside(display.run()), beside(examine(server, options, display)) as examined:
            signalled = await until(examined)
    if signalled is not None:
        raise click.exceptions.Exit(128 + signalled)
    report = examined.result()
    await _noted(context, [report])
    out.write(f"{check_lines.verdict(report.checks)}\n")
    out.flush()
    return report


async def _several(context: Context, servers: list[Server], as_json: bool) -> list[Report]:
    """Try servers at the same time; print each one's report when it is there."""
    import asyncio

    from mnix_tui.actions.doctor import doctor as examine
    from mnix_tui.cli import connect

    line = connect.ProgressLine()
    options = connect.asking_in_turn(connect.link_options(context), line.away)
    turns, left = asyncio.Semaphore(AT_ONCE), {server.name for server in servers}

    async def one(server: Server) -> Report:
        async with turns:
            report = await examine(server, options)
        left.discard(server.name)
        if not as_json:
            line.clear()
            _print(report)
        line(_waiting(left), 0, None)
        return report

    with line:
        line(_waiting(left), 0, None)
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(one(server)) for server in servers]
    reports = [task.result() for task in asked]
    await _noted(context, reports)
    return reports


def _waiting(left: set[str]) -> str:
    return f"trying {', '.join(sorted(left))}" if left else ""


def _print(report: Report) -> None:
    """Print a server's report: whole where something is wrong with it."""
    from mnix_tui.cli import check_lines, own_terminal
    from mnix_tui.domain.checks import CheckState

    colour = own_terminal.colours()
    name, endpoint = output.visible(report.server.name), output.visible(report.server.endpoint)
    where = f" ({endpoint})" if endpoint and endpoint != name else ""
    lines = [f"{name}{where}: {check_lines.verdict(report.checks)}"]
    for check in report.checks:
        if check.state in (CheckState.WARN, CheckState.FAILED):
            lines += [check_lines.line(check, colour=colour), *check_lines.advice(check)]
    click.echo("\n".join(lines))


async def _noted(context: Context, reports: Sequence[Report]) -> None:
    """Note in the store which servers could be reached."""
    import time

    from mnix_tui.store.store import Store

    async with Store.open(context.database) as store:
        for report in reports:
            if (status := report.status(time.time())) is not None:
                await store.put_server_status(report.server.name, status)


def _code(report: Report) -> int:
    if report.ok:
        return 0
    if report.failed is None or report.failed.key not in WAY or report.failed.key == "config":
        return EXIT_ERROR
    return EXIT_REFUSED if report.failed.refused else EXIT_UNREACHABLE


def exit_code(reports: Sequence[Report]) -> int:
    """Return the exit code for several servers: the one that their troubles share, or 1."""
    codes = {_code(report) for report in reports} - {0}
    return 0 if not codes else codes.pop() if len(codes) == 1 else EXIT_ERROR
