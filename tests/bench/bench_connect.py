"""Connecting, beside `ssh HOST true`: to a server that never saw mnix, and later on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mnix_tui.domain.servers import Server
from mnix_tui.link import LinkOptions, open_link
from tests.bench.bench_start import MNIX
from tests.bench.measure import Report, Sample, command, timed
from tests.bench.stage import Stage, stage

if TYPE_CHECKING:
    from collections.abc import Callable

SERVER = Server("tokyo", "tokyo")
LIST = (MNIX, "ls", "--refresh", "--server", "tokyo")
LATER = (MNIX, "sessions", "--server", "tokyo")
ROUNDS = 10


def run(report: Report) -> None:
    """Measure and print."""
    report.title("Connecting (whole commands, and in a process that is there already)")
    with stage() as here:
        here.server("tokyo")
        alone = here.env | {"MNIX_KEEP_READY": "0"}
        ready = here.env | {"MNIX_KEEP_READY": "60"}
        ssh = command(here.ssh("tokyo", "true"), here.env)
        found, theirs = _turns(
            ssh,
            whole=lambda: _new(here, command(LIST, alone)),
            within=lambda: _new(here, _in_process),
        )
        what = "new server: connect, deliver, list projects"
        report.ratio(f"{what}, in process", found["within"], "ssh true", theirs, 3.0)
        report.ratio(f"{what}, command", found["whole"], "ssh true", theirs, 3.0)
        found, theirs = _turns(
            ssh,
            within=lambda: timed(_in_process),
            whole=lambda: timed(command(LATER, ready)),
            alone=lambda: timed(command(LATER, alone)),
        )
        report.ratio("later, in process", found["within"], "ssh true", theirs, 1.0)
        report.ratio("later, command", found["whole"], "ssh true", theirs, 1.0)
        with here.home.ssh_config.open("a") as file:
            file.write("Host *\n  ControlMaster auto\n  ControlPersist 1m\n")
        kept, theirs = _turns(ssh, whole=lambda: timed(command(LATER, ready)))
        report.ratio("later, command, ControlPersist", kept["whole"], "ssh true", theirs, 1.0)
        ratio = found["alone"].p50 / theirs.p50
        print(f"  (a command without a process that is ready to dial: ratio {ratio:.2f})")


def _turns(
    ssh: Callable[[], object], **kinds: Callable[[], float]
) -> tuple[dict[str, Sample], Sample]:
    """Measure each kind turn by turn; return them, and ssh's times in the same turns."""
    turns: dict[str, Callable[[], float]] = {**kinds, "ssh": lambda: timed(ssh)}
    times: dict[str, list[float]] = {kind: [] for kind in turns}
    for at in range(ROUNDS + 2):
        for kind, measure in turns.items():
            took = measure()
            if at > 1:  # the first ones make the dialler, and warm the caches
                times[kind].append(took)
    found = {kind: Sample(tuple(each)) for kind, each in times.items()}
    return found, found.pop("ssh")


def _new(here: Stage, connect: Callable[[], object]) -> float:
    """Time a connection to a server from which the agent was taken away."""
    # Moved first: the agent of the last round may still be writing its bytecode there.
    away = "rm -rf gone-*; mv .local/share/mnix/agent gone-$$ || true"
    here.fleet.server("tokyo").as_user("sh", "-c", away)
    return timed(connect)


def _in_process() -> None:
    async def list_projects() -> None:
        async with open_link(SERVER, LinkOptions()) as link:
            await link.agent.state()

    asyncio.run(list_projects())
