"""Completion of names and paths, from the store and from what is on this machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    import click

    from mnix_tui.domain.projects import Project
    from mnix_tui.store.listing import Listing
    from mnix_tui.store.store import Store

_NAME = re.compile(r"[A-Za-z0-9+_?=][A-Za-z0-9+._?=-]*")
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_PATH = re.compile(r"[A-Za-z0-9._+@=/-]+")
OFFERED = 20
"""Generations that are offered."""
MOST = 200
"""Names of what was built that are offered."""


def projects(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the projects that begin like this; ``name@server`` where a name is not enough."""
    listing = _listing()
    if listing is None:
        return []
    names = [view.project.name for view in listing.projects]
    found = []
    for view in listing.projects:
        if names.count(view.project.name) == 1:
            found.append(view.project.name)
        if "@" in incomplete or names.count(view.project.name) > 1:
            found.append(view.project.ref)
    return sorted(name for name in set(found) if name.startswith(incomplete))


def unadopted(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the projects that have no folder here, and begin like this."""
    listing = _listing()
    if listing is None:
        return []
    own = {view.project.ref for view in listing.projects if view.project.folder}
    refs = {view.project.ref for view in listing.projects} - own
    found = [each for each in projects(ctx, param, incomplete) if each in refs]
    names = {view.project.name for view in listing.projects if view.project.ref in refs}
    return [each for each in projects(ctx, param, incomplete) if each in names] + found


def servers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the servers that begin like this."""
    listing = _listing()
    if listing is None:
        return []
    return [server.name for server, _ in listing.servers if server.name.startswith(incomplete)]


def stored_servers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the servers that begin like this, without this machine."""
    return [name for name in servers(ctx, param, incomplete) if name != "local"]


def tags(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the tags that servers have, and that begin like this."""
    listing = _listing()
    if listing is None:
        return []
    found = {tag for server, _ in listing.servers for tag in server.tags}
    return sorted(tag for tag in found if tag.startswith(incomplete))


def ssh_hosts(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the hosts that the SSH configuration names, and that begin like this."""
    from mnix_tui.link.sshconfig.config import config_path
    from mnix_tui.link.sshconfig.hosts import hosts

    found = hosts(config_path())
    return [host for host in found if host.startswith(incomplete) and _HOST.fullmatch(host)]


def generations(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the generations that there may be, by the last number that was seen; newest first."""
    listing = _listing()
    if listing is None:
        return []
    ref = ""
    for each in (ctx, *_parents(ctx)):
        ref = ref or str(each.params.get("project") or "")
    ref = ref or listing.selected
    for view in listing.projects:
        if ref in (view.project.name, view.project.ref) or len(listing.projects) == 1:
            last = view.status.generation or 0
            numbers = (str(number) for number in range(last, max(0, last - OFFERED), -1))
            return [number for number in numbers if number.startswith(incomplete)]
    return []


def nodes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return what was built before, by names without versions: ``--node`` understands them."""
    from contextlib import closing

    from mnix_tui.config.client import load
    from mnix_tui.errors import MnixError
    from mnix_tui.store import prepare, rows

    listing = _listing()
    if listing is None:
        return []
    servers = {server.name for server, _ in listing.servers}
    named = next((each.params.get("server") for each in (ctx, *_parents(ctx))), None)
    found: set[str] = set()
    try:
        path = load().database_path
        with prepare.translated(path), closing(prepare.connect(path)) as connection:
            for server in {named} if named in servers else servers:
                found |= {str(row[0]) for row in connection.execute(rows.BUILD_TIMES, (server,))}
    except MnixError:
        return []
    # A log says what it likes: only what can be the name of a store path is put on a command line.
    fit = (name for name in found if name.startswith(incomplete) and _NAME.fullmatch(name))
    return sorted(fit)[:MOST]


def conflicts(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the conflicts that begin like this, as they were last seen."""

    async def look(store: Store, project: Project) -> Iterable[str]:
        from mnix_tui.actions import sync

        return [each.path for each in await sync.conflicts(store, None, project)]

    return _paths(ctx, incomplete, look)


def trashed_ids(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the IDs of the trash here; those of a server would take a connection."""

    async def look(store: Store, project: Project) -> Iterable[str]:
        from mnix_tui.actions import sync

        return [each.id for each in await sync.trash_here(project)]

    return _paths(ctx, incomplete, look) if _said(ctx, "here") else []


def trashed_first(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the IDs of the trash here, and then the paths."""
    return trashed_ids(ctx, param, incomplete) + trashed_paths(ctx, param, incomplete)


def trashed_paths(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the paths in the trash here; those of the ID, if one was named."""

    async def look(store: Store, project: Project) -> Iterable[str]:
        from mnix_tui.actions import sync

        found = await sync.trash_here(project)
        first = ctx.params.get("batch") or ""
        mine = [each.path for each in found if first and each.id.startswith(first)]
        return dict.fromkeys(mine or [each.path for each in found])

    return _paths(ctx, incomplete, look) if _said(ctx, "here") else []


def _paths(
    ctx: click.Context,
    incomplete: str,
    look: Callable[[Store, Project], Coroutine[Any, Any, Iterable[str]]],
) -> list[str]:
    import asyncio

    from mnix_tui.cli import target
    from mnix_tui.cli.context import Context
    from mnix_tui.errors import MnixError
    from mnix_tui.store.store import Store

    context = Context().merged(_said(ctx, "project"), _said(ctx, "server"))

    async def work() -> Iterable[str]:
        chosen = target.of_files(context)
        async with Store.open(context.database) as store:
            return await look(store, chosen.project)

    try:
        found = asyncio.run(work())
    except MnixError:
        return []
    # The server says what is called how: only what no shell would read as more is offered.
    return sorted({each for each in found if each.startswith(incomplete) and _PATH.fullmatch(each)})


def _said(ctx: click.Context, name: str) -> Any:
    """Return what an option is, given to this command or to one around it."""
    return next(
        (each.params[name] for each in (ctx, *_parents(ctx)) if each.params.get(name)), None
    )


def _parents(ctx: click.Context) -> list[click.Context]:
    found = []
    while ctx.parent is not None:
        ctx = ctx.parent
        found.append(ctx)
    return found


def _listing() -> Listing | None:
    """Read the store; a shell that completes is never shown an error."""
    from mnix_tui.config.client import load
    from mnix_tui.errors import MnixError
    from mnix_tui.store import listing

    try:
        return listing.read(load().database_path)
    except MnixError:
        return None
