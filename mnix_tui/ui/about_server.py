"""What the overview says of a server. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mnix_tui.domain.servers import NEVER
from mnix_tui.domain.states import ProjectState, ServerState
from mnix_tui.fleet import FleetSnapshot
from mnix_tui.ui import fleet_metrics, keys, words
from mnix_tui.ui.about import About, Fact, Line, Notice, Step
from mnix_tui.ui.fleet_rows import AWAY, glyph, project_key, reason, silence, tone
from mnix_tui.ui.problems import here

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.domain.servers import Server
    from mnix_tui.fleet import ServerView

_TAGS = keys.of("server.label")
SPARK = 16
"""Cells of a line of what a value was lately."""


def of_server(
    view: ServerView,
    projects: tuple[ProjectView, ...],
    *,
    now: float,
    info: Mapping[str, Any] | None = None,
    hello: Mapping[str, Any] | None = None,
    latency: float | None = None,
    trouble: str = "",
    snapshot: FleetSnapshot | None = None,
) -> About:
    """Describe a server; ``snapshot`` tells how busy it and its containers are."""
    server, status = view.server, view.status
    known = snapshot or FleetSnapshot()
    lines = tuple(_project_line(project, status.state, known, now) for project in projects)
    where = "this machine" if server.is_local else words.plain(server.endpoint)
    parts = ("" if server.endpoint == server.name else where, words.count(len(projects), "project"))
    return About(
        title=words.plain(server.name),
        summary=" · ".join((*filter(None, parts), *map(_tag, server.tags))),
        glyph=glyph(status.shown),
        tone=tone(status.shown),
        state=silence(view, now) or state_words(status.state),
        facts=_server_facts(view, now, info or {}, hello or {}, latency)
        + _busy_facts(known, view, now),
        list_title=f"Projects{_as_seen(view, now)}",
        lines=lines,
        nothing="No project is here yet.",
        steps=_server_steps(server, status.shown, bool(projects)),
        notices=_server_notices(view, info or {}, trouble),
    )


def state_words(state: ServerState) -> str:
    """Return how a server's state is said."""
    return "not connected" if state is ServerState.UNKNOWN else state.value


def _server_facts(
    view: ServerView,
    now: float,
    info: Mapping[str, Any],
    hello: Mapping[str, Any],
    latency: float | None,
) -> tuple[Fact, ...]:
    engine = info.get("engine") or {}
    where = "this machine" if view.server.is_local else view.server.endpoint
    user = f"{hello['user']} on {hello.get('hostname', '?')}" if hello.get("user") else ""
    facts = [
        Fact("Address", words.plain(where), words.plain(user)),
        Fact("Seen", words.ago(view.status.seen, now)),
    ]
    if latency is not None and view.status.shown is ServerState.ONLINE:
        facts.append(Fact("Answers in", f"{latency * 1000:.1f} ms"))
    if info:
        rootless = "rootless" if engine.get("rootless") else "as root"
        facts += [
            Fact("Podman", words.plain(str(engine.get("version", ""))), rootless)
            if engine
            else Fact("Podman", "doesn't work there", "", "busy"),
            Fact("Nix", words.plain(str(info.get("nix") or "none outside containers"))),
        ]
    if hello:
        python = words.plain(str(hello.get("python", "?")))
        facts.append(Fact("Python", python, f"agent {words.plain(str(hello.get('version', '?')))}"))
    if view.server.tags:
        facts.append(Fact("Tags", " ".join(map(_tag, view.server.tags)), f"{_TAGS} changes them"))
    return tuple(facts)


def _as_seen(view: ServerView, now: float) -> str:
    if view.status.state is ServerState.ONLINE or view.status.seen is None:
        return ""
    return f", as they were {words.ago(view.status.seen, now)}"


def _busy_facts(snapshot: FleetSnapshot, view: ServerView, now: float) -> tuple[Fact, ...]:
    """Say how busy it is, and was lately; of a server that is away, how it was last seen."""
    notes = _amounts(view)
    return tuple(
        Fact(
            metric.column.capitalize(),
            f"{metric.text:>4}",
            words.aged(notes.get(metric.column, ""), metric.age if metric.stale else None),
            metric.tone,
            f"{words.spark(metric.shares, SPARK):>{SPARK}}",
        )
        for metric in fleet_metrics.of_server(snapshot, view, now)
    )


def _amounts(view: ServerView) -> dict[str, str]:
    stats = view.stats
    if stats is None:
        return {}
    found = {"store": "in packages"}
    if stats.load1 is not None:
        found["load"] = f"{stats.load1:.2f} on {words.count(stats.cpus or 0, 'processor')}"
    for column, free, total in (
        ("memory", stats.memory_available, stats.memory_total),
        ("disk", stats.disk_free, stats.disk_total),
    ):
        if total and free is not None:
            found[column] = f"{words.size(free)} of {words.size(total)} free"
    return found


def _tag(tag: str) -> str:
    return f"#{words.plain(tag)}"


def _project_line(
    view: ProjectView, server: ServerState, snapshot: FleetSnapshot, now: float
) -> Line:
    status = view.status
    online = server is ServerState.ONLINE
    built = f"gen {status.generation}" if status.generation is not None else "not built"
    notes = [built, status.state.value]
    usage = snapshot.usage.get(view.project.key)
    if usage is not None and online and status.state is ProjectState.RUNNING:
        metrics = {one.column: one for one in fleet_metrics.of_project(usage, now)}
        if not any(one.stale for one in metrics.values()):
            notes[1:] = [
                f"{words.spark(one.shares, 8):>8} {one.text:>4}"
                for column in ("load", "memory")
                if (one := metrics.get(column)) is not None
            ] or notes[1:]
    return Line(
        project_key(view),
        glyph(status.state),
        tone(status.state) if online else "idle",
        words.plain(view.project.name),
        tuple(notes),
    )


def _server_notices(view: ServerView, info: Mapping[str, Any], trouble: str) -> tuple[Notice, ...]:
    status = view.status
    if status.state is ServerState.UNKNOWN and view.server.connect == NEVER:
        detail = "nothing here is newer than when it was last seen"
        return (Notice("accent", "Not connected: only when you ask", detail, "ctrl+r connects"),)
    if status.state in (*AWAY, ServerState.RECONNECTING):
        again = "retried in the background"
        if status.state is ServerState.REFUSED:
            again = "not retried by itself"
        lines = [words.plain(line) for line in trouble.splitlines()]
        if status.state is ServerState.RECONNECTING:
            lines = []  # it was there meanwhile
        detail = "\n".join([*lines, again])
        hint = words.plain(here(status.hint))
        return (
            Notice(
                "busy" if status.state is ServerState.RECONNECTING else "bad",
                reason(view),
                detail,
                hint or "ctrl+r tries again now",
            ),
        )
    error = info.get("engine_error") or {}
    if error:
        hint = words.plain(str(error.get("hint") or ""))
        return (Notice("busy", words.plain(str(error.get("message", ""))), "", hint),)
    return ()


def _server_steps(server: Server, state: ServerState, used: bool) -> tuple[Step, ...]:
    steps = []
    if state is ServerState.ONLINE:
        steps.append(Step("project.new", "make a project here from a folder"))
    else:
        steps.append(Step("server.retry", "reach out to it again"))
        steps.append(Step("server.doctor", "see what is wrong, and what mends it"))
    if not used or server.is_local:
        steps.append(Step("server.add", "add a server that you can reach by SSH"))
    if not server.is_local:
        steps.append(Step("project.remove", "forget this server"))
    return tuple(steps)
