"""A fleet to look at: every state that a server and a project can be in."""

from __future__ import annotations

from dataclasses import replace

from mnix_tui.domain.drift import Drift
from mnix_tui.domain.jobs import Job
from mnix_tui.domain.projects import Project, ProjectStatus, ProjectView
from mnix_tui.domain.servers import Server, ServerStatus
from mnix_tui.domain.states import JobState, ProjectState, ServerState
from mnix_tui.domain.sync import SyncSummary
from mnix_tui.fleet import FleetSnapshot, Samples, ServerView, UsageSamples
from mnix_tui.link import Stats
from mnix_tui.nixlog import Build
from mnix_tui.ui.workbench import demo_builds, demo_fleet, demo_sync
from mnix_tui.ui.workbench.memory import MemoryWorkbench

NOW = 1_750_000_000.0
HOME = "/home/dev"
_GIB = 1024**3

_SHELL_LOG = (
    b"\x1b[1;36mapi\x1b[0m \x1b[34m/workspace\x1b[0m $ cargo test\r\n"
    b"\x1b[1;32m   Compiling\x1b[0m api v0.4.1 (/workspace)\r\n"
    b"\x1b[1;32m    Finished\x1b[0m `test` profile in 3.42s\r\n"
    b"\x1b[1;32m     Running\x1b[0m unittests src/lib.rs\r\n\r\n"
    b"running 3 tests\r\n"
    b"test routes::health ... \x1b[32mok\x1b[0m\r\n"
    b"test routes::login ... \x1b[32mok\x1b[0m\r\n"
    b"test store::reopens_after_crash ... \x1b[32mok\x1b[0m\r\n\r\n"
    b"test result: \x1b[32mok\x1b[0m. 3 passed; 0 failed; finished in 0.21s\r\n\r\n"
    b"\x1b[1;36mapi\x1b[0m \x1b[34m/workspace\x1b[0m $ "
)


def _server(
    name: str,
    endpoint: str,
    load: float | None = None,
    state: ServerState = ServerState.ONLINE,
    *,
    reason: str = "",
    hint: str = "",
    ago: float = 2,
) -> ServerView:
    stats = None
    if load is not None:
        stats = Stats(load * 8, 8, 32 * _GIB, 21 * _GIB, 512 * _GIB, 188 * _GIB, NOW - 1)
    return ServerView(Server(name, endpoint), ServerStatus(state, reason, hint, NOW - ago), stats)


def _project(
    name: str,
    server: str,
    state: ProjectState,
    generation: int | None = None,
    *,
    sessions: int = 0,
    pushed: float | None = None,
    isolation: str = "container",
    detail: str = "",
    in_place: bool = False,
    ago: float = 2,
    drift: Drift = Drift(),
    sync: SyncSummary = SyncSummary(),
) -> ProjectView:
    return ProjectView(
        Project(name, server, f"{server}-{name}", f"{HOME}/code/{name}", in_place=in_place),
        ProjectStatus(
            state,
            isolation,
            generation,
            detail,
            sessions,
            NOW - pushed if pushed else None,
            NOW - ago,
            warm=generation is not None,
            store="volume" if isolation == "container" else "host",
        ),
        drift,
        sync,
    )


def _jobs() -> tuple[Job, ...]:
    run, end = JobState.RUNNING, JobState.EXITED
    api = "tokyo-api"
    return (
        Job("shell1", "session", api, run, "bash", pty=True, started=NOW - 7500),
        Job("shell2", "session", api, run, "vim src/lib.rs", pty=True, started=NOW - 300),
        Job(
            "build12", "rebuild", api, end, started=NOW - 260, ended=NOW - 242, exit_code=0,
            generation=12,
        ),
        Job("web1", "rebuild", "tokyo-web", run, started=NOW - 31),
        Job("etl1", "rebuild", "lisbon-etl", end, started=NOW - 7800, ended=NOW - 7798, exit_code=1),
        Job(
            "fore34", "rebuild", "lisbon-forecast-service-2", end, started=NOW - 89000,
            ended=NOW - 88987, exit_code=1,
        ),
    )  # fmt: skip


def _samples() -> dict[str, Samples]:
    """Return what the servers were lately; what they are now is what they say themselves."""
    loads = {"local": (1, 0.12), "lisbon": (2, 0.62), "tokyo": (3, 0.31)}
    found = {}
    for name, (seed, load) in loads.items():
        lately = demo_fleet.wave(load, load / 3, seed)
        memory, disk = (1 - 21 / 32,), (1 - 188 / 512,)
        store = tuple((41 + seed) * _GIB + at * 3e7 for at in range(60))
        found[name] = Samples(
            (*lately[:-1], load),
            (*demo_fleet.wave(memory[0], 0.02, seed)[:-1], *memory),
            disk * 60,
            store,
            NOW - 1,
        )
    found["lab"] = replace(found["tokyo"], seen=NOW - 10800)
    return found


