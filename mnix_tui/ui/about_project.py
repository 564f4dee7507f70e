"""What the overview says of a project. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mnix_tui.domain.states import ProjectState, ServerState
from mnix_tui.ui import about_sync, fleet_metrics, generation_words, words
from mnix_tui.ui.about import CANCELLED, About, Fact, Notice, Step, job_line
from mnix_tui.ui.about_server import SPARK, state_words
from mnix_tui.ui.fleet_rows import AWAY, glyph, reason, silence, tone
from mnix_tui.ui.problems import here

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mnix_tui.domain.generations import Generation
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.fleet import ServerView, UsageSamples
    from mnix_tui.sync.watch import WatchEvent
    from mnix_tui.ui.building import Building

_STORES = {
    "volume": "shared by your projects there",
    "private": "this project's own",
    "daemon": "the machine's, through its daemon",
    "host": "the machine's",
}


@dataclass(frozen=True)
class Beside:
    """What is known beside the project's own row."""

    names: Mapping[str, str] = field(default_factory=dict)
    """What its shells are called."""
    generations: tuple[Generation, ...] = ()
    """Newest first; empty until the server told."""
    build: Building | None = None
    """How far its rebuild is."""
    behind: tuple[str, ...] = ()
    """Its shells that another generation is ready for."""
    watch: WatchEvent | None = None
    """What the watch over its files told last."""
    usage: UsageSamples | None = None
    """What its container used lately."""


def of_project(
    view: ProjectView,
    server: ServerView,
    jobs: tuple[Job, ...],
    *,
    now: float,
    home: str,
    beside: Beside | None = None,
) -> About:
    """Describe a project."""
    project, status = view.project, view.status
    beside = beside or Beside()
    online = server.status.state is ServerState.ONLINE
    building = beside.build is not None and online
    shown: str = ProjectState.BUILDING if building else status.state
    state = shown + ("" if online or status.seen is None else ", as last seen")
    warm = status.warm and online and status.state is ProjectState.RUNNING
    return About(
        title=f"{words.plain(project.name)} @ {words.plain(project.server)}",
        summary=_summary(view, shown, online, now),
        glyph=glyph(shown),
        tone=tone(shown) if online else "idle",
        state=state,
        state_note="warm: shells open at once" if warm else "",
        facts=_facts(view, server, beside, now, home),
        list_title="Sessions and builds",
        lines=tuple(
            job_line(job, now, beside.names.get(job.id, ""), beside.build if online else None)
            for job in jobs
        ),
        nothing="No shell is open."
        if status.generation is not None
        else "No shell is open and nothing was built yet.",
        steps=_steps(view, online, building),
        notices=_notices(view, server, jobs, beside, now),
        jobs=True,
    )


def _summary(view: ProjectView, state: str, online: bool, now: float) -> str:
    status = view.status
    parts = [state if online else f"seen {words.ago(status.seen, now)}"]
    parts += about_sync.conflicts(view)
    if status.generation is not None:
        parts.append(f"gen {status.generation}")
    if status.sessions:
        parts.append(words.count(status.sessions, "shell"))
    parts += about_sync.pushed(view, now)
    return " · ".join(parts)


def _facts(
    view: ProjectView, server: ServerView, beside: Beside, now: float, home: str
) -> tuple[Fact, ...]:
    project, status = view.project, view.status
    folder = words.home_short(project.folder, home) if project.folder else "none on this machine"
    where = "used in place" if project.in_place else ""
    facts = [
        Fact(
            "Server",
            words.plain(project.server),
            _server_note(server, now),
            tone(server.status.shown),
        ),
        _isolation_fact(status.isolation),
        *_generation_facts(view, beside.generations, now),
        *_drift_facts(view),
        Fact("Folder", words.plain(folder), where),
        Fact("Flake", words.plain(project.flake) or "none"),
    ]
    if status.store:
        facts.append(Fact("Store", words.plain(status.store), _STORES.get(status.store, "")))
    facts += _usage_facts(view, beside.usage, now)
    facts += about_sync.facts(view, beside.watch, now)
    if server.status.state is not ServerState.ONLINE:
        facts.append(Fact("Seen", words.ago(status.seen, now)))
    return tuple(facts)


def _usage_facts(view: ProjectView, usage: UsageSamples | None, now: float) -> list[Fact]:
    """Say what its container uses, and used lately; nothing of one that doesn't run."""
    if usage is None or view.status.state not in (ProjectState.RUNNING, ProjectState.BUILDING):
        return []
    labels = {"load": "Processor", "memory": "Memory"}
    notes = {"load": "cores", "memory": f"of {words.size(usage.limit)}" if usage.limit else ""}
    return [
        Fact(
            labels[one.column],
            f"{one.text:>4}",
            words.aged(notes[one.column], one.age if one.stale else None),
            one.tone,
            f"{words.spark(one.shares, SPARK):>{SPARK}}",
        )
        for one in fleet_metrics.of_project(usage, now)
    ]


def _server_note(server: ServerView, now: float) -> str:
    each = server.server
    endpoint = "" if each.endpoint == each.name else words.plain(each.endpoint) or "this machine"
    return " · ".join(
        filter(None, (endpoint, silence(server, now) or state_words(server.status.state)))
    )


def _isolation_fact(isolation: str) -> Fact:
    if isolation == "host":
        return Fact("Isolation", "⌂ host", "no container: runs as you", "busy")
    if isolation == "container":
        return Fact("Isolation", "container")
    return Fact("Isolation", isolation or "not known yet")


