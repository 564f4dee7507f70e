"""Three servers with twenty projects each: how soon all are listed, and what idling costs."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mnix_tui.domain.servers import Server
from mnix_tui.link import LinkOptions, open_link
from tests.bench.bench_start import MNIX
from tests.bench.ptys import OnPty, on_pty
from tests.bench.stage import stage

if TYPE_CHECKING:
    from tests.bench.measure import Report

SERVERS = ("tokyo", "oslo", "lima")
PROJECTS = 20
IDLE = 20.0
"""Seconds of doing nothing that are measured."""


def run(report: Report) -> None:
    """Measure and print."""
    report.title("A fleet of 3 servers with 20 projects each")
    with stage() as here:
        for name in SERVERS:
            here.server(name)
            asyncio.run(_fill(name))
        # The client knows none of the projects: every row has to come from its server.
        start = time.perf_counter()
        with on_pty([MNIX], here.env, cols=120, rows=80) as program:
            for name in SERVERS:
                for number in range(PROJECTS):
                    program.until(f"{name}-{number:02}".encode())
            report.value("all 60 projects listed, from the start", _since(start), "s", 2.0)
            program.quiet(3.0)
            share = _idle_share(program)
            report.value("idle dashboard, share of a core", share * 100, "%", 2.0)


async def _fill(server: str) -> None:
    async with open_link(Server(server, server), LinkOptions()) as link:
        for number in range(PROJECTS):
            await link.agent.create_project(f"{server}-{number:02}", isolation="container")


def _since(start: float) -> float:
    return time.perf_counter() - start


def _idle_share(program: OnPty) -> float:
    before, start = _cpu_seconds(program.pid), time.perf_counter()
    while (left := IDLE - _since(start)) > 0:
        program.read(left)
    return (_cpu_seconds(program.pid) - before) / _since(start)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
