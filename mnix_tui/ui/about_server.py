"""What the overview says of a server. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mnix_tui.domain.states import ServerState
from mnix_tui.ui import words
from mnix_tui.ui.about import About, Fact, Line, Notice, Step
from mnix_tui.ui.fleet_rows import glyph, project_key, tone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.domain.servers import Server
    from mnix_tui.fleet import ServerView


def of_server(
    view: ServerView,
    projects: tuple[ProjectView, ...],
    *,
    now: float,
    info: Mapping[str, Any] | None = None,
    hello: Mapping[str, Any] | None = None,
    latency: float | None = None,
    trouble: str = "",
) -> About:
    """Describe a server."""
    server, status = view.server, view.status
    online = status.state is ServerState.ONLINE
    lines = tuple(
        Line(
            project_key(project),
            glyph(project.status.state),
            tone(project.status.state) if online else "idle",
            words.plain(project.project.name),
            (
                f"gen {project.status.generation}"
                if project.status.generation is not None
                else "not built",
                project.status.state.value,
            ),
        )
        for project in projects
    )
    where = "this machine" if server.is_local else words.plain(server.endpoint)
    return About(
        title=words.plain(server.name),
        summary=f"{where} · {words.count(len(projects), 'project')}",
        glyph=glyph(status.state),
        tone=tone(status.state),
        state=status.state.value,
        facts=_server_facts(view, now, info or {}, hello or {}, latency),
        list_title="Projects",
        lines=lines,
        nothing="No project is here yet.",
        steps=_server_steps(server, status.state, bool(projects)),
        notices=_server_notices(view, info or {}, trouble),
    )


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
    online = view.status.state is ServerState.ONLINE
    if latency is not None and online:
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
    return (*facts, *(_stats_facts(view) if online else ()))


def _stats_facts(view: ServerView) -> tuple[Fact, ...]:
    stats = view.stats
    if stats is None:
        return ()
    facts = []
    if stats.load is not None:
        note = f"load {stats.load1:.2f} on {words.count(stats.cpus or 0, 'processor')}"
        facts.append(_metered("Load", stats.load, note))
    if stats.memory_total and stats.memory_available is not None:
        share = 1 - stats.memory_available / stats.memory_total
        free = f"{words.size(stats.memory_available)} of {words.size(stats.memory_total)} free"
        facts.append(_metered("Memory", share, free))
    if stats.disk_total and stats.disk_free is not None:
        share = 1 - stats.disk_free / stats.disk_total
        free = f"{words.size(stats.disk_free)} of {words.size(stats.disk_total)} free"
        facts.append(_metered("Disk", share, free))
    return tuple(facts)


def _metered(label: str, share: float, note: str) -> Fact:
    tone_ = "bad" if share > 0.95 else "busy" if share > 0.85 else "good"
    return Fact(label, f"{words.meter(share)} {round(share * 100):>3}%", note, tone_)


def _server_notices(view: ServerView, info: Mapping[str, Any], trouble: str) -> tuple[Notice, ...]:
    status = view.status
    if status.state in (ServerState.OFFLINE, ServerState.REFUSED, ServerState.RECONNECTING):
        detail = "retried in the background"
        if status.state is ServerState.REFUSED:
            lines = [words.plain(line) for line in trouble.splitlines()]
            detail = "\n".join([*lines, "not retried by itself"])
        hint = words.plain(status.hint)
        return (
            Notice(
                "busy" if status.state is ServerState.RECONNECTING else "bad",
                words.plain(status.reason) or status.state.value,
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
    if not used or server.is_local:
        steps.append(Step("server.add", "add a server that you can reach by SSH"))
    if not server.is_local:
        steps.append(Step("project.remove", "forget this server"))
    return tuple(steps)
