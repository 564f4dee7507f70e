"""The rows of the fleet tree: each is made when it is drawn. Pure: what is shown, not how."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mnix_tui.domain.states import GLYPHS, ProjectState, ServerState
from mnix_tui.ui import fleet_metrics, fleet_places, words
from mnix_tui.ui.building import together
from mnix_tui.ui.fleet_index import Index, group_key, index, project_key, server_key
from mnix_tui.ui.fleet_look import Look
from mnix_tui.ui.marks import NOTHING, Kind, Mark, strongest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.fleet import FleetSnapshot, ServerView
    from mnix_tui.ui.building import Building
    from mnix_tui.ui.fleet_metrics import Metric
    from mnix_tui.ui.fleet_places import Place

__all__ = [
    "Row",
    "Rows",
    "Scene",
    "glyph",
    "group_key",
    "make",
    "project_key",
    "rows",
    "server_key",
    "tone",
]

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
AWAY = (ServerState.OFFLINE, ServerState.REFUSED)
"""The states of servers that can't be told anything now."""
UNTAGGED = "no tag"
"""What the group of servers without any is called."""


@dataclass(frozen=True)
class Row:
    """One line of the tree, ready to be drawn at any width."""

    key: str
    """Stays the same while the server or project is the same: its selection survives a rename."""
    server: str
    """The server that it is, or that it is on; "" for a group."""
    name: str
    glyph: str
    tone: str
    """``good``, ``busy``, ``bad`` or ``idle``: becomes a colour in the stylesheet."""
    note: str
    """What the right column says."""
    more: str = ""
    """What a second column adds where there is room."""
    about: str = ""
    """What else there is to say where the fleet has the whole width."""
    fold: str = ""
    """``▾`` or ``▸`` for a server or a group, "" for a project."""
    kind: str = "project"
    """``group``, ``server`` or ``project``."""
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
    metrics: tuple[Metric, ...] = ()
    """How busy it is, each with its column."""
    chosen: bool = False
    """Marked, to be told something together with others; of a server, all that is below it."""

    @property
    def is_server(self) -> bool:
        """Say whether the row is a server's."""
        return self.kind == "server"


@dataclass(frozen=True)
class Scene:
    """All that rows are made from."""

    index: Index
    now: float
    marks: Mapping[str, Mark] = field(default_factory=dict)
    """What happened in projects' shells, by their row."""
    watches: Mapping[str, str] = field(default_factory=dict)
    """The tones of the watches over projects' files, by their row."""
    chosen: Collection[str] = ()
    """The rows of the projects that are marked."""


class Rows:
    """The tree's rows, made one by one as they are asked for."""

    def __init__(self, places: tuple[Place, ...] = (), scene: Scene | None = None) -> None:
        self.places = places
        self._scene = scene or Scene(Index(), 0.0)
        self._made: dict[int, Row] = {}
        self._at: dict[str, int] | None = None

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, at: int) -> Row:
        row = self._made.get(at)
        if row is None:
            row = self._made[at] = make(self.places[at], self._scene)
        return row

    def __iter__(self) -> Iterator[Row]:
        return (self[at] for at in range(len(self)))

    def made(self, at: int) -> Row | None:
        """Return a row if it was asked for already, so that it may have been drawn."""
        return self._made.get(at)

    def find(self, key: str) -> int | None:
        """Return where the row with this key is."""
        if self._at is None:
            self._at = {place.key: at for at, place in enumerate(self.places)}
        return self._at.get(key)


def rows(
    snapshot: FleetSnapshot,
    folded: Collection[str] = (),
    *,
    now: float,
    marks: Mapping[str, Mark] | None = None,
    watches: Mapping[str, str] | None = None,
) -> Rows:
    """Return the rows of a snapshot, as they are when nobody chose otherwise."""
    known = index(snapshot)
    found, _ = fleet_places.places(known, Look(folded=frozenset(folded)))
    return Rows(found, Scene(known, now, marks or {}, watches or {}))


def make(place: Place, scene: Scene) -> Row:
    """Return what one line says."""
    makers: Mapping[str, Callable[[Place, Scene], Row]]
    makers = {"group": _group_row, "server": _server_row, "project": _project_row}
    return makers[place.kind](place, scene)


def tone(state: str) -> str:
    """Return the tone of a server's or project's state."""
    return _TONES.get(state, "idle")


def glyph(state: str) -> str:
    """Return the shape of a state, also for one that a newer server invented."""
    return GLYPHS.get(state, "○")


def _group_row(place: Place, scene: Scene) -> Row:
    known = scene.index
    views = [known.servers[name] for name in place.inside]
    keys = tuple(key for name in place.inside for key in known.of.get(name, ()))
    away = sum(view.status.state in AWAY for view in views)
    note = words.count(len(views), "server")
    row = Row(
        key=place.key,
        server="",
        name=place.key[1:] or UNTAGGED,
        glyph="✕" if away else "",
        tone="bad" if away else "idle",
        note=f"✕ {away} of {len(views)}" if away else note,
        fold="▸" if place.folded else "▾",
        kind="group",
    )
    return _over(row, scene, keys, folded=place.folded)


