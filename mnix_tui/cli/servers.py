"""``mnix server``: the servers that mnix knows."""

from __future__ import annotations

import click

from mnix_tui.cli import complete, output
from mnix_tui.cli.context import Context, pass_merged
from mnix_tui.cli.ls import server_json
from mnix_tui.store import listing

HEAD = ("NAME", "ENDPOINT", "STATE", "SEEN")


@click.group()
def server() -> None:
    """Add, list and remove servers."""


@server.command("ls")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_merged
def list_servers(context: Context, as_json: bool) -> int:
    """List the servers; local is this machine."""
    servers = listing.read(context.database).servers
    if as_json:
        output.print_json([server_json(*each) for each in servers])
        return 0
    rows = []
    for each, status in servers:
        state = status.state.value + (f" ({status.reason})" if status.reason else "")
        rows.append((each.name, each.endpoint or "this machine", state, output.age(status.seen)))
    output.table(HEAD, rows)
    return 0


@server.command("add")
@click.argument("endpoint")
@click.argument("name")
@click.option("--replace", is_flag=True, help="Change the address of a server that is there.")
@pass_merged
def add(context: Context, endpoint: str, name: str, replace: bool) -> int:
    """Add a server: ENDPOINT is [user@]host[:port], or a Host of your SSH configuration."""
    from mnix_tui.actions.servers import add_server
    from mnix_tui.cli import connect
    from mnix_tui.store.store import Store

    async def put() -> str:
        async with Store.open(context.database) as store:
            return (await add_server(store, name, endpoint, replace)).endpoint

    click.echo(f"saved server {output.visible(name)} -> {output.visible(connect.run(put()))}")
    return 0


@server.command("rm")
@click.argument("name", shell_complete=complete.servers)
@click.option("--forget", is_flag=True, help="Forget its projects too; they stay on the server.")
@pass_merged
def rm(context: Context, name: str, forget: bool) -> int:
    """Forget a server. Nothing is changed there."""
    from mnix_tui.actions.servers import remove_server
    from mnix_tui.cli import connect
    from mnix_tui.store.store import Store

    async def take() -> None:
        async with Store.open(context.database) as store:
            await remove_server(store, name, forget)

    connect.run(take())
    click.echo(f"removed server {output.visible(name)}")
    return 0