def _generation_facts(
    view: ProjectView, generations: tuple[Generation, ...], now: float
) -> list[Fact]:
    number = view.status.generation
    if number is None:
        return [Fact("Generation", "none yet", "a rebuild makes the first")]
    current = next((one for one in generations if one.number == number), None)
    if current is None:
        return [Fact("Generation", str(number))]
    facts = [Fact("Generation", str(number), generation_words.made(current, now))]
    before = max((one.number for one in generations if one.number < number), default=None)
    changed = generation_words.counts(current.changes)
    if before is not None and changed:
        facts.append(Fact("Changed", f"{before} → {number}: {changed}", "b shows what"))
    return facts


def _drift_facts(view: ProjectView) -> list[Fact]:
    drift = view.drift
    # What is not pushed is not built either: one reason for each file is enough.
    unbuilt = [name for name in drift.unbuilt if name not in drift.unpushed]
    each = (
        ("Not pushed", drift.unpushed, "r pushes and builds"),
        ("Not built", unbuilt, "r builds"),
    )
    return [
        Fact(label, f"Δ {words.plain(', '.join(names))}", key, "busy")
        for label, names, key in each
        if names
    ]


def _notices(
    view: ProjectView,
    server: ServerView,
    jobs: tuple[Job, ...],
    beside: Beside,
    now: float,
) -> tuple[Notice, ...]:
    status = view.status
    notices = []
    if server.status.state in AWAY:
        notices.append(
            Notice(
                "bad",
                f"{words.plain(server.server.name)} can't be reached",
                reason(server),
                words.plain(here(server.status.hint)) or "ctrl+r tries again now",
            )
        )
    if beside.build is not None and server.status.state is ServerState.ONLINE:
        notices.append(_building_notice(view, jobs, beside.build))
    notices += about_sync.notices(view, beside.watch)
    failed = _failed_rebuild(jobs)
    if status.state is ProjectState.MISSING:
        notices.append(Notice("bad", "The server doesn't have this project any more"))
    elif status.detail:
        bad = status.state is ProjectState.FAILED
        hint = "v shows the rebuild's log · r builds again" if failed is not None else ""
        notices.append(Notice("bad" if bad else "busy", words.plain(status.detail), "", hint))
    elif failed is not None:
        notices.append(_failed_notice(view, failed, now))
    if beside.behind and status.generation is not None:
        notices.append(_behind_notice(status.generation, beside.behind))
    return tuple(notices)


def _building_notice(view: ProjectView, jobs: tuple[Job, ...], build: Building) -> Notice:
    running = next((job for job in jobs if job.kind == "rebuild" and job.live), None)
    warms = running is not None and running.cause == "warm-up"
    number = view.status.generation
    stays = f"generation {number} is in use until it is done" if number is not None else ""
    far, doing = build.lines
    title = f"{'Warming up' if warms else 'Rebuilding'}: {far}"
    return Notice("busy", title, f"{doing}\n{stays}", "v shows it · X cancels it")


def _failed_rebuild(jobs: tuple[Job, ...]) -> Job | None:
    """Return the newest rebuild, if it failed."""
    rebuilds = [job for job in jobs if job.kind == "rebuild"]
    newest = max(rebuilds, key=lambda job: job.started, default=None)
    if newest is None or newest.live or newest.exit_code in (0, *CANCELLED):
        return None
    return newest


def _failed_notice(view: ProjectView, job: Job, now: float) -> Notice:
    number = view.status.generation
    stays = f"generation {number} stays in use" if number is not None else ""
    title = f"The last rebuild failed {words.ago(job.ended or job.started, now)}"
    return Notice("bad", title, stays, "v shows why · r builds again")


def _behind_notice(generation: int, behind: tuple[str, ...]) -> Notice:
    names = ", ".join(words.plain(name) for name in behind[:3])
    more = f" and {len(behind) - 3} more" if len(behind) > 3 else ""
    run = "runs" if len(behind) == 1 else "run"
    return Notice(
        "accent",
        f"Generation {generation} is ready; {names}{more} {run} in another one",
        "",
        "the leader and then e, in such a shell, enters it",
    )


def _steps(view: ProjectView, online: bool, building: bool) -> tuple[Step, ...]:
    state = view.status.state
    if not online:
        return (Step("server.retry", "reach out to the server again"),)
    if state is ProjectState.MISSING:
        return (Step("project.remove", "forget it here"),)
    if building or state is ProjectState.BUILDING:
        return (
            Step("project.build", "watch the build (it goes on without you)"),
            Step("project.shell", "open a shell in the environment as it is now"),
            Step("project.cancel", "cancel the build"),
        )
    if state is ProjectState.STOPPED:
        return (
            Step("project.start", "start it as it was"),
            Step("project.rebuild", "push the files and build"),
            Step("project.remove", "remove it"),
        )
    if view.status.generation is None:
        return (
            Step("project.rebuild", "push the files and build the environment")
            if view.project.folder
            else Step("project.rebuild", "build the environment"),
            *about_sync.steps(view),
            Step("project.shell", "open a shell"),
        )
    files = about_sync.steps(view)
    if view.drift:
        return (
            Step("project.rebuild", "push what changed and build it"),
            Step("project.drift", "see what differs"),
            *files,
            Step("project.shell", "open a shell"),
            Step("project.generations", "see what each generation changed, or go back"),
        )
    return (
        Step("project.shell", "open a shell"),
        Step("project.rebuild", "push the files and build again"),
        *files,
        Step("project.generations", "see what each generation changed, or go back"),
        Step("project.stop", "stop it"),
    )
