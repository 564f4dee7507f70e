"""The queries that read, and what their rows stand for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mnix_tui.domain.projects import Project, ProjectStatus, ProjectView
from mnix_tui.domain.servers import AUTO, CONNECT, LOCAL, Server, ServerStatus
from mnix_tui.domain.states import ProjectState, ServerState
from mnix_tui.domain.sync import SyncSummary

SERVERS = "SELECT name, endpoint, tags, connect FROM servers ORDER BY name"
SERVER_STATUSES = "SELECT server, state, reason, hint, seen FROM server_status"
PROJECTS = """
    SELECT p.id, ifnull(p.server, 'local'), p.name, p.remote_id, p.folder, p.flake, p.in_place,
        p.legacy_workspace, s.state, s.isolation, s.generation, s.detail, s.sessions, s.pushed,
        s.seen, y.at, y.conflicts, y.kept, y.watch
    FROM projects AS p LEFT JOIN project_status AS s ON s.project = p.id
    LEFT JOIN sync_state AS y ON y.project = p.id
    ORDER BY p.server IS NOT NULL, p.server, p.name
"""
IDS = "SELECT id, name, remote_id FROM projects WHERE ifnull(server, 'local') = ?"
SELECTED = "SELECT value FROM settings WHERE key = 'selected'"
BUILD_TIMES = "SELECT what, seconds FROM build_times WHERE server = ?"
SETTINGS = "SELECT substr(key, 4), value FROM settings WHERE key LIKE 'ui.%'"

Row = Sequence[Any]


def server_list(rows: Iterable[Row]) -> list[Server]:
    """Return the servers, ``local`` first."""
    return [Server(LOCAL, ""), *(server(row) for row in rows)]


def server(row: Row) -> Server:
    """Return a server; when to connect that only a newer mnix knows counts as ``auto``."""
    connect = row[3] if row[3] in CONNECT else AUTO
    return Server(row[0], row[1], tuple(row[2].split()), connect)


def server_status(row: Row) -> ServerStatus:
    """Return what a row says of a server. A stored link is never live: it was seen so then."""
    return ServerStatus(_known(ServerState, row[1]), row[2], row[3], row[4])


def project_view(row: Row) -> ProjectView:
    """Return a project with what was last seen of it."""
    project = Project(
        name=row[2],
        server=row[1],
        remote_id=row[3],
        folder=row[4],
        flake=row[5],
        in_place=bool(row[6]),
        legacy_workspace=row[7],
    )
    sync = SyncSummary(row[15], row[16], row[17], bool(row[18])) if row[16] is not None else None
    if row[8] is None:
        return ProjectView(project, sync=sync or SyncSummary())
    status = ProjectStatus(
        state=_known(ProjectState, row[8]),
        isolation=row[9],
        generation=row[10],
        detail=row[11],
        sessions=row[12],
        pushed=row[13],
        seen=row[14],
    )
    return ProjectView(project, status, sync=sync or SyncSummary())


def _known(states: Any, text: str) -> Any:
    """Return a state; one that only a newer mnix knows counts as unknown."""
    try:
        return states(text)
    except ValueError:
        return states.UNKNOWN
