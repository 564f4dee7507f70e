"""Finding what a person means by a name: exactly, or with the nearest names in the error."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from mnix_tui.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.domain.servers import Server

Found = TypeVar("Found")


def find_server(servers: Iterable[Server], name: str) -> Server:
    """Return the server called ``name``; raise ``NotFound`` with the nearest name."""
    servers = list(servers)
    for server in servers:
        if server.name == name:
            return server
    raise not_found("server", name, [server.name for server in servers], "mnix server ls")


def narrow(servers: Iterable[Server], name: str = "", tag: str | None = None) -> list[Server]:
    """Return the servers, only the one called ``name``, only those with ``tag``.

    Raises ``NotFound``, with the nearest, for a name or a tag that no server has.
    """
    every = list(servers)
    found = [find_server(every, name)] if name else every
    if tag is None:
        return found
    tag, tags = tag.strip().lower(), sorted({each for server in every for each in server.tags})
    if tag not in tags:
        raise not_found("tag", tag, tags, "mnix server ls")
    return [server for server in found if tag in server.tags]


def find_project(views: Sequence[ProjectView], ref: str, server: str = "") -> ProjectView:
    """Return the project that ``name`` or ``name@server`` means, on ``server`` if it is given.

    Raises ``NotFound`` with the nearest name, and ``UsageError`` when several have the name.
    """
    here = [view for view in views if server in ("", view.project.server)]
    # Names of older databases may have an @ in them: compare whole refs, never split one.
    exact = [view for view in here if view.project.ref == ref]
    named = [view for view in here if view.project.name == ref]
    if len(found := exact or named) == 1:
        return found[0]
    if found:
        refs = ", ".join(view.project.ref for view in found)
        raise UsageError(f"{ref!r} is on several servers", refs, "write name@server")
    names = [view.project.name for view in here] + [view.project.ref for view in here]
    raise not_found("project", ref, names, "mnix ls")


def not_found(what: str, name: str, names: Sequence[str], command: str) -> NotFound:
    """Return the error for a name that nothing has, with the nearest name as its hint."""
    import difflib

    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"see {command}"
    detail = "" if names else f"there are no {what}s yet"
    return NotFound(f"There is no {what} {name!r}", detail, hint)
