"""``mnix server log``: what this machine did on a server, when, and what came of it."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from mnix_tui.cli import complete, output
from mnix_tui.cli.context import Context, pass_merged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mnix_tui.domain.audit import Ran

LAST = 50
"""Records that are printed when nobody says how many."""
PAUSE = 0.5
_RED, _DIM, _PLAIN = "\x1b[31m", "\x1b[2m", "\x1b[m"

EPILOG = """\b
--json prints one object a line: server, at (Unix seconds), what (connect,
deliver, request, command), detail, result (ok, exit N, or what went wrong),
seconds.
"""


@click.command("log", short_help="Show what mnix did on a server.", epilog=EPILOG)
@click.argument("name", shell_complete=complete.servers)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
@click.option(
    "-n",
    "count",
    type=click.IntRange(min=0),
    default=LAST,
    show_default=True,
    metavar="N",
    help="Print the last N records.",
)
@click.option("--follow", "-f", is_flag=True, help="Go on with what is done from now on.")
@pass_merged
def log(context: Context, name: str, as_json: bool, count: int, follow: bool) -> int:
    """Show every command that mnix ran on a server from this machine, the newest last.

    Each with its time, how long it took, and what came of it. What only looks, and what looks like
    a secret, is left out. The log is kept here only: 10,000 records a server, and 1,000 of
    connecting to it, of the last 90 days that have any.
    """
    from mnix_tui.store import audit

    show = _as_json if as_json else _as_text(context, name)
    found = audit.read(context.database, name, count or 1)
    if not found:
        _check(context, name)
    if count:
        _print(found, show)
    if follow:
        from mnix_tui.cli import connect

        connect.run(_follow(context, name, found[-1][0] if found else 0, show))
    return 0


async def _follow(context: Context, name: str, last: int, show: Callable[[Ran], str]) -> None:
    import asyncio

    from mnix_tui.store import audit

    while True:
        await asyncio.sleep(PAUSE)
        news = await asyncio.to_thread(audit.read, context.database, name, after=last)
        last = news[-1][0] if news else last
        _print(news, show)


def _check(context: Context, name: str) -> None:
    """Raise ``NotFound`` for a name that no server has; one that was removed may have a log."""
    from mnix_tui.store import listing, refs

    refs.find_server([each for each, _ in listing.read(context.database).servers], name)
    output.note(f"mnix: nothing was done on {output.visible(name)} yet")


def _print(found: Sequence[tuple[int, Ran]], show: Callable[[Ran], str]) -> None:
    if found:
        click.echo("\n".join(show(ran) for _, ran in found))
        sys.stdout.flush()


def _as_json(ran: Ran) -> str:
    import json

    return json.dumps({**asdict(ran), "at": round(ran.at, 3), "seconds": round(ran.seconds, 3)})


def _as_text(context: Context, server: str) -> Callable[[Ran], str]:
    """Return what makes a line of a record; projects are called by their names."""
    from mnix_tui.cli import own_terminal
    from mnix_tui.domain.audit import calling
    from mnix_tui.store import listing

    colour = own_terminal.colours()
    views = listing.read(context.database).projects
    names = {
        view.project.remote_id: view.project.name for view in views if view.project.server == server
    }
    called = calling(names)

    def line(ran: Ran) -> str:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(ran.at))
        result = output.visible(ran.result)
        if colour and not ran.ok:
            result = f"{_RED}{result}{_PLAIN}"
        took = f"{ran.seconds:.2f} s"
        head = f"{when}  {took:>9}  {ran.what:<8}"
        return f"{head}  {output.visible(called(ran).detail)}  → {result}"

    return line
