"""What the overview says of a project or a server, in words. Pure: no widgets, no colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnix_tui.domain.states import JobState, ProjectState, ServerState
from mnix_tui.ui import words
from mnix_tui.ui.fleet_rows import glyph, project_key, tone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.domain.servers import Server
    from mnix_tui.fleet import ServerView


@dataclass(frozen=True)
class Fact:
    """A label and its value; ``note`` is said after it, more quietly."""

    label: str
    value: str
    note: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Line:
    """A row of the list below the facts: a session, a rebuild, a project."""

    key: str
    glyph: str
    tone: str
    name: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """Something to do next; ``binding`` is the id of the key that does it."""

    binding: str
    text: str


@dataclass(frozen=True)
class Notice:
    """Something that must be seen: what, and what to do about it."""

    tone: str
    title: str
    detail: str = ""
    hint: str = ""


@dataclass(frozen=True)
class About:
    """All that the overview shows of one project or server."""

    title: str
    summary: str
    glyph: str
    tone: str
    state: str
    facts: tuple[Fact, ...]
    list_title: str
    lines: tuple[Line, ...]
    nothing: str
    steps: tuple[Step, ...]
    notices: tuple[Notice, ...] = ()


def of_project(
    view: ProjectView,
    server: ServerView,
    jobs: tuple[Job, ...],
    *,
    now: float,
    home: str,
    names: Mapping[str, str] | None = None,
) -> About:
    """Describe a project; ``names`` are those of its shells."""
    project, status = view.project, view.status
    online = server.status.state is ServerState.ONLINE
    lines = tuple(job_line(job, now, (names or {}).get(job.id, "")) for job in jobs)
    state = status.state.value + ("" if online or status.seen is None else ", as last seen")
    return About(
        title=f"{words.plain(project.name)} @ {words.plain(project.server)}",
        summary=_summary(view, online, now),
        glyph=glyph(status.state),
        tone=tone(status.state) if online else "idle",
        state=state,
        facts=_project_facts(view, server, now, home),
        list_title="Sessions and builds",
        lines=lines,
        nothing="No shell is open and nothing was built yet.",
        steps=_project_steps(view, online),
        notices=_project_notices(view, server, now),
    )


def _summary(view: ProjectView, online: bool, now: float) -> str:
    status = view.status
    parts = [status.state.value if online else f"seen {words.ago(status.seen, now)}"]
    if status.generation is not None:
        parts.append(f"gen {status.generation}")
    if status.sessions:
        parts.append(words.count(status.sessions, "shell"))
    if status.pushed:
        parts.append(f"pushed {words.ago(status.pushed, now)}")
    return " · ".join(parts)


def _project_facts(
    view: ProjectView, server: ServerView, now: float, home: str
) -> tuple[Fact, ...]:
    project, status = view.project, view.status
    folder = words.home_short(project.folder, home) if project.folder else "none on this machine"
    where = "used in place" if project.in_place else ""
    facts = [
        Fact(
            "Server", words.plain(project.server), _server_note(server), tone(server.status.state)
        ),
        _isolation_fact(status.isolation),
        Fact(
            "Generation",
            str(status.generation) if status.generation is not None else "none yet",
            "" if status.generation is not None else "a rebuild makes the first",
        ),
        Fact("Folder", words.plain(folder), where),
        Fact("Flake", words.plain(project.flake) or "none"),
    ]
    if not project.in_place:
        facts.append(Fact("Last push", words.ago(status.pushed, now)))
    if server.status.state is not ServerState.ONLINE:
        facts.append(Fact("Seen", words.ago(status.seen, now)))
    return tuple(facts)


def _server_note(server: ServerView) -> str:
    endpoint = words.plain(server.server.endpoint) or "this machine"
    return f"{endpoint} · {server.status.state.value}"


def _isolation_fact(isolation: str) -> Fact:
    if isolation == "host":
        return Fact("Isolation", "⌂ host", "no container: runs as you", "busy")
    if isolation == "container":
        return Fact("Isolation", "container")
    return Fact("Isolation", isolation or "not known yet")


def _project_notices(view: ProjectView, server: ServerView, now: float) -> tuple[Notice, ...]:
    status = view.status
    notices = []
    if server.status.state in (ServerState.OFFLINE, ServerState.REFUSED):
        notices.append(
            Notice(
                "bad",
                f"{words.plain(server.server.name)} can't be reached",
                words.plain(server.status.reason),
                words.plain(server.status.hint) or "ctrl+r tries again now",
            )
        )
    if status.state is ProjectState.MISSING:
        notices.append(Notice("bad", "The server doesn't have this project any more"))
    elif status.detail:
        bad = status.state is ProjectState.FAILED
        notices.append(Notice("bad" if bad else "busy", words.plain(status.detail)))
    return tuple(notices)


def _project_steps(view: ProjectView, online: bool) -> tuple[Step, ...]:
    state = view.status.state
    if not online:
        return (Step("server.retry", "reach out to the server again"),)
    if state is ProjectState.MISSING:
        return (Step("project.remove", "forget it here"),)
    if state is ProjectState.BUILDING:
        return (
            Step("view.next", "watch the build (it goes on without you)"),
            Step("project.shell", "open a shell in the environment as it is now"),
        )
    if state is ProjectState.STOPPED:
        return (
            Step("project.start", "start it as it was"),
            Step("project.rebuild", "push the files and build"),
            Step("project.remove", "remove it"),
        )
    if view.status.generation is None:
        return (
            Step("project.rebuild", "push the files and build the environment"),
            Step("project.shell", "open a shell"),
        )
    return (
        Step("project.shell", "open a shell"),
        Step("project.rebuild", "push the files and build again"),
        Step("project.rollback", "go back to an earlier generation"),
        Step("project.stop", "stop it"),
    )


_JOB_TONES = {JobState.STARTING: "busy", JobState.RUNNING: "good", JobState.LOST: "bad"}


def job_line(job: Job, now: float, called: str = "") -> Line:
    """Describe a job on one line; a shell may be ``called`` something."""
    kinds = {"session": "shell", "rebuild": "rebuild", "exec": "command"}
    kind = called or words.plain(job.name) or kinds.get(job.kind, job.kind)
    title = "" if job.kind == "rebuild" else words.plain(job.title)
    name = f"{kind} {job.generation}" if job.generation is not None else kind
    if title and title != kind:
        name = f"{name} · {title}"
    if job.live:
        tone_ = "busy" if job.kind == "rebuild" else "good"
        sign = "◐" if job.kind == "rebuild" else "●"
        # Who looks at it: two or more are worth a word.
        here = f"runs · open in {words.count(job.clients, 'client')}" if job.clients else "runs"
        return Line(job.id, sign, tone_, name, (f"since {words.span(now - job.started)}", here))
    length = words.took(job.ended - job.started) if job.ended else ""
    ok = job.exit_code == 0
    return Line(
        job.id,
        "○" if ok else "✕",
        "idle" if ok else "bad",
        name,
        (
            words.ago(job.ended or job.started, now),
            result(job) + (f" in {length}" if length else ""),
        ),
    )


def result(job: Job) -> str:
    """Say how a job ended, in a few words."""
    if job.live:
        return "runs"
    if job.state is JobState.LOST:
        return words.plain(job.reason) or "lost"
    if job.exit_code == 0:
        return "done"
    if job.exit_code is None:
        return words.plain(job.reason) or "ended, nobody knows how"
    reason = words.plain(job.reason)
    return f"exit {job.exit_code}" + (f" ({reason})" if reason else "")


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
