"""Where everything stands in the fleet tree: groups, order, filter and folds. Pure.

Only keys are put in order here: what a row says is made when it is drawn.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from mnix_tui.domain.states import ProjectState, ServerState
from mnix_tui.ui import fleet_filter
from mnix_tui.ui.fleet_index import group_key, natural
from mnix_tui.ui.fleet_look import Look, Order

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.fleet import ServerView
    from mnix_tui.ui.fleet_filter import Word
    from mnix_tui.ui.fleet_index import Index

_SERVERS = (
    ServerState.REFUSED,
    ServerState.OFFLINE,
    ServerState.RECONNECTING,
    ServerState.CONNECTING,
    ServerState.ONLINE,
    ServerState.UNKNOWN,
)
_PROJECTS = (
    ProjectState.FAILED,
    ProjectState.MISSING,
    ProjectState.BUILDING,
    ProjectState.RUNNING,
    ProjectState.CREATED,
    ProjectState.STOPPED,
    ProjectState.UNKNOWN,
)
_NOW = float("inf")

Rank = tuple[object, ...]


class Place(NamedTuple):
    """One line of the tree: which thing is there."""

    key: str
    kind: str
    """``group``, ``server`` or ``project``."""
    server: str = ""
    """The server's name; "" for a group."""
    folded: bool = False
    inside: tuple[str, ...] = ()
    """The names of a group's servers, the keys of a server's projects: as far as they are kept."""
    found: bool = True
    """Whether it was looked for itself, or is only there for what is below it."""


class Kept(NamedTuple):
    """What the filter keeps of the fleet, folded or not."""

    servers: int = 0
    """How many servers it finds for themselves."""
    below: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """The keys of each server's projects, by the server's name."""

    @property
    def projects(self) -> int:
        """How many projects are kept."""
        return sum(len(keys) for keys in self.below.values())


class _Block(NamedTuple):
    view: ServerView
    keys: tuple[str, ...]
    found: bool


def places(
    index: Index, look: Look, failed: Collection[str] = (), loads: dict[str, float] | None = None
) -> tuple[tuple[Place, ...], Kept]:
    """Return all lines of the tree in their order, and what was kept of the fleet.

    ``failed``: the keys of projects whose rows say that a rebuild failed. ``loads``: how busy each
    server counts as; it is kept up to date, and a small change is none: rows that swap places all
    the time can't be read.
    """
    words = fleet_filter.parse(look.filter)
    servers = index.snapshot.servers
    blocks = [block for view in servers if (block := _block(index, view, words, failed))]
    blocks.sort(key=_by_server(index, look.order, {} if loads is None else loads))
    below = {block.view.server.name: block.keys for block in blocks}
    kept = Kept(sum(block.found for block in blocks), below)
    result: list[Place] = []
    for tag, members in _groups(blocks) if look.grouped else [(None, blocks)]:
        if tag is not None:
            key = group_key(tag)
            folded = key in look.folded
            names = tuple(block.view.server.name for block in members)
            result.append(Place(key, "group", "", folded, names, found=False))
            if folded:
                continue
        for block in members:
            result += _lines(index, block, look, failed)
    return tuple(result), kept


def _block(
    index: Index, view: ServerView, words: tuple[Word, ...], failed: Collection[str]
) -> _Block | None:
    """Return what is kept of a server, or ``None``."""
    server, keys = view.server, index.of.get(view.server.name, ())
    if not words:
        return _Block(view, keys, found=True)
    found = fleet_filter.server_matches(words, view)
    kept = tuple(
        key
        for key in keys
        if fleet_filter.project_matches(
            words, one := index.projects[key], server, _said(index, one, key in failed)
        )
    )
    return _Block(view, kept, found) if kept or found else None


def _said(index: Index, view: ProjectView, failed: bool) -> tuple[str, ...]:
    """Return what a project's row says that words may be looked for in."""
    build = index.building(view)
    return (
        state(index, view),
        ProjectState.FAILED if failed else "",
        build.phase if build is not None else "",
        "new" if view.status.state is ProjectState.CREATED else "",
    )


def _groups(blocks: list[_Block]) -> list[tuple[str | None, list[_Block]]]:
    """Return servers by their first tag, those without any last; one list where nobody has one."""
    found: dict[str, list[_Block]] = {}
    for block in blocks:
        found.setdefault(next(iter(block.view.server.tags), ""), []).append(block)
    if not any(found):
        return [(None, blocks)]
    tags = sorted(found, key=lambda tag: (not tag, natural(tag)))
    return [(tag, found[tag]) for tag in tags]


def _lines(index: Index, block: _Block, look: Look, failed: Collection[str]) -> list[Place]:
    name = block.view.server.name
    folded = name in look.folded and bool(block.keys)
    lines = [Place(name, "server", name, name in look.folded, block.keys, block.found)]
    if folded or not block.keys:
        return lines
    keys: Iterable[str] = block.keys  # by name already
    if look.order is not Order.NAME:
        rank = _by_project(index, look.order)
        trouble = failed if look.order is Order.STATE else ()
        keys = sorted(keys, key=lambda key: (key not in trouble, rank(index.projects[key])))
    lines += [Place(key, "project", name) for key in keys]
    return lines


def state(index: Index, view: ProjectView) -> str:
    """Return the state that a project is shown in."""
    if index.building(view) is not None:
        return ProjectState.BUILDING
    return view.status.state


def _by_server(index: Index, order: Order, loads: dict[str, float]) -> Callable[[_Block], Rank]:
    def rank(block: _Block) -> Rank:
        view = block.view
        name = (not view.server.is_local, natural(view.server.name))
        if order is Order.STATE:
            return (_at(_SERVERS, view.status.shown), *name)
        if order is Order.LOAD:
            return (-_load(index, view, loads), *name)
        if order is Order.USED:
            mine = (used(index, index.projects[key]) for key in index.of.get(view.server.name, ()))
            return (-max(mine, default=0.0), *name)
        return name

    return rank


def _load(index: Index, view: ServerView, loads: dict[str, float]) -> float:
    """Return how busy a server counts as; -1 for one of which nobody knows what is so now."""
    server = view.server.name
    samples = index.snapshot.samples.get(server)
    if view.status.shown is not ServerState.ONLINE or samples is None or not samples.load:
        return -1.0
    load = samples.load[-1]
    before = loads.get(server)
    if before is None or abs(load - before) > max(0.15, before / 10):
        loads[server] = round(load, 1)
    return loads[server]


def _by_project(index: Index, order: Order) -> Callable[[ProjectView], Rank]:
    def rank(view: ProjectView) -> Rank:
        name = natural(view.project.name)
        if order is Order.STATE:
            return (_at(_PROJECTS, state(index, view)), name)
        if order is Order.LOAD:
            usage = index.snapshot.usage.get(view.project.key)
            return (-round((usage.cpu[-1] if usage and usage.cpu else -1) * 4), name)
        return (-used(index, view), name)

    return rank


def used(index: Index, view: ProjectView) -> float:
    """Return when somebody last did something in a project; while a shell is open, that is now."""
    jobs = index.jobs_of(view)
    if any(job.live for job in jobs):
        return _NOW
    return max(view.status.pushed or 0.0, *(job.ended or job.started for job in jobs), 0.0)


def _at(states: tuple[str, ...], state: str) -> int:
    return states.index(state) if state in states else len(states)
