"""Which project and which server a command means. Read without an event loop, to be quick."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnix_tui.cli import output
from mnix_tui.errors import MnixError, NotFound, UsageError
from mnix_tui.store import listing, refs

if TYPE_CHECKING:
    from mnix_tui.cli.context import Context
    from mnix_tui.domain.projects import Project
    from mnix_tui.domain.servers import Server


@dataclass(frozen=True)
class Target:
    """A project and its server."""

    project: Project
    server: Server


def project(context: Context, ref: str = "") -> Target:
    """Return the project that is named, else the selected one, else this folder's.

    Raises ``NotFound``, and ``UsageError`` when nothing says which one is meant.
    """
    found = listing.read(context.database)
    servers = [server for server, _ in found.servers]
    if context.server:
        refs.find_server(servers, context.server)
    ref = ref or context.project
    if ref:
        chosen = refs.find_project(found.projects, ref, context.server).project
    else:
        chosen = _unnamed(found, context.server)
    return Target(chosen, refs.find_server(servers, chosen.server))


def server(context: Context) -> Server:
    """Return the server that is named, else the default one, else the only one."""
    from mnix_tui.actions.servers import choose_server

    servers = [each for each, _ in listing.read(context.database).servers]
    default = context.config.default_server
    if default and not context.server and default not in [each.name for each in servers]:
        output.note(f"mnix: default_server is {output.visible(default)!r}, and there is none")
    return choose_server(servers, context.server, default)


def server_or_projects(context: Context) -> Server:
    """Return the server of the project that is named, the named server, or the selected one's."""
    if context.project or not context.server:
        try:
            return project(context).server
        except (NotFound, UsageError):
            if context.project:
                raise
    return server(context)


def naming(database: Path, project: Project) -> str:
    """Return the options that make a command mean this project: "" where it does without any."""
    try:
        if _unnamed(listing.read(database), "").ref == project.ref:
            return ""
    except MnixError:
        pass
    return f" --project {shlex.quote(output.visible(project.ref))}"


def _unnamed(found: listing.Listing, server: str) -> Project:
    projects = [view.project for view in found.projects if server in ("", view.project.server)]
    if not projects:
        where = f" on {server}" if server else ""
        raise NotFound(f"There are no projects{where} yet", hint="mnix new NAME makes one")
    for each in projects:
        if each.ref == found.selected:
            return each
    here = Path.cwd()
    mine = [each for each in projects if each.folder and here.is_relative_to(each.folder)]
    if len(mine) == 1:
        return mine[0]
    if len(projects) == 1:
        return projects[0]
    listed = ", ".join(each.ref for each in projects)
    raise UsageError("Which project?", listed, "name it with --project, or mnix select NAME")
