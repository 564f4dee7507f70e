"""The rows of the fleet tree, from a snapshot. Pure: what is shown, not how it is drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mnix_tui.domain.states import GLYPHS, ProjectState, ServerState
from mnix_tui.ui import building, words
from mnix_tui.ui.marks import NOTHING, Kind, Mark, strongest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.fleet import FleetSnapshot, ServerView
    from mnix_tui.ui.building import Building

_TONES: dict[str, str] = {
    ServerState.ONLINE: "good",
    ServerState.CONNECTING: "busy",
    ServerState.RECONNECTING: "busy",
    ServerState.OFFLINE: "bad",
    ServerState.REFUSED: "bad",
    ProjectState.RUNNING: "good",
    ProjectState.BUILDING: "busy",
    ProjectState.FAILED: "bad",
    ProjectState.MISSING: "bad",
}


_WATCHES = ("", "watch", "busy", "bad")
"""The tones of watches; of several, the last one is shown."""


@dataclass(frozen=True)
class Row:
    """One line of the tree, ready to be drawn at any width."""

    key: str
    """Stays the same while the server or project is the same: its selection survives a rename."""
    server: str
    name: str
    glyph: str
    tone: str
    """``good``, ``busy``, ``bad`` or ``idle``: becomes a colour in the stylesheet."""
    note: str
    """What the right column says."""
    more: str = ""
    """What a second column adds where there is room."""
    fold: str = ""
    """``▾`` or ``▸`` for a server, "" for a project."""
    stale: bool = False
    """Nobody could confirm this lately: it is drawn dim."""
    host: bool = False
    """A project without a container around it."""
    mark: Mark = NOTHING
    """What happened in its shells while nobody looked."""
    drift: bool = False
    """What lies here, what was pushed and what runs are not the same."""
    build: Building | None = None
    """The rebuilds that run there."""
    watching: str = ""
    """The tone of the sign that its changes are sent as they come; "" when they are not."""
    conflicts: int = 0
    """Paths that were changed here and on the server."""

    @property
    def is_server(self) -> bool:
        """Say whether the row is a server's."""
        return bool(self.fold)


def server_key(name: str) -> str:
    """Return the key of a server's row."""
    return name


def project_key(view: ProjectView) -> str:
    """Return the key of a project's row."""
    project = view.project
    return f"{project.server}/{project.remote_id or project.name}"


def rows(
    snapshot: FleetSnapshot,
    folded: Collection[str] = (),
    *,
    now: float,
    loads: dict[str, list[float]] | None = None,
    marks: Mapping[str, Mark] | None = None,
    watches: Mapping[str, str] | None = None,
) -> tuple[Row, ...]:
    """Return the tree's rows: each server, then its projects by name unless it is folded."""
    projects: dict[str, list[ProjectView]] = {}
    for view in snapshot.projects:
        projects.setdefault(view.project.server, []).append(view)
    result: list[Row] = []
    builds = building.running(snapshot)
    for server in snapshot.servers:
        name = server.server.name
        key = server_key(name)
        mine = sorted(projects.get(name, ()), key=lambda view: view.project.name)
        is_folded = key in folded
        row = _server_row(server, len(mine), is_folded, now, (loads or {}).get(name, []))
        theirs = {project_key(view): (marks or {}).get(project_key(view), NOTHING) for view in mine}
        watched = {
            project_key(view): (watches or {}).get(project_key(view), "watch")
            for view in mine
            if view.sync.watching
        }
        each = {one: builds[one] for view in mine if (one := view.project.remote_id) in builds}
        if server.status.state is not ServerState.ONLINE:
            each = {}  # how far they are now, nobody knows
        row = replace(row, build=building.together(each.values()))
        if not is_folded:
            result.append(row)
            result += [
                _marked(
                    replace(
                        _project_row(view, server, now, each.get(view.project.remote_id)),
                        watching=watched.get(project_key(view), ""),
                    ),
                    theirs[project_key(view)],
                )
                for view in mine
            ]
            continue
        result.append(
            replace(
                row,
                mark=strongest(theirs.values()),
                drift=any(view.drift for view in mine),
                watching=max(watched.values(), key=_WATCHES.index, default=""),
                conflicts=sum(view.sync.conflicts for view in mine),
            )
        )
    return tuple(result)


def _marked(row: Row, mark: Mark) -> Row:
    """Give a project's row its mark; a rebuild that failed is said until somebody looked at it."""
    if mark.kind is Kind.BUILD_FAILED and not row.stale:
        return replace(row, mark=mark, note="failed", tone="bad")
    return replace(row, mark=mark)


def tone(state: str) -> str:
    """Return the tone of a server's or project's state."""
    return _TONES.get(state, "idle")


def glyph(state: str) -> str:
    """Return the shape of a state, also for one that a newer server invented."""
    return GLYPHS.get(state, "○")


def _server_row(
    view: ServerView, projects: int, folded: bool, now: float, loads: list[float]
) -> Row:
    state = view.status.state
    silent = view.status.silent_since if state is ServerState.ONLINE else None
    shown = ServerState.RECONNECTING if silent is not None else state  # not a plain online dot
    note, more = "", ""
    if silent is not None:
        quiet = max(now - silent, 0.0)
        note = f"no answer for {f'{quiet:.0f} s' if quiet < 10 else words.took(quiet)}"
    elif state is ServerState.ONLINE:
        if loads:
            note = f"{min(round(loads[-1] * 100), 999)}%"
            more = words.spark(loads) if len(loads) > 1 else ""
    elif state is ServerState.CONNECTING:
        note = "connecting"
    elif state is ServerState.RECONNECTING:
        note = "reconnecting"
    elif state in (ServerState.OFFLINE, ServerState.REFUSED):
        note = words.plain(view.status.reason) or state.value
        more = words.ago(view.status.seen, now) if view.status.seen else ""
    if folded and projects and not note:
        note = words.count(projects, "project")
    return Row(
        key=server_key(view.server.name),
        server=view.server.name,
        name=words.plain(view.server.name),
        glyph=glyph(shown),
        tone=tone(shown),
        note=note,
        more=more,
        fold="▸" if folded else "▾",
    )


def _project_row(view: ProjectView, server: ServerView, now: float, build: Building | None) -> Row:
    status = view.status
    stale = server.status.state is not ServerState.ONLINE
    more = f"gen {status.generation}" if status.generation is not None else ""
    state: str = ProjectState.BUILDING if build is not None else status.state
    if stale:
        note = words.ago(status.seen, now) if status.seen else "not seen yet"
    elif build is not None:
        note = build.phase
    elif status.state is ProjectState.RUNNING and status.sessions:
        note = f"{status.sessions} sh"
    elif status.state is ProjectState.RUNNING:
        note = words.ago(status.pushed, now) if status.pushed else ""
    elif status.state is ProjectState.CREATED:
        note = "new"
    else:
        note = status.state.value
    return Row(
        key=project_key(view),
        server=view.project.server,
        name=words.plain(view.project.name),
        glyph=glyph(state),
        tone="idle" if stale else tone(state),
        note=note,
        more=more,
        stale=stale,
        host=status.isolation == "host",
        drift=bool(view.drift),
        build=build,
        conflicts=view.sync.conflicts,
    )