def _server_row(place: Place, scene: Scene) -> Row:
    view, now = scene.index.servers[place.server], scene.now
    state, shown = view.status.state, view.status.shown
    metrics = fleet_metrics.of_server(scene.index.snapshot, view, now)
    note, more, stale = _server_note(view, metrics, now)
    if place.folded and place.inside and not note:
        note = words.count(len(place.inside), "project")
    tags = (f"#{words.plain(tag)}" for tag in view.server.tags)
    row = Row(
        key=place.key,
        server=place.server,
        name=words.plain(place.server),
        glyph=glyph(shown),
        tone=tone(shown),
        note=note,
        more=more,
        about=" ".join((words.plain(view.server.endpoint), *tags)),
        fold="▸" if place.folded else "▾",
        kind="server",
        stale=stale,
        metrics=metrics if state not in AWAY and shown is state else (),
    )
    return _over(row, scene, place.inside, folded=place.folded)


def _server_note(
    view: ServerView, metrics: tuple[Metric, ...], now: float
) -> tuple[str, str, bool]:
    """Return what a server's row says, what it adds where there is room, and whether it is old."""
    status = view.status
    if silent := silence(view, now):
        return silent, "", False
    if status.state is ServerState.ONLINE:
        load = next((one for one in metrics if one.column == "load"), None)
        if load is None:
            return "", "", False
        spark = words.spark(load.shares, 3) if len(load.shares) > 1 else ""
        return (f"{words.span(load.age)} ago" if load.stale else load.text), spark, load.stale
    if status.state in (ServerState.CONNECTING, ServerState.RECONNECTING):
        return status.state.value, "", False
    seen = words.ago(status.seen, now) if status.seen else ""
    if status.state in AWAY:
        return reason(view), seen, False
    return seen, "", bool(seen)


def silence(view: ServerView, now: float) -> str:
    """Return for how long a server that is online gave no sign of life; "" where it does."""
    status = view.status
    if status.shown is status.state or status.silent_since is None:
        return ""
    quiet = max(now - status.silent_since, 0.0)
    return f"no answer for {f'{quiet:.0f} s' if quiet < 10 else words.took(quiet)}"


def reason(view: ServerView) -> str:
    """Return why a server is away, without the name that stands beside it anyway."""
    status = view.status
    said = status.reason.removeprefix(f"{view.server.name}: ")
    return words.plain(said) or status.state.value


def _over(row: Row, scene: Scene, keys: tuple[str, ...], *, folded: bool) -> Row:
    """Have a row say what is below it: how far it builds, and of what is hidden the strongest."""
    row = replace(
        row,
        build=together(_builds(scene, keys).values()),
        chosen=bool(keys) and all(key in scene.chosen for key in keys),
    )
    if not folded:
        return row
    views = [scene.index.projects[key] for key in keys]
    watched = (_watch_tone(scene, key, view) for key, view in zip(keys, views, strict=True))
    return replace(
        row,
        mark=strongest(scene.marks.get(key, NOTHING) for key in keys),
        drift=any(view.drift for view in views),
        watching=max(watched, key=_WATCHES.index, default=""),
        conflicts=sum(view.sync.conflicts for view in views),
    )


def _builds(scene: Scene, keys: Iterable[str]) -> dict[str, Building]:
    """Return the rebuilds that run in some projects; how far they are elsewhere, nobody knows."""
    known = scene.index
    if not known.builds:
        return {}
    found = {}
    for key in keys:
        view = known.projects[key]
        build = known.building(view)
        if build is not None and _online(known.servers.get(view.project.server)):
            found[key] = build
    return found


def _project_row(place: Place, scene: Scene) -> Row:
    view = scene.index.projects[place.key]
    status, now = view.status, scene.now
    stale = not _online(scene.index.servers.get(place.server))
    build = _builds(scene, (place.key,)).get(place.key)
    state: str = ProjectState.BUILDING if build is not None else status.state
    mark = scene.marks.get(place.key, NOTHING)
    shown = "idle" if stale else tone(state)
    note = _project_note(view, build, now, stale=stale)
    if mark.kind is Kind.BUILD_FAILED and not stale:
        note, shown = "failed", "bad"  # it is said until somebody looked at it
    pushed = f"pushed {words.ago(status.pushed, now)}" if status.pushed else ""
    usage = scene.index.snapshot.usage.get(view.project.key)
    runs = status.state in (ProjectState.RUNNING, ProjectState.BUILDING)
    return Row(
        key=place.key,
        server=place.server,
        name=words.plain(view.project.name),
        glyph=glyph(state),
        tone=shown,
        note=note,
        more=_generation(view),
        about=" · ".join(
            filter(None, (state, _generation(view), words.plain(status.detail), pushed))
        ),
        stale=stale,
        host=status.isolation == "host",
        mark=mark,
        drift=bool(view.drift),
        build=build,
        watching=_watch_tone(scene, place.key, view),
        conflicts=view.sync.conflicts,
        metrics=fleet_metrics.of_project(usage, now) if usage and runs and not stale else (),
        chosen=place.key in scene.chosen,
    )


def _generation(view: ProjectView) -> str:
    number = view.status.generation
    return f"gen {number}" if number is not None else ""


def _project_note(view: ProjectView, build: Building | None, now: float, *, stale: bool) -> str:
    status = view.status
    if stale:
        return words.ago(status.seen, now) if status.seen else "not seen yet"
    if build is not None:
        return build.phase
    if status.state is ProjectState.RUNNING:  # no age here: beside a name that says "not lately"
        return f"{status.sessions} sh" if status.sessions else ""
    return "new" if status.state is ProjectState.CREATED else status.state.value


def _watch_tone(scene: Scene, key: str, view: ProjectView) -> str:
    return scene.watches.get(key, "watch") if view.sync.watching else ""


def _online(view: ServerView | None) -> bool:
    return view is not None and view.status.state is ServerState.ONLINE
