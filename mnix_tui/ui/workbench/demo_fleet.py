"""A large fleet to look at: many servers with tags, in every state, with what they were lately."""

from __future__ import annotations

import math
import random

from mnix_tui.domain.jobs import Job
from mnix_tui.domain.projects import Project, ProjectStatus, ProjectView
from mnix_tui.domain.servers import Server, ServerStatus
from mnix_tui.domain.states import JobState, ProjectState, ServerState
from mnix_tui.fleet import FleetSnapshot, Samples, ServerView, UsageSamples
from mnix_tui.link import Stats
from mnix_tui.ui.workbench.memory import MemoryWorkbench

_GIB = 1024**3
_TAGS = ("eu", "us", "gpu", "ci", "")
_NAMES = ("api", "web", "db", "etl", "docs", "search", "mail", "batch", "proxy", "metrics")
_AWAY = (
    (ServerState.OFFLINE, "no route to host", "is the VPN up? ctrl+r tries again"),
    (ServerState.REFUSED, "host key changed", "ask its owner"),
    (ServerState.UNKNOWN, "", ""),
    (ServerState.CONNECTING, "", ""),
)


def wave(level: float, swing: float, seed: int, length: int = 60) -> tuple[float, ...]:
    """Return something that goes up and down around ``level``, the same each time."""
    chance = random.Random(seed)
    return tuple(
        max(level + swing * math.sin((at + seed) / 2) + swing * (chance.random() - 0.5), 0.0)
        for at in range(length)
    )


def samples(seed: int, now: float, *, load: float = 0.4, store: float = 0.2) -> Samples:
    """Return what a server was lately."""
    return Samples(
        load=wave(load, load / 3, seed),
        memory=wave(0.35 + (seed % 7) / 14, 0.03, seed + 1),
        disk=(0.3 + (seed % 10) / 15,) * 60,
        store=tuple(store * 512 * _GIB + at * 2e7 for at in range(60)),
        seen=now,
    )


def usage(seed: int, now: float, *, cores: float = 0.4, limit: int | None = None) -> UsageSamples:
    """Return what a container used lately."""
    size = (80 + seed * 37 % 900) * 1024**2
    return UsageSamples(wave(cores, cores / 2, seed), wave(size, size / 9, seed + 3), limit, now)


def fleet(now: float, servers: int = 200, projects: int = 10) -> FleetSnapshot:
    """Return so many servers with so many projects each."""
    views, below, jobs = [], [], []
    history, used = {}, {}
    for number in range(servers):
        name = f"host-{number}"
        tag = _TAGS[number % len(_TAGS)]
        server = Server(
            name, f"dev@{name}.example.net", (tag, "arm") if tag == "us" else (tag,) * bool(tag)
        )
        state, reason, hint = ServerState.ONLINE, "", ""
        if number % 17 == 3:
            state, reason, hint = _AWAY[number // 17 % len(_AWAY)]
        online = state is ServerState.ONLINE
        seen = now - (2 if online else 10_800)
        sampled = samples(number, seen, load=(number * 13 % 100) / 90)
        if state is not ServerState.CONNECTING:
            history[name] = sampled
        stats = Stats(
            sampled.load[-1] * 8,
            8,
            32 * _GIB,
            14 * _GIB,
            512 * _GIB,
            190 * _GIB,
            seen,
            int(sampled.store[-1]),
        )
        views.append(ServerView(server, ServerStatus(state, reason, hint, seen), stats))
        for place in range(projects):
            view, mine = _project(name, number * projects + place, place, now if online else seen)
            below.append(view)
            jobs += mine
            if view.status.state is ProjectState.RUNNING:
                seed = number * projects + place
                used[view.project.key] = usage(seed, seen, cores=(seed * 7 % 30) / 10)
    return FleetSnapshot(tuple(views), tuple(below), tuple(jobs), {}, history, used)


def _project(server: str, number: int, place: int, seen: float) -> tuple[ProjectView, list[Job]]:
    state = (
        ProjectState.FAILED if number % 43 == 7
        else ProjectState.STOPPED if number % 5 == 4
        else ProjectState.RUNNING
    )  # fmt: skip
    name = _NAMES[place % len(_NAMES)] + (
        f"-{place // len(_NAMES)}" if place >= len(_NAMES) else ""
    )
    id_ = f"{server}-{name}"
    shells = 2 if number % 11 == 0 and state is ProjectState.RUNNING else 0
    status = ProjectStatus(
        state,
        "container",
        3 + number % 9,
        "",
        shells,
        seen - 600 * (1 + number % 400),
        seen,
        warm=True,
        store="volume",
    )
    jobs = [
        Job(f"{id_}-{at}", "session", id_, JobState.RUNNING, "bash", pty=True, started=seen - 900)
        for at in range(shells)
    ]
    if number % 97 == 5:
        jobs.append(Job(f"{id_}-b", "rebuild", id_, JobState.RUNNING, started=seen - 40))
    return ProjectView(Project(name, server, id_, f"/home/dev/code/{name}"), status), jobs


def workbench(now: float, servers: int = 200, projects: int = 10) -> MemoryWorkbench:
    """Return a workbench over such a fleet."""
    return MemoryWorkbench(state=fleet(now, servers, projects), now=now)
