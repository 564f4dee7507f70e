"""``mnix server``: the servers that mnix knows, their tags, and when to connect to them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from mnix_tui.cli import complete, output
from mnix_tui.cli.context import Context, link_options, pass_merged
from mnix_tui.cli.doctor import EPILOG, doctor
from mnix_tui.cli.ls import server_json
from mnix_tui.cli.server_log import log
from mnix_tui.cli.server_rm import rm
from mnix_tui.domain.servers import AUTO, CONNECT
from mnix_tui.errors import NameInvalid
from mnix_tui.store import listing, refs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mnix_tui.domain.servers import Server
    from mnix_tui.store.store import Store

HEAD = ("NAME", "ENDPOINT", "STATE", "SEEN")


@click.group()
def server() -> None:
    """Add, check, label, list and remove servers."""


@server.command("ls")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--tag",
    "-t",
    metavar="TAG",
    shell_complete=complete.tags,
    help="Only those with this tag.",
)
@pass_merged
def list_servers(context: Context, as_json: bool, tag: str | None) -> int:
    """List the servers; local is this machine.

    A reason that is too long for the terminal is cut: --json and mnix server doctor tell all of it.
    """
    found = listing.read(context.database).servers
    wanted = refs.narrow((each for each, _ in found), tag=tag)
    servers = [each for each in found if each[0] in wanted]
    if as_json:
        output.print_json([server_json(*each) for each in servers])
        return 0
    tagged = any(each.tags for each, _ in servers)
    told = any(each.connect != AUTO for each, _ in servers)
    head = (*HEAD, *(["TAGS"] if tagged else []), *(["CONNECT"] if told else []))
    rows = []
    for each, status in servers:
        state = status.state.value + (f" ({status.reason})" if status.reason else "")
        row = [each.name, each.endpoint or "this machine", state, output.age(status.seen)]
        row += [" ".join(each.tags)] if tagged else []
        row += [each.connect] if told else []
        rows.append(row)
    output.table(head, rows, gives="STATE")
    return 0


@server.command("add", short_help="Add a server, and try all that it needs.", epilog=EPILOG)
@click.argument("endpoint", shell_complete=complete.ssh_hosts)
@click.argument("name", required=False)
@click.option(
    "--tag",
    "-t",
    "tags",
    multiple=True,
    metavar="TAG",
    shell_complete=complete.tags,
    help="Group it by this; may be given again.",
)
@click.option(
    "--check/--no-check",
    default=None,
    help="Try everything that it needs. Default: where somebody watches.",
)
@click.option("--replace", is_flag=True, help="Change the address of a server that is there.")
@link_options
@pass_merged
def add(
    context: Context,
    endpoint: str,
    name: str | None,
    tags: tuple[str, ...],
    check: bool | None,
    replace: bool,
) -> int:
    """Add a server: ENDPOINT is [user@]host[:port], or a Host of your SSH configuration.

    NAME is what mnix calls it; without one, the host's. On a terminal everything that a server
    needs is tried while you watch: what does not work is named, with what mends it. The server is
    saved in any case; where it was tried, the exit code says how it is.
    """
    from mnix_tui.actions.servers import add_server
    from mnix_tui.cli import connect
    from mnix_tui.cli.doctor import exit_code, watch
    from mnix_tui.store.store import Store

    called = name or _name_for(endpoint)

    async def work() -> int:
        async with Store.open(context.database) as store:
            saved = await add_server(store, called, endpoint, replace, tags)
        shown = output.visible(saved.endpoint)
        click.echo(f"saved server {output.visible(called)} -> {shown}")
        if not (output.on_terminal() if check is None else check):
            return 0
        report = await watch(context, saved)
        if report.ok:
            await _tell_what_is_there(context, saved)
        return exit_code([report])

    return connect.run(work())


async def _tell_what_is_there(context: Context, server: Server) -> None:
    """Say which projects a new server has, from another time or another machine, if any."""
    from mnix_tui.cli.refresh import learn

    name, count = output.visible(server.name), await learn(context, server)
    if count is None:
        output.note(f"mnix: mnix ls --refresh shows which projects are on {name}")
    elif count:
        output.note(f"mnix: {output.count(count, 'project')} on {name}: mnix ls")


def _name_for(endpoint: str) -> str:
    """Return the host of an address as a server's name; raise ``NameInvalid`` where it is none."""
    from mnix_tui.domain import names
    from mnix_tui.domain.servers import parse_endpoint

    host = parse_endpoint(endpoint).host
    try:
        return names.check(host, "server")
    except NameInvalid as error:
        near = names.suggest(host)
        called = near if near and near != host else "NAME"
        where = shlex.quote(output.visible(endpoint))
        error.hint = f"say what to call it: mnix server add {where} {called}"
        raise


@server.command("tag", short_help="Give servers tags, or take them away.")
@click.argument("name", shell_complete=complete.stored_servers)
@click.argument("tags", nargs=-1, metavar="[TAG]...", shell_complete=complete.tags)
@click.option(
    "--remove",
    "-r",
    multiple=True,
    metavar="TAG",
    shell_complete=complete.tags,
    help="Take this tag away; may be given again.",
)
@pass_merged
def tag_server(context: Context, name: str, tags: tuple[str, ...], remove: tuple[str, ...]) -> int:
    """Give a server tags, and print those that it has then.

    Tags are names like web or eu-west. The dashboard groups by them, and --tag means all servers
    that have one.
    """

    async def change(store: Store) -> Server:
        found = await store.server(name)
        if not (tags or remove):
            return found
        gone = {each.strip().lower() for each in remove}
        return await store.set_tags(name, [*(t for t in found.tags if t not in gone), *tags])

    found = _changed(context, change)
    click.echo(f"{output.visible(found.name)}: {' '.join(found.tags) or 'no tags'}")
    return 0


@server.command("set", short_help="Say when the dashboard connects to a server.")
@click.argument("name", shell_complete=complete.stored_servers)
@click.option(
    "--connect",
    "mode",
    required=True,
    type=click.Choice(CONNECT),
    help="auto: as the setting connect says; always; never: only while you use it.",
)
@pass_merged
def set_server(context: Context, name: str, mode: str) -> int:
    """Say when the dashboard stays connected to a server."""
    found = _changed(context, lambda store: store.set_connect(name, mode))
    click.echo(f"{output.visible(found.name)}: connect {found.connect}")
    return 0


def _changed(context: Context, change: Callable[[Store], Awaitable[Server]]) -> Any:
    from mnix_tui.cli import connect
    from mnix_tui.store.store import Store

    async def work() -> Server:
        async with Store.open(context.database) as store:
            return await change(store)

    return connect.run(work())


for each in (doctor, log, rm):
    server.add_command(each)
