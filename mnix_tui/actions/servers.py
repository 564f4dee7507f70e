"""Adding, removing and choosing servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.domain import names
from mnix_tui.domain.servers import Server, parse_endpoint
from mnix_tui.errors import UsageError
from mnix_tui.store.refs import find_server

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnix_tui.store.store import Store


async def add_server(store: Store, name: str, endpoint: str, replace: bool = False) -> Server:
    """Add a server; ``replace`` changes the address of one that is there.

    Raises ``NameInvalid``, ``UsageError`` for a bad address, ``AlreadyExists``.
    """
    known = {server.name for server in await store.servers()}
    if name not in known:  # an older database's names stay usable
        names.check(name, "server")
    server = Server(name, str(parse_endpoint(endpoint)))
    await store.add_server(server, replace)
    return server


async def remove_server(store: Store, name: str, forget: bool = False) -> None:
    """Remove a server; ``forget`` its projects too, which stay where they are.

    Raises ``NotFound``, and ``UsageError`` when it has projects that would be forgotten.
    """
    await store.remove_server(name, forget)


def choose_server(servers: Sequence[Server], name: str = "", default: str = "") -> Server:
    """Return the server that is meant: the named one, the default one, or the only one.

    ``local`` counts as the only one when there is no other. Raises ``NotFound`` for a name that
    none has, and ``UsageError`` that lists the names when there are several.
    """
    if name:
        return find_server(servers, name)
    for server in servers:
        if default and server.name == default:
            return server
    others = [server for server in servers if not server.is_local]
    if len(others) > 1:
        listed = ", ".join(server.name for server in servers)
        hint = "choose one with --server, or set default_server in client.toml"
        raise UsageError("There are several servers", listed, hint)
    return (others or list(servers))[0]
