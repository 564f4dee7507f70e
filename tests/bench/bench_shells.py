"""A shell in the dashboard, end to end, beside the same in tmux and in a plain `ssh -tt`.

Throughput of a pane of 200×50 and the answer to keys meanwhile, on this machine and over SSH; the
echo of a key while other shells flood; attaching again to a long session.
"""

from __future__ import annotations

import fcntl
import json
import re
import select
import shutil
import struct
import subprocess
import tempfile
import termios
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.bench.bench_start import MNIX
from tests.bench.floods import FLOODS, MIB, plain_log
from tests.bench.measure import Report, Sample
from tests.bench.ptys import OnPty, echo_times, on_pty
from tests.bench.stage import Stage, stage
from tests.fleet.bases import EMPTY_REGISTRY, NIX_CONF

if TYPE_CHECKING:
    from collections.abc import Iterator

COLS, ROWS = 200, 50
LEADER = b"\x1c"
REPEATS = 3
KEYS = 150
_CONTROL = re.compile(rb"\x1b(\[[0-9;:?>=$ ]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][A-Z0-9]|.)")
ANSWERING = """
import os, select, sys, tty
tty.setraw(0)
data = open(sys.argv[1], "rb").read()
os.write(1, b"\\x1b[2J\\x1b[1;1H0\\x1b[2;50r\\x1b[50;1H")
while True:
    for at in range(0, len(data), 16384):
        left = memoryview(data)[at : at + 16384]
        while left:
            left = left[os.write(1, left) :]
            if select.select([0], [], [], 0)[0]:
                key = os.read(0, 64)
                if b"\\x03" in key:
                    os.write(1, b"\\x1b[r\\x1b[2J\\x1b[H")
                    sys.exit()
                os.write(1, b"\\x1b7\\x1b[1;1H" + key + b"\\x1b8")
"""
"""Floods a region of the screen without a small letter, and answers keys in the first line."""