def _usage() -> dict[tuple[str, str], UsageSamples]:
    """Return what the containers that run use."""
    cores = {
        "tokyo-api": 1.3,
        "tokyo-web": 2.6,
        "tokyo-docs-site": 0.04,
        "lisbon-forecast-service-2": 0.4,
    }
    limit = {"tokyo-web": 2 * _GIB}
    return {
        (name, name.partition("-")[0]): demo_fleet.usage(
            len(name), NOW - 1, cores=share, limit=limit.get(name)
        )
        for name, share in cores.items()
    }


def fleet() -> FleetSnapshot:
    """Return four servers and eleven projects."""
    run, stop, build = ProjectState.RUNNING, ProjectState.STOPPED, ProjectState.BUILDING
    web = Build(expected=demo_builds.TIMES, clock=lambda: NOW)
    web.feed(demo_builds.running(NOW - 31))
    failed = "the flake doesn't evaluate: undefined variable 'pkgz'"
    return FleetSnapshot(
        servers=(
            _server("local", "", 0.12),
            _server("lisbon", "ci@lisbon.example.net", 0.62),
            _server("tokyo", "dev@tokyo.example.net:2222", 0.31),
            _server(
                "lab", "lab.example.net", None, ServerState.OFFLINE,
                reason="no route to host", hint="is the VPN up? ctrl+r tries again", ago=10800,
            ),
        ),
        projects=(
            _project("notes", "local", run, 3, pushed=86400, isolation="host", in_place=True),
            _project("scratch", "local", ProjectState.CREATED, isolation="container", in_place=True),
            _project("api", "tokyo", run, 12, sessions=2, pushed=240),
            _project(
                "web", "tokyo", build, 7, pushed=35, sync=SyncSummary(NOW - 35, watching=True)
            ),
            _project("db", "tokyo", stop, 4, pushed=500000),
            _project(
                "docs-site", "tokyo", run, 21, pushed=7300,
                drift=Drift(("flake.nix",), ("flake.lock",)),
            ),
            _project("etl", "lisbon", ProjectState.FAILED, 9, pushed=7800, detail=failed),
            _project("forecast-service-2", "lisbon", run, 33, pushed=90000),
            _project(
                "gateway", "lisbon", run, 2, sessions=1, pushed=4000, isolation="host",
                sync=SyncSummary(NOW - 4000, conflicts=2),
            ),
            _project("robot-arm", "lab", run, 18, pushed=200000, ago=10800),
            _project("telescope", "lab", stop, 5, pushed=900000, ago=10800),
        ),
        jobs=_jobs(),
        builds={("web1", ""): web.summary()},
        samples=_samples(),
        usage=_usage(),
    )  # fmt: skip


def workbench() -> MemoryWorkbench:
    """Return a workbench over that fleet."""
    info = {
        "engine": {"kind": "podman", "version": "5.4.2", "rootless": True},
        "nix": "2.28.3",
        "git": True,
    }
    hello = {"python": "3.12.3", "version": "0.3.0", "user": "dev", "hostname": "tokyo"}
    bench = MemoryWorkbench(
        state=fleet(),
        now=NOW,
        infos={"tokyo": info, "lisbon": info},
        hellos={"tokyo": hello, "lisbon": hello | {"user": "ci", "hostname": "lisbon"}},
        logs={
            "build12": demo_builds.finished(NOW - 260),
            "web1": demo_builds.running(NOW - 31),
            "etl1": demo_builds.not_evaluated(NOW - 7800),
            "fore34": demo_builds.failed(NOW - 89000),
            "shell1": _SHELL_LOG,
        },
        hosts=["tokyo", "lisbon", "build-eu", "build-us"],
        history={"api@tokyo": demo_builds.generations(NOW)},
        diffs={("api@tokyo", 11, 12): demo_builds.difference()},
        drifts={"docs-site@tokyo": demo_builds.drifted()},
        build_times=demo_builds.TIMES,
    )
    demo_sync.fill(bench, NOW)
    return bench


def empty() -> MemoryWorkbench:
    """Return a workbench with this machine only."""
    return MemoryWorkbench(state=FleetSnapshot((_server("local", "", 0.04),)), now=NOW)
