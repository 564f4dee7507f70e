"""``mnix ls``: the projects and what was last seen of them, from the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mnix_tui.cli import output
from mnix_tui.cli.context import Context, link_options, pass_merged, server_option
from mnix_tui.domain.states import ServerState
from mnix_tui.store import listing

if TYPE_CHECKING:
    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.domain.servers import Server, ServerStatus

HEAD = ("", "NAME", "SERVER", "STATE", "GEN", "ISOLATION", "SHELLS", "PUSHED", "SEEN")
_BROKEN = (ServerState.OFFLINE, ServerState.REFUSED, ServerState.RECONNECTING)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--refresh", is_flag=True, help="Ask the servers first.")
@server_option
@link_options
@pass_merged
def ls(context: Context, as_json: bool, refresh: bool) -> int:
    """List the projects, with the age of what is shown."""
    if refresh:
        from mnix_tui.cli.refresh import refresh as ask

        ask(context)
    found = listing.read(context.database)
    servers, projects = _wanted(found, context.server)
    if as_json:
        output.print_json(
            {
                "servers": [server_json(*each) for each in servers],
                "projects": [_project_json(view, found.selected) for view in projects],
            }
        )
        return 0
    if not projects:
        click.echo("No projects yet: mnix new NAME makes one from this folder.")
    else:
        output.table(HEAD, [_row(view, found.selected) for view in projects])
    for server, status in servers:
        if status.state in _BROKEN:
            reason = output.visible(f"{server.name}: {status.reason or status.state.value}")
            click.echo(f"{reason} (last seen: {output.age(status.seen)})")
    return 0


def server_json(server: Server, status: ServerStatus) -> dict[str, Any]:
    """Return a server as JSON has it."""
    return {
        "name": server.name,
        "endpoint": server.endpoint,
        "state": str(status.state),
        "reason": status.reason,
        "seen": status.seen,
    }


def _wanted(
    found: listing.Listing, server: str
) -> tuple[list[tuple[Server, ServerStatus]], list[ProjectView]]:
    if not server:
        return list(found.servers), list(found.projects)
    from mnix_tui.store.refs import find_server

    name = find_server([each for each, _ in found.servers], server).name
    servers = [each for each in found.servers if each[0].name == name]
    return servers, [view for view in found.projects if view.project.server == name]


def _project_json(view: ProjectView, selected: str) -> dict[str, Any]:
    project, status = view.project, view.status
    return {
        "name": project.name,
        "server": project.server,
        "state": str(status.state),
        "isolation": status.isolation or None,
        "generation": status.generation,
        "seen": status.seen,
        "detail": status.detail,
        "sessions": status.sessions,
        "pushed": status.pushed,
        "id": project.remote_id or None,
        "folder": project.folder or None,
        "flake": project.flake,
        "in_place": project.in_place,
        "selected": project.ref == selected,
    }


def _row(view: ProjectView, selected: str) -> tuple[str, ...]:
    project, status = view.project, view.status
    return (
        "*" if project.ref == selected else "",
        project.name,
        project.server,
        str(status.state),
        "" if status.generation is None else str(status.generation),
        status.isolation,
        str(status.sessions or ""),
        "in place" if project.in_place else output.age(status.pushed) if status.pushed else "",
        output.age(status.seen),
    )
