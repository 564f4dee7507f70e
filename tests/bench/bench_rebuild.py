"""Rebuilds over SSH: the first sign of life, what ours add to nix, and a builder that never stops talking."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mnix_tui.link import LinkOptions, open_link
from mnix_tui.sessions import log_chunks
from tests.bench.bench_remote import SERVER, project_id
from tests.bench.bench_shells import let_flow, open_shell
from tests.bench.bench_start import MNIX
from tests.bench.measure import Report, Sample, command, in_turn
from tests.bench.ptys import OnPty, on_pty
from tests.bench.stage import Stage, stage

if TYPE_CHECKING:
    from tests.fleet import FleetServer

LINES = 1_000_000
LINE = "line %07d: checking whether the compiler accepts what it was given... yes"
_CONTROL = re.compile(rb"\x1b(\[[0-9;:?>=$ ]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][A-Z0-9]|.)")
_FLOOD = """
  {
    outputs = { self }: let
      make = name: script: extra: derivation ({
        inherit name; system = "x86_64-linux"; builder = "${./toolchain}/bash";
        args = [ "-c" script ]; outputs = [ "out" ];
      } // extra);
      flood = make "flood-1.0" ''
        for ((i = 0; i < LINES; i += 1000)); do
          eval "printf 'LINE\\\\n' {$i..$((i + 999))}"
        done
        echo done > $out
      '' { };
    in {
      devShells.x86_64-linux.default = make "flood-shell" "exit 1" { FLOOD = flood; };
    };
  }
"""
_NIX = (
    'nix --extra-experimental-features "nix-command flakes" print-dev-env'
    " --profile /tmp/beside path:/workspace > /dev/null"
)


def run(report: Report) -> None:
    """Measure and print."""
    with stage() as here:
        server = here.server("tokyo")
        here.mnix("new", "--server", "tokyo", "api", cwd=here.project_folder("api"))
        here.mnix("rebuild-switch", "--project", "api")
        report.title("Rebuilds over SSH (rootless Podman)")
        _unchanged(report, here)
        _first_sign(report, here)
        _second_project(report, here, server)
        report.title(f"A builder that prints {LINES:,} lines, the dashboard open, over SSH")
        _flood(report, here)


def _unchanged(report: Report, here: Stage) -> None:
    ours, nix = asyncio.run(_on_a_live_link(project_id(here)))
    note = f"mnix {ours.p50:.2f}, podman exec nix print-dev-env {nix.p50:.2f} s"
    report.value("nothing changed, live link, added", ours.p50 - nix.p50, "s", 0.5, note)
    argv = here.ssh("tokyo", "podman", "exec", "mnix-api", "sh", "-c", f"'{_NIX}'")
    ours, nix = in_turn(
        command([MNIX, "rebuild-switch", "--project", "api"], here.env),
        command(argv, here.env),
        repeats=5,
    )
    note = f"mnix {ours.p50:.2f}, ssh + podman exec nix print-dev-env {nix.p50:.2f} s"
    # The command starts, connects and pushes: all of that counts as ours.
    report.value("nothing changed, mnix rebuild-switch, added", ours.p50 - nix.p50, "s", 0.5, note)


async def _on_a_live_link(project: str) -> tuple[Sample, Sample]:
    ours, nix = [], []
    async with open_link(SERVER, LinkOptions()) as link:
        await link.agent.info()
        for _ in range(6):
            start = time.perf_counter()
            job = await link.agent.rebuild(project)
            async for _chunk in log_chunks(link, job):
                pass
            ours.append(time.perf_counter() - start)
            start = time.perf_counter()
            argv = ("exec", "--project", project, "--bare", "--", "sh", "-c", _NIX)
            channel = await link.command(*argv)
            await channel.write_eof()
            while await channel.read():
                pass
            if await channel.wait() != 0:
                raise RuntimeError("nix alone failed")
            await channel.close()
            nix.append(time.perf_counter() - start)
    return Sample(tuple(ours[1:])), Sample(tuple(nix[1:]))


def _first_sign(report: Report, here: Stage) -> None:
    times = []
    for _ in range(3):
        with on_pty([MNIX], here.env, 200, 50) as program:
            _select(program, "api")
            program.write(b"1")
            let_flow(program, 1.0)
            start = time.perf_counter()
            program.write(b"r")
            _until(program, rb"evaluating path", 20)
            times.append(time.perf_counter() - start)
            let_flow(program, 2.0)
    report.value("from the key to nix's first sign on the screen", Sample(tuple(times)).p50, "s", 1)


def _second_project(report: Report, here: Stage, server: FleetServer) -> None:
    folder = here.scratch / "second"
    shutil.copytree(here.project_folder("other"), folder)
    here.mnix("new", "--server", "tokyo", "--no-warm-up", "second", cwd=folder)
    said = here.mnix("rebuild-switch", "--project", "second", "--json")
    events = [json.loads(line) for line in said.splitlines()]
    built = [
        event for event in events
        if event.get("event") == "start" and "tiny-tool" in str(event.get("name"))
    ]  # fmt: skip
    report.value("built again for a second project, same flake", len(built), "", 0)


def _flood(report: Report, here: Stage) -> None:
    folder = here.project_folder("flood")
    text = _FLOOD.replace("LINES", str(LINES)).replace("LINE", LINE)
    (folder / "flake.nix").write_text(text)
    here.mnix("new", "--server", "tokyo", "--no-warm-up", "flood", cwd=folder)
    with on_pty([MNIX], here.env, 200, 50) as program:
        open_shell(program, "api")
        before = _memory(program.pid)
        program.write(b"\x1cd")
        program.quiet(0.5)
        _select(program, "flood")
        program.write(b"r")
        let_flow(program, 4.0)
        for keys in (b"1", b"/api", b"\r", b"2"):
            program.write(keys)
            let_flow(program, 0.7)
        most, times = before, []
        while _building(here):
            times += _echoes(program, 40)
            most = max(most, _memory(program.pid))
        sample = Sample(tuple(times))
        note = f"{len(times)} keys, p50 {sample.p50 * 1e3:.1f} ms"
        report.value("a key echoed in another shell, p99", sample.p99 * 1e3, "ms", 50, note)
        report.value("memory that the dashboard grew by", (most - before) / 1e6, "MB", 100)
    wanted = hashlib.sha256()
    for number in range(LINES):
        wanted.update(b"line %07d: " % number + LINE.split(": ", 1)[1].encode() + b"\n")
    log = here.mnix("logs", "--project", "flood", "--node", "flood-1.0")
    same = hashlib.sha256(log.encode()).digest() == wanted.digest()
    report.value("bytes of the log that are not as printed", 0 if same else 1, "", 0)


def _echoes(program: OnPty, keys: int) -> list[float]:
    """Return how long keys take to come back while the fleet beside the shell is drawn anew."""
    times = []
    for index in range(keys):
        letter = b"QXJZ"[index % 4 : index % 4 + 1]
        program.forget()
        start = time.perf_counter()
        program.write(letter)
        while letter not in program.seen:
            if not program.read(5.0):
                raise TimeoutError(f"the key {letter!r} was not echoed")
        times.append(time.perf_counter() - start)
        let_flow(program, 0.03)
    program.write(b"\x15")
    let_flow(program, 0.1)
    return times


def _building(here: Stage) -> bool:
    listing = json.loads(here.mnix("ls", "--json", "--refresh"))
    state = next(row["state"] for row in listing["projects"] if row["name"] == "flood")
    return bool(state == "building")


def _select(program: OnPty, project: str) -> None:
    program.until(project.encode(), 30)
    program.quiet(1.0)
    program.write(b"/")
    program.quiet(0.3)
    program.write(project.encode())
    program.quiet(0.5)
    program.write(b"\r")
    program.quiet(1.0)


def _until(program: OnPty, wanted: bytes, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while not re.search(wanted, _CONTROL.sub(b"", bytes(program.seen))):
        if not program.read(max(0.0, deadline - time.monotonic())):
            shown = _CONTROL.sub(b"", bytes(program.seen))[-500:]
            raise TimeoutError(f"{wanted!r} did not come: {shown!r}")


def _memory(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]
