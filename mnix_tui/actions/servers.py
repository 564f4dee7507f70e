"""Adding, removing, purging and choosing servers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mnix_tui.domain import names
from mnix_tui.domain.servers import Server, parse_endpoint, parse_tags
from mnix_tui.domain.text import few, plain
from mnix_tui.errors import UsageError
from mnix_tui.link import checked
from mnix_tui.store.refs import find_server

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnix_tui.actions.link import ActionLink
    from mnix_tui.store.store import Store

_MOST = 10_000


@dataclass(frozen=True)
class PurgedProject:
    """One project that a purge removes."""

    id: str
    name: str
    bytes: int | None
    """``None``: nobody could measure it in time."""
    sessions: int
    """How many of its sessions run."""


@dataclass(frozen=True)
class Purged:
    """What a purge removed from a server, or would remove."""

    projects: tuple[PurgedProject, ...] = ()
    sessions: int = 0
    """How many sessions run there in all."""
    bytes: int | None = None
    """In all; ``None`` where nobody could measure all of it in time."""
    paths: tuple[str, ...] = ()
    """The folders that go."""
    volumes: tuple[str, ...] = ()
    """Podman's volumes that go."""
    done: bool = False
    """Whether it was done, not only looked at."""
    kept: tuple[str, ...] = ()
    """What stays though it may be ours, each with the reason."""


async def add_server(
    store: Store,
    name: str,
    endpoint: str,
    replace: bool = False,
    tags: Sequence[str] = (),
) -> Server:
    """Add a server; ``replace`` changes the address of one that is there.

    Without ``tags``, one that is there keeps its own. Raises ``NameInvalid``, ``UsageError`` for
    a bad address or tag, ``AlreadyExists``.
    """
    known = {server.name: server for server in await store.servers()}
    if name not in known:  # an older database's names stay usable
        names.check(name, "server")
    server = _with(known.get(name) or Server(name, ""), str(parse_endpoint(endpoint)), tags)
    await store.add_server(server, replace)
    return server


def _with(server: Server, endpoint: str, tags: Sequence[str]) -> Server:
    return replace(server, endpoint=endpoint, tags=parse_tags(tags) if tags else server.tags)


async def remove_server(store: Store, name: str, forget: bool = False) -> None:
    """Remove a server; ``forget`` its projects too, which stay where they are.

    Raises ``NotFound``, and ``UsageError`` when it has projects that would be forgotten.
    """
    await store.remove_server(name, forget)


async def purge(link: ActionLink, *, dry_run: bool, force: bool = False) -> Purged:
    """Remove from a server all that is ours and this user's; ``dry_run``: say what that is.

    Projects with their files, containers and volumes, jobs, and the agent itself. Raises ``Busy``
    while sessions run there, unless ``force`` ends them.
    """
    return _purged(await link.agent.request("server.purge", dry_run=dry_run, force=force))


def _purged(wire: Any) -> Purged:
    found = wire if isinstance(wire, dict) else {}
    return Purged(
        projects=tuple(
            PurgedProject(
                plain(each.get("id") or "", 40),
                plain(each.get("name") or "?", 80),
                checked.count(each.get("bytes")),
                checked.count(each.get("sessions")) or 0,
            )
            for each in _list(found.get("projects"))
            if isinstance(each, dict)
        ),
        sessions=checked.count(found.get("sessions")) or 0,
        bytes=checked.count(found.get("bytes")),
        paths=tuple(plain(each) for each in _list(found.get("paths"))),
        volumes=tuple(plain(each) for each in _list(found.get("volumes"))),
        done=found.get("done") is True,
        kept=tuple(plain(each) for each in _list(found.get("kept"))),
    )


def _list(value: Any) -> list[Any]:
    return value[:_MOST] if isinstance(value, list) else []


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
        listed = few([server.name for server in servers])
        hint = "choose one with --server, or set default_server in client.toml"
        raise UsageError("There are several servers", listed, hint)
    return (others or list(servers))[0]
