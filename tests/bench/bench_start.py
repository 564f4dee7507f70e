"""Start-up: the dashboard's first paint, and `mnix ls` beside PyPI mnix 0.2.0's."""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import peer
from tests.bench.measure import Report, Sample, command, in_turn
from tests.bench.ptys import on_pty

MNIX = str(Path(sys.executable).parent / "mnix")
PROJECTS = 20


def home_env(home: Path) -> dict[str, str]:
    """Return an environment whose configuration and state are below ``home``."""
    keep = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    return keep | {
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_DATA_HOME": str(home / "data"),
    }


def first_paint(env: dict[str, str]) -> float:
    """Start the dashboard on a PTY; return the seconds until the fleet is on the screen."""
    start = time.perf_counter()
    with on_pty([MNIX], env) as program:
        program.until(b"Fleet", 20.0)
        return time.perf_counter() - start


def fill_peer_database(env: dict[str, str]) -> None:
    """Give both clients the same servers and projects, in the form that both understand."""
    command([str(peer.install() / "mnix"), "ls"], env)()  # makes the tables
    path = Path(env["XDG_STATE_HOME"]) / "mnix" / "client.db"
    with sqlite3.connect(path) as database:
        for server in ("tokyo", "oslo", "lima"):
            database.execute("INSERT INTO servers(name, endpoint) VALUES(?, ?)", (server, server))
            database.executemany(
                "INSERT INTO projects(name, server_name, local_flake_path, remote_workspace,"
                " remote_flake_path, container_name) VALUES(?, ?, ?, ?, ?, ?)",
                [
                    (f"{server}-{n}", server, f"/src/{n}/flake.nix", f"/ws/{n}", f"/ws/{n}/f", "c")
                    for n in range(PROJECTS)
                ],
            )


def run(report: Report) -> None:
    """Measure and print."""
    report.title("Start-up")
    with tempfile.TemporaryDirectory() as scratch:
        env = home_env(Path(scratch) / "paint")
        first_paint(env)
        paints = Sample(tuple(first_paint(env) for _ in range(7)))
        report.value("dashboard, second start: first paint", paints.p50, "s", 0.5)

        theirs, ours = home_env(Path(scratch) / "theirs"), home_env(Path(scratch) / "ours")
        for each in (theirs, ours):
            fill_peer_database(each)
        mine, other = in_turn(
            command([MNIX, "ls"], ours), command([str(peer.install() / "mnix"), "ls"], theirs),
            repeats=15,
        )  # fmt: skip
        report.ratio("mnix ls, 60 projects", mine, "PyPI mnix 0.2.0", other, 1.0)
