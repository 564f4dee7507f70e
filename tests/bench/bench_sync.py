"""Sending a project's files, beside rsync over ssh: the same trees, turn by turn."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.bench import slow_line, trees
from tests.bench.bench_start import MNIX
from tests.bench.measure import Report, Sample, timed
from tests.bench.stage import Stage, stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.fleet import FleetServer

FILES, BYTES = 20_000, 200_000_000
MANY = 200_000
LARGE = 1 << 30
MIB = 1 << 20
ROUND_TRIP, RATE = 0.05, 100e6 / 8


@dataclass
class Place:
    """A tree here and its two copies there: rsync's, and a project's workspace."""

    here: Stage
    server: str
    tree: Path
    project: str

    def push(self) -> None:
        """Send it our way, by the command that people type."""
        self.here.mnix("push", "--project", self.project)

    def rsync(self) -> None:
        """Send it rsync's way."""
        done = subprocess.run(
            ["rsync", "-a", "--delete", "--mkpath", "-e", f"ssh -F {self.here.home.ssh_config}",
             f"{self.tree}/", f"{self.server}:rsync/{self.project}/"],
            env=self.here.env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr)

    def forget(self) -> None:
        """Take both copies away."""
        self.here.mnix("rm", "--yes", "--project", self.project)
        subprocess.run(self.here.ssh(self.server, f"rm -rf rsync/{self.project}"), check=True)
        shutil.rmtree(self.tree)


def run(report: Report) -> None:
    """Measure and print."""
    report.title("Sending files, beside rsync -a over ssh")
    with stage() as here:
        server = here.server("tokyo")
        with slow_line.line(server.port) as counted:
            _alias(here, server, "counted", counted.port)
            _many_files(report, here, counted)
            _large_file(report, here, counted)
        _very_many(report, here, server)
        with slow_line.line(server.port, round_trip=ROUND_TRIP, rate=RATE) as far:
            _alias(here, server, "far", far.port)
            _far_away(report, here)


def _alias(here: Stage, server: FleetServer, name: str, port: int) -> None:
    """Make the same server known under another name, at the end of a line."""
    text = server.ssh_config_text(name, known_hosts=here.home.known_hosts)
    with here.home.ssh_config.open("a") as config:
        config.write(text.replace(f"Port {server.port}", f"Port {port}"))
    with here.home.known_hosts.open("a") as known:
        known.write(server.known_hosts_line.replace(f":{server.port} ", f":{port} "))
    here.mnix("server", "add", name, name)


def _place(here: Stage, server: str, name: str, grow: Callable[[Path], None]) -> Place:
    """Make a project with next to nothing in it, then let its folder grow."""
    tree = here.project_folder(name)
    here.mnix("new", "--no-warm-up", "--server", server, name, cwd=tree)
    grow(tree)
    return Place(here, server, tree, name)


def _source(tree: Path) -> None:
    trees.grow(tree, FILES, BYTES)


def _many_files(report: Report, here: Stage, counted: slow_line.Line) -> None:
    ours, theirs = [], []
    for number in range(3):
        place = _place(here, "tokyo", f"cold{number}", _source)
        theirs.append(timed(place.rsync))
        ours.append(timed(place.push))
        place.forget()
    report.ratio("20,000 files, 200 MB, cold", Sample(tuple(ours)), "rsync", _s(theirs), 1.0)
    place = _place(here, "tokyo", "source", _source)
    place.push()
    place.rsync()
    rounds = _edited(place, 10, 7)
    report.ratio("10 of 20,000 files changed", rounds[0], "rsync", rounds[1], 0.7)
    same = _unchanged(place, 7)
    report.ratio("nothing of 20,000 files changed", same[0], "rsync", same[1], 0.7)
    place.forget()
    place = _place(here, "counted", "counted", _source)
    place.push()
    place.rsync()
    trees.edit(place.tree, 10, "counted")
    sent = []
    for send in (place.push, place.rsync):
        counted.reset()
        send()
        sent.append(sum(counted.bytes))
    report.value(
        "bytes on the line for 10 of 20,000", sent[0] / sent[1], "of rsync's", 1.1,
        f"{sent[0]:,} and {sent[1]:,}",
    )  # fmt: skip
    place.forget()


