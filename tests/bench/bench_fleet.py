"""Fleets: how soon all servers are there and listed, what idling costs, how keys feel."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mnix_tui.config.paths import default_database_path
from mnix_tui.domain.servers import Server
from mnix_tui.domain.states import ServerState
from mnix_tui.fleet import Fleet
from mnix_tui.link import LinkOptions, open_link
from mnix_tui.store import Store
from tests.bench.bench_start import MNIX
from tests.bench.ptys import OnPty, on_pty
from tests.bench.stage import Stage, stage
from tests.fleet.crowd import Crowd, crowd

if TYPE_CHECKING:
    from tests.bench.measure import Report

SERVERS = ("tokyo", "oslo", "lima")
PROJECTS = 20
MANY, EACH = 200, 10
"""Servers of the crowd, and projects that each of its living ones shows."""
IDLE = 20.0
"""Seconds of doing nothing that are measured."""
SETTLED, REST = 5.0, 15.0
"""Seconds after which a dashboard that has connected has nothing left to do: few servers, many."""


def run(report: Report) -> None:
    """Measure and print."""
    report.title("A fleet of 3 servers with 20 projects each")
    with stage() as here:
        for name in SERVERS:
            here.server(name)
            asyncio.run(_fill(name, PROJECTS, "container"))
        # The client knows none of the projects: every row has to come from its server.
        start = time.perf_counter()
        with on_pty([MNIX], here.env, cols=120, rows=80) as program:
            for name in SERVERS:
                for number in range(PROJECTS):
                    program.until(f"{name}-{number:02}".encode())
            report.value("all 60 projects listed, from the start", _since(start), "s", 2.0)
            _read_for(program, SETTLED)
            share = _idle_share(program)
            report.value("idle dashboard, share of a core", share * 100, "%", 2.0)
    report.title(f"A fleet of {MANY} servers on this machine, every fifth of them dead")
    with stage() as here, crowd(here.fleet, here.home, MANY) as many:
        asyncio.run(_add(many))
        for name in many.one_of_each:
            asyncio.run(_fill(name, EACH, "host"))
        _crowded(report, here, many)


def _crowded(report: Report, here: Stage, many: Crowd) -> None:
    living = len(many.living)
    ssh = _plainly(here, many)
    took, cpu = asyncio.run(_connect(many))
    report.value(
        f"{living} living ones connected and listed", took, "s", 10.0,
        f"ssh host true, 16 at once: {ssh:.1f} s",
    )  # fmt: skip
    report.value("its own work for that, of one core", cpu, "s", 5.0)
    (here.home.path / ".config/mnix").mkdir(parents=True, exist_ok=True)
    (here.home.path / ".config/mnix/client.toml").write_text('connect = "all"\n')
    with on_pty([MNIX], here.env, cols=120, rows=60) as program:
        _until_online(program, living)
        _read_for(program, REST)
        share = _idle_share(program)
        report.value("idle dashboard, share of a core", share * 100, "%", 15.0)
        report.value("its memory", _resident(program.pid), "MiB", 150.0)
        for what, keys in (("down", b"j" * 40), ("up", b"k" * 40)):
            times = sorted(_key(program, bytes([key])) for key in keys)
            slow = f"the slowest of {len(keys)}: {times[-1] * 1e3:.0f} ms"
            middle = times[len(times) // 2] * 1e3
            report.value(f"a key that moves {what}", middle, "ms", 50.0, slow)


def _plainly(here: Stage, many: Crowd) -> float:
    """Return how long as many plain logins take, and nothing but them."""
    names = "\n".join(many.living)
    command = ["xargs", "-P", "16", "-I", "{}", *here.ssh("{}", "true")]
    start = time.perf_counter()
    subprocess.run(command, input=names, text=True, env=here.env, check=True, capture_output=True)
    return _since(start)


async def _add(many: Crowd) -> None:
    async with Store.open(default_database_path()) as store:
        for name in many.all:
            await store.add_server(Server(name, name))


async def _connect(many: Crowd) -> tuple[float, float]:
    """Return how long it takes until all living servers have told what they have."""
    async with Store.open(default_database_path()) as store:
        start, cpu = time.perf_counter(), time.process_time()
        async with Fleet(store, LinkOptions(), connect="all") as fleet:
            while True:
                snapshot = fleet.snapshot()
                online = {
                    view.server.name
                    for view in snapshot.servers
                    if view.status.state is ServerState.ONLINE
                }
                if online >= set(many.living):
                    break
                if _since(start) > 120:
                    missing = sorted(set(many.living) - online)
                    raise TimeoutError(f"{len(missing)} are not there yet: {missing[:5]}")
                await asyncio.sleep(0.05)
            return _since(start), time.process_time() - cpu


def _until_online(program: OnPty, count: int) -> None:
    """Wait until the store knows of that many servers that they are online now."""
    begin, deadline = time.time(), time.monotonic() + 120
    query = "SELECT count(*) FROM server_status WHERE state = 'online' AND seen > ?"
    while True:
        program.read(0.2)
        with sqlite3.connect(default_database_path()) as connection:
            ((found,),) = connection.execute(query, (begin,)).fetchall()
        if found >= count:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"{found} of {count} servers are online: {program.seen[-500:]!r}")


def _key(program: OnPty, key: bytes) -> float:
    """Return how long the screen takes to show a key's effect."""
    program.quiet(0.05)
    program.forget()
    start = time.perf_counter()
    program.write(key)
    while not program.read(2.0):
        if _since(start) > 2.0:
            raise TimeoutError(f"nothing came of the key {key!r}")
    return _since(start)


async def _fill(server: str, count: int, isolation: str) -> None:
    async with open_link(Server(server, server), LinkOptions()) as link:
        for number in range(count):
            await link.agent.create_project(f"{server}-{number:02}", isolation=isolation)


def _since(start: float) -> float:
    return time.perf_counter() - start


def _read_for(program: OnPty, seconds: float) -> None:
    start = time.perf_counter()
    while (left := seconds - _since(start)) > 0:
        program.read(left)


def _idle_share(program: OnPty) -> float:
    before, start = _cpu_seconds(program.pid), time.perf_counter()
    _read_for(program, IDLE)
    return (_cpu_seconds(program.pid) - before) / _since(start)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024
