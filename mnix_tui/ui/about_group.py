"""What the overview says of a group of servers. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mnix_tui.domain.states import ServerState
from mnix_tui.ui import fleet_metrics, words
from mnix_tui.ui.about import About, Fact, Line, Step
from mnix_tui.ui.about_server import state_words
from mnix_tui.ui.fleet_places import state
from mnix_tui.ui.fleet_rows import AWAY, UNTAGGED, glyph, reason, server_key, silence, tone

if TYPE_CHECKING:
    from mnix_tui.fleet import ServerView
    from mnix_tui.ui.fleet_index import Index
    from mnix_tui.ui.fleet_places import Place


def of_group(index: Index, place: Place, now: float) -> About:
    """Describe the servers of one group, those in trouble first."""
    views = [index.servers[name] for name in place.inside]
    keys = [key for view in views for key in index.of.get(view.server.name, ())]
    states = Counter(view.status.shown for view in views)
    away = sum(states[one] for one in AWAY)
    doing = Counter(state(index, index.projects[key]) for key in keys)
    tag = place.key[1:]
    worst = "bad" if away else "good" if states[ServerState.ONLINE] else "idle"
    ordered = sorted(views, key=lambda view: view.status.state not in AWAY)
    return About(
        title=f"#{words.plain(tag)}" if tag else UNTAGGED,
        summary=" · ".join((words.count(len(views), "server"), words.count(len(keys), "project"))),
        glyph="✕" if away else "●" if states[ServerState.ONLINE] else "○",
        tone=worst,
        state=_counted(states),
        facts=(
            Fact("Projects", _counted(doing) or "none"),
            *_load(index, views, now),
        ),
        list_title="Servers",
        lines=tuple(_line(index, view, now) for view in ordered),
        nothing="No server is here.",
        steps=(
            Step("look.filter", "keep only what has some words"),
            Step("look.order", "sort by something else"),
            Step("look.group", "don't group by tags"),
        ),
    )


def nothing(filter_: str) -> About:
    """Say that no row has the words of a filter."""
    return About(
        title="Nothing found",
        summary=words.plain(filter_),
        glyph="○",
        tone="idle",
        state="nothing has all of these words",
        facts=(Fact("Words", words.plain(filter_)),),
        list_title="",
        lines=(),
        nothing="",
        steps=(Step("look.clear", "show everything again"),),
    )


def _counted(states: Counter[ServerState] | Counter[str]) -> str:
    """Return ``38 online, 2 offline``."""
    return ", ".join(f"{number:,} {_called(one)}" for one, number in states.most_common())


def _called(state: str) -> str:
    return state_words(state) if isinstance(state, ServerState) else str(state)


def _load(index: Index, views: list[ServerView], now: float) -> list[Fact]:
    """Return the mean of what is fresh, and who is busiest."""
    loads = {}
    for view in views:
        for metric in fleet_metrics.of_server(index.snapshot, view, now):
            if metric.column == "load" and not metric.stale:
                loads[view.server.name] = metric.shares[-1]
    if not loads:
        return []
    busiest = max(loads, key=lambda name: loads[name])
    mean = sum(loads.values()) / len(loads)
    note = f"{words.plain(busiest)} has most: {round(loads[busiest] * 100)}%"
    return [Fact("Load", f"{words.meter(mean)} {round(mean * 100):>3}%", note)]


def _line(index: Index, view: ServerView, now: float) -> Line:
    status, name = view.status, view.server.name
    metrics = fleet_metrics.of_server(index.snapshot, view, now)
    if status.state in AWAY:
        said = reason(view)
    elif silent := silence(view, now):
        said = silent
    elif metrics and not metrics[0].stale:
        said = f"{words.spark(metrics[0].shares, 8):>8} {metrics[0].text:>4}"
    else:
        said = words.ago(status.seen, now) if status.seen else status.state.value
    many = len(index.of.get(name, ()))
    return Line(
        server_key(name),
        glyph(status.shown),
        tone(status.shown),
        words.plain(name),
        (words.count(many, "project"), said),
    )