def run(report: Report) -> None:
    """Measure and print."""
    with (
        stage() as here,
        tempfile.TemporaryDirectory(prefix="mnix-floods-") as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("NIX_CONFIG", _offline_nix(Path(folder)))
        data = _make_floods(Path(folder))
        here.server("tokyo")
        near, far = here.project_folder("near"), here.project_folder("far")
        for path in data.values():
            shutil.copy(path, far)
        here.mnix("new", "--server", "local", "--isolation", "host", "near", cwd=near)
        here.mnix("new", "--server", "tokyo", "far", cwd=far)
        for name, where in (("near", "this machine"), ("far", "over SSH")):
            report.title(f"A shell pane of {COLS}×{ROWS}, {where}")
            _throughput(report, here, name, data)
        report.title("Keys, over SSH")
        _echo(report, here, data)
        report.title("Attaching again, over SSH")
        _attach(report, here, data)


def _offline_nix(folder: Path) -> str:
    """Return the settings with which this machine's nix builds without a network."""
    registry = folder / "registry.json"
    registry.write_text(EMPTY_REGISTRY)
    return NIX_CONF.replace("/etc/nix/empty-registry.json", str(registry))


def _make_floods(folder: Path) -> dict[str, Path]:
    paths = {}
    for name, (make, size, _target) in FLOODS.items():
        paths[name] = folder / f"{name.replace(' ', '-')}.bin"
        paths[name].write_bytes(make(size))
    paths["long"] = folder / "long.log"
    paths["long"].write_bytes(plain_log(9 * MIB))
    paths["capitals"] = folder / "capitals.log"
    paths["capitals"].write_bytes(plain_log(4 * MIB).upper())
    script = folder / "answering.py"
    script.write_text(ANSWERING)
    paths["answering"] = script
    return paths


@contextmanager
def pane(here: Stage, project: str) -> Iterator[OnPty]:
    """Give the dashboard with a shell of COLS × ROWS in front, the fleet hidden."""
    with on_pty([MNIX], here.env, COLS + 40, ROWS + 10) as program:
        open_shell(program, project)
        program.write(LEADER + b"z")
        program.quiet(0.5)
        size = (COLS + 40, ROWS + 10)
        for _ in range(3):
            cols, rows = _inner_size(program)
            if (cols, rows) == (COLS, ROWS):
                break
            size = (size[0] + COLS - cols, size[1] + ROWS - rows)
            fcntl.ioctl(program.fd, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
            program.quiet(1.0)
        yield program
        program.write(b"\x03\rexit\r")
        program.quiet(0.5)


def open_shell(program: OnPty, project: str) -> None:
    """Find the project and open a shell in it."""
    program.until(project.encode(), 30)
    program.quiet(1.0)
    program.write(b"/")
    program.quiet(0.3)
    program.write(project.encode())
    program.quiet(0.5)
    program.write(b"\r")
    program.quiet(1.0)
    program.write(b"s")
    program.quiet(1.5)


def _inner_size(program: OnPty) -> tuple[int, int]:
    program.forget()
    program.write(b"clear; stty size | tr ' ' x | sed s/^/size=/\r")
    wanted = re.compile(rb"size=(\d+)x(\d+)")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        program.read(0.5)
        found = wanted.search(_CONTROL.sub(b"", bytes(program.seen)))
        if found:
            program.quiet(0.2)
            return int(found[2]), int(found[1])
    raise TimeoutError(f"no size was printed: {bytes(program.seen[-800:])!r}")


@contextmanager
def tmux_pane() -> Iterator[OnPty]:
    """Give tmux with a shell of COLS × ROWS."""
    with tempfile.TemporaryDirectory() as folder:
        env = {"TMUX_TMPDIR": folder, "TERM": "xterm-256color", "PATH": "/usr/bin:/bin"}
        argv = ["tmux", "-f", "/dev/null", "new-session", "bash --norc"]
        env |= {"LANG": "C.UTF-8", "HOME": folder}
        try:
            with on_pty(argv, env, COLS, ROWS + 1) as program:
                program.quiet(1.0)
                yield program
        finally:
            subprocess.run(["tmux", "kill-server"], env=env, capture_output=True, check=False)


def seen_there(project: str, path: Path) -> str:
    """Return a flood's path as the project's shell sees it."""
    return f"/workspace/{path.name}" if project == "far" else str(path)


def cat(program: OnPty, path: str) -> float:
    """Return how long it takes until all of a file and what follows it is on the screen."""
    program.forget()
    mark = f"DONE{time.monotonic_ns() % 10_000_000}"
    start = time.perf_counter()
    program.write(
        f"cat {path}; printf '\\033[m\\033[H\\033[J%s\\n' {mark[:4]}''{mark[4:]}\r".encode()
    )
    tail = b""
    while mark.encode() not in _CONTROL.sub(b"", tail):
        data = program.read(30.0)
        if not data:
            raise TimeoutError(f"{path} never ended: {tail[-300:]!r}")
        program.forget()
        tail = (tail + data)[-16384:]
    took = time.perf_counter() - start
    program.quiet(0.3)
    return took


def answers(program: OnPty, script: str, text: str) -> Sample:
    """Return how long keys take to be answered while the program floods the rest of the screen."""
    program.write(f"python3 {script} {text}\r".encode())
    program.read(2.0)
    times = []
    for index in range(KEYS):
        let_flow(program, 0.03 + index % 7 * 0.004)
        letter = b"vwxyz"[index % 5 : index % 5 + 1]
        drawn = b""
        start = time.perf_counter()
        program.write(letter)
        while letter not in _CONTROL.sub(b"", drawn):
            got = program.read(5.0)
            if not got or time.perf_counter() > start + 5:
                shown = _CONTROL.sub(b"", drawn)[-300:]
                raise TimeoutError(f"key {index}, {letter!r}, was not answered: {shown!r}")
            program.forget()
            drawn = drawn[-256:] + got  # looked through once only: frames are large
        times.append(time.perf_counter() - start)
    program.write(b"\x03")
    program.quiet(0.5)
    return Sample(tuple(times))


def let_flow(program: OnPty, seconds: float) -> None:
    """Read what it prints for ``seconds``, and forget it."""
    end = time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        if select.select([program.fd], [], [], left)[0]:
            program.read(0)
            program.forget()


def _throughput(report: Report, here: Stage, project: str, data: dict[str, Path]) -> None:
    with pane(here, project) as ours, tmux_pane() as theirs:
        for name, (_make, size, target) in FLOODS.items():
            there = seen_there(project, data[name])
            cat(ours, there)
            rounds = [(cat(ours, there), cat(theirs, str(data[name]))) for _ in range(REPEATS)]
            mine, other = (min(column) for column in zip(*rounds, strict=True))
            note = f"{size / MIB / mine:.0f} MiB/s, tmux {size / MIB / other:.0f}"
            report.least(f"speed of tmux's: {name}", other / mine, target, note)
        capitals = (data["answering"], data["capitals"])
        mine = answers(ours, *(seen_there(project, path) for path in capitals))
        other = answers(theirs, *map(str, capitals))
        report.value(
            "a key answered in a flood, p99", mine.p99 * 1e3, "ms", 50,
            f"p50 {mine.p50 * 1e3:.1f}; tmux {other.p50 * 1e3:.1f}, p99 {other.p99 * 1e3:.1f}",
        )  # fmt: skip


def _echo(report: Report, here: Stage, data: dict[str, Path]) -> None:
    raw_argv = here.ssh("tokyo", "podman exec -it -w /workspace mnix-far bash --norc", tty=True)
    with on_pty(raw_argv, here.env) as raw, on_pty([MNIX], here.env) as program:
        raw.quiet(1.0)
        open_shell(program, "far")
        _added(report, "", program, raw, (2.0, 10.0))
        for _ in range(5):
            program.write(LEADER + b"c")
            program.quiet(1.5)
            program.write(f"while :; do cat {seen_there('far', data['long'])}; done\r".encode())
            program.read(1.0)
        program.write(LEADER + b"2")
        let_flow(program, 3.0)
        _added(report, ", 5 others flooding", program, raw, (4.0, 30.0))
    _end_shells(here)


def _added(
    report: Report, when: str, program: OnPty, raw: OnPty, targets: tuple[float, float]
) -> None:
    theirs, ours = (Sample(tuple(echo_times(each, KEYS))) for each in (raw, program))
    for name, mine, other, target in (
        ("p50", ours.p50, theirs.p50, targets[0]),
        ("p99", ours.p99, theirs.p99, targets[1]),
    ):
        note = f"pane {mine * 1e3:.2f}, ssh -tt {other * 1e3:.2f} ms"
        report.value(f"key echo added{when}, {name}", (mine - other) * 1e3, "ms", target, note)


def _attach(report: Report, here: Stage, data: dict[str, Path]) -> None:
    with on_pty([MNIX], here.env) as program:
        open_shell(program, "far")
        cat(program, seen_there("far", data["long"]))
        program.write(b"echo THE-LAST-LINE\r")
        program.quiet(0.5)
        times = [_again(program) for _ in range(5)]
        report.value("a session of 9 MiB, from key to screen", Sample(tuple(times)).p50, "s", 0.5)
    _end_shells(here)


def _again(program: OnPty) -> float:
    """Close the tab, choose the shell in the list of all, and return when its screen is there."""
    program.write(LEADER + b"q")
    program.quiet(0.3)
    program.write(b"w")
    program.quiet(0.3)  # the field's cursor blinks twice a second: it is never quiet for longer
    program.forget()
    start = time.perf_counter()
    program.write(b"\r")
    while b"THE-LAST-LINE" not in _CONTROL.sub(b"", bytes(program.seen)):
        if not program.read(10.0):
            raise TimeoutError("the shell's last line did not come again")
    return time.perf_counter() - start


def _end_shells(here: Stage) -> None:
    """End what outlives the dashboard: that is its point."""
    for job in json.loads(here.mnix("sessions", "--server", "tokyo", "--json")):
        here.mnix("sessions", "--server", "tokyo", "--end", job["id"])