def _edited(place: Place, count: int, rounds: int) -> tuple[Sample, Sample]:
    ours, theirs = [], []
    for number in range(rounds):
        trees.edit(place.tree, count, f"round {number}")
        theirs.append(timed(place.rsync))
        ours.append(timed(place.push))
    return _s(ours), _s(theirs)


def _unchanged(place: Place, rounds: int) -> tuple[Sample, Sample]:
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(timed(place.rsync))
        ours.append(timed(place.push))
    return _s(ours), _s(theirs)


def _large_file(report: Report, here: Stage, counted: slow_line.Line) -> None:
    place = _place(here, "tokyo", "large", lambda tree: trees.large(tree / "disk.img", LARGE))
    place.push()
    place.rsync()
    ours, theirs = [], []
    for number in range(3):
        trees.overwrite(place.tree / "disk.img", LARGE // 2 + 12345, MIB, number)
        theirs.append(timed(place.rsync))
        ours.append(timed(place.push))
    report.ratio("1 MiB of a 1 GiB file changed", _s(ours), "rsync", _s(theirs), 1.0)
    place.forget()
    place = _place(here, "counted", "large2", lambda tree: trees.large(tree / "disk.img", LARGE))
    place.push()
    trees.overwrite(place.tree / "disk.img", LARGE // 2 + 12345, MIB, 9)
    counted.reset()
    place.push()
    report.value("bytes on the line for that", sum(counted.bytes) / MIB, "MiB", 3)
    place.forget()


def _very_many(report: Report, here: Stage, server: FleetServer) -> None:
    place = _place(here, "tokyo", "huge", lambda tree: trees.grow(tree, MANY, MANY * 100))
    place.push()
    place.rsync()
    same = _unchanged(place, 3)
    report.ratio("nothing of 200,000 files changed", same[0], "rsync", same[1], 1.0)
    with _largest(server, "sync --nonce") as agent:
        client = _client_memory(here, "push", "--project", "huge")
    report.value("the client's memory then", client, "MB", 200)
    report.value("the agent's memory then", agent[0], "MB", 100)
    place.forget()


def _far_away(report: Report, here: Stage) -> None:
    place = _place(here, "far", "away", lambda tree: trees.grow(tree, 2000, 20_000_000))
    theirs, ours = timed(place.rsync), timed(place.push)
    report.ratio(
        "2,000 files, 20 MB, cold, 50 ms, 100 Mbit/s", _s([ours]), "rsync", _s([theirs]), 1.0
    )
    rounds = _edited(place, 10, 3)
    report.ratio("10 of them changed, 50 ms, 100 Mbit/s", rounds[0], "rsync", rounds[1], 1.0)
    same = _unchanged(place, 3)
    report.ratio("nothing changed, 50 ms, 100 Mbit/s", same[0], "rsync", same[1], 1.0)
    place.forget()


def _s(seconds: list[float]) -> Sample:
    return Sample(tuple(seconds))


def _client_memory(here: Stage, *args: str) -> float:
    """Run a command of ours; return its largest memory in MB."""
    process = subprocess.Popen([MNIX, *args], env=here.env, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"mnix {' '.join(args)} ended with {process.returncode}")
    return usage.ru_maxrss / 1024


@contextmanager
def _largest(server: FleetServer, text: str) -> Iterator[list[float]]:
    """Watch the server's processes with ``text`` in their command line; note the most they take."""
    most = [0.0]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            for pid in server.processes(text):
                try:
                    with open(f"/proc/{pid}/status") as file:
                        lines = [line for line in file if line.startswith("VmHWM")]
                except OSError:
                    continue
                most[0] = max([most[0], *(int(line.split()[1]) / 1024 for line in lines)])

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()
