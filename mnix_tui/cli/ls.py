"""``mnix ls``: the projects and what was last seen of them, from the store."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from mnix_tui.cli import complete, output
from mnix_tui.cli.context import Context, link_options, pass_merged, server_option
from mnix_tui.domain.states import ServerState
from mnix_tui.domain.text import few
from mnix_tui.store import listing

if TYPE_CHECKING:
    from mnix_tui.cli.refresh import Answer
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.domain.servers import Server, ServerStatus

HEAD = ("", "NAME", "SERVER", "STATE", "GEN", "ISOLATION", "SHELLS", "PUSHED", "SEEN")
Now: TypeAlias = "tuple[ProjectView, Job | None]"
"""What a server just said of a project, and the rebuild that runs there."""
_BROKEN = (ServerState.OFFLINE, ServerState.REFUSED, ServerState.RECONNECTING)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--refresh", is_flag=True, help="Ask the servers first.")
@click.option(
    "--tag", "-t", metavar="TAG", shell_complete=complete.tags, help="Servers with this tag."
)
@server_option
@link_options
@pass_merged
def ls(context: Context, as_json: bool, refresh: bool, tag: str | None) -> int:
    """List the projects, with the age of what is shown.

    With --refresh also, under NOW, which rebuilds run, and what drifts: files that are not sent
    yet (unsent), and files on the server that are not built yet (unbuilt).
    """
    now: dict[str, Now] = {}
    if refresh:
        from mnix_tui.cli.refresh import refresh as ask

        now = _now(ask(context, tag))
    found = listing.read(context.database)
    servers, projects = _wanted(found, context.server, tag)
    if as_json:
        output.print_json(
            {
                "servers": [server_json(*each) for each in servers],
                "projects": [
                    _project_json(view, found.selected, now.get(view.project.ref))
                    for view in projects
                ],
            }
        )
        return 0
    if found.projects and not projects:
        click.echo("No projects there.")
    elif not projects:
        click.echo("No projects yet: mnix new NAME makes one from this folder.")
    else:
        rows = [_row(view, found.selected) for view in projects]
        news = [_news(now.get(view.project.ref)) for view in projects]
        if any(news):
            rows = [(*row, new) for row, new in zip(rows, news, strict=True)]
        output.table((*HEAD, "NOW") if any(news) else HEAD, rows)
    for server, status in servers:
        if status.state in _BROKEN:
            reason = output.visible(f"{server.name}: {status.reason or status.state.value}")
            click.echo(f"{reason} (last seen: {output.age(status.seen)})")
    if unasked := _unasked(servers, projects):
        click.echo(f"Not asked yet what is there: {unasked} (mnix ls --refresh asks)")
    return 0


def server_json(server: Server, status: ServerStatus) -> dict[str, Any]:
    """Return a server as JSON has it."""
    return {
        "name": server.name,
        "endpoint": server.endpoint,
        "state": str(status.state),
        "reason": status.reason,
        "seen": status.seen,
        "tags": list(server.tags),
        "connect": server.connect,
    }


def _unasked(servers: list[tuple[Server, ServerStatus]], projects: list[ProjectView]) -> str:
    """Return the servers of which nothing is known, not even that they have no projects."""
    known = {view.project.server for view in projects}
    names = [
        output.visible(server.name)
        for server, status in servers
        if status.state is ServerState.UNKNOWN and status.seen is None
        if not server.is_local and server.name not in known
    ]
    return few(names)


def _wanted(
    found: listing.Listing, server: str, tag: str | None
) -> tuple[list[tuple[Server, ServerStatus]], list[ProjectView]]:
    from mnix_tui.store import refs

    names = {each.name for each in refs.narrow((each for each, _ in found.servers), server, tag)}
    servers = [each for each in found.servers if each[0].name in names]
    return servers, [view for view in found.projects if view.project.server in names]


def _now(answers: list[Answer]) -> dict[str, Now]:
    """Return what servers just said of their projects, by the projects' refs."""
    found: dict[str, Now] = {}
    for answer in answers:
        for view in answer.views:
            mine = (job for job in answer.rebuilds if job.project_id == view.project.remote_id)
            found[view.project.ref] = view, next(mine, None)
    return found


def _news(now: Now | None) -> str:
    """Return what goes on, and what differs, in a few words."""
    if now is None:
        return ""
    view, rebuild = now
    words = []
    if rebuild is not None:
        since = output.seconds(time.time() - rebuild.started) if rebuild.started else ""
        words.append(f"{rebuild.cause or 'rebuild'} {since}".strip())
    for what, files in (("unsent", view.drift.unpushed), ("unbuilt", view.drift.unbuilt)):
        if files:
            words.append(f"{what}: {', '.join(files)}")
    return "; ".join(words)


def _project_json(view: ProjectView, selected: str, now: Now | None) -> dict[str, Any]:
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
        "sync": asdict(view.sync),
        **_now_json(now),
    }


def _now_json(now: Now | None) -> dict[str, Any]:
    if now is None:
        return {}
    view, rebuild = now
    job = rebuild and {
        "job": rebuild.id,
        "cause": rebuild.cause or "rebuild",
        "started": rebuild.started,
    }
    drift = {"unsent": list(view.drift.unpushed), "unbuilt": list(view.drift.unbuilt)}
    return {"rebuild": job, "drift": drift}


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
        _files(view),
        output.age(status.seen),
    )


def _files(view: ProjectView) -> str:
    """Return when files were sent last, and what the last transfer left."""
    if view.project.in_place:
        return "in place"
    words = [output.age(view.status.pushed)] if view.status.pushed else []
    if view.sync.conflicts:
        words.append(output.count(view.sync.conflicts, "conflict"))
    if view.sync.kept:
        words.append(f"{view.sync.kept:,} not pulled")
    return ", ".join(words)
