"""One project on one server over SSH: exec, shell, rebuild and the echo of a key."""

from __future__ import annotations

import asyncio
import json
import time

from mnix_tui.domain.servers import Server
from mnix_tui.link import Link, LinkOptions, open_link
from mnix_tui.sessions import Attachment, Output
from tests.bench import peer
from tests.bench.bench_start import MNIX
from tests.bench.measure import Report, Sample, command, in_turn
from tests.bench.ptys import OnPty, echo_times, on_pty
from tests.bench.stage import Stage, stage

SERVER = Server("tokyo", "tokyo")
KEYS = 300


def run(report: Report) -> None:
    """Measure and print."""
    report.title("A warm project over SSH (rootless Podman)")
    with stage() as here:
        here.server("tokyo")
        here.mnix("new", "--server", "tokyo", "api", cwd=here.project_folder("api"))
        project = project_id(here)
        raw = here.ssh("tokyo", "podman", "exec", "mnix-api", "true")
        ours, theirs = in_turn(
            command([MNIX, "exec", "--project", "api", "--", "true"], here.env),
            command(raw, here.env),
            repeats=12,
        )
        report.ratio("mnix exec -- true, cold", ours, "ssh + podman exec", theirs, 1.8)
        asyncio.run(_live(report, here, project, theirs))
        _rebuild(report, here)
        _echo(report, here)


def project_id(here: Stage) -> str:
    """Return the id that the project ``api`` has on its server."""
    listing = json.loads(here.mnix("ls", "--json"))
    return str(next(row["id"] for row in listing["projects"] if row["name"] == "api"))


async def _live(report: Report, here: Stage, project: str, raw_exec: Sample) -> None:
    async with open_link(SERVER, LinkOptions()) as link:
        await link.agent.info()
        execs = [await _time_exec(link, project) for _ in range(12)][2:]
        report.ratio(
            "exec on a live link", Sample(tuple(execs)), "ssh + podman exec", raw_exec, 1.1
        )
        shells, develops = [], []
        argv = here.ssh("tokyo", "podman exec -it -w /workspace mnix-api nix develop", tty=True)
        for _ in range(6):
            shells.append(await _time_shell(link, project))
            develops.append(await asyncio.to_thread(_time_develop, argv, here.env))
        report.ratio(
            "shell usable, live link", Sample(tuple(shells[1:])),
            "ssh + podman exec nix develop", Sample(tuple(develops[1:])), 0.5,
        )  # fmt: skip


async def _time_exec(link: Link, project: str) -> float:
    start = time.perf_counter()
    channel = await link.command("exec", "--project", project, "--", "true")
    await channel.write_eof()
    while await channel.read():
        pass
    code = await channel.wait()
    await channel.close()
    if code != 0:
        raise RuntimeError(f"exec ended with {code}")
    return time.perf_counter() - start


async def _time_shell(link: Link, project: str) -> float:
    start = time.perf_counter()
    job = await link.agent.open_session(project, cols=120, rows=36)
    seen = b""
    async with Attachment(link, job, cols=120, rows=36) as attachment:
        attachment.write(b"echo $GREETING-there\r")
        async for event in attachment:
            if isinstance(event, Output):
                seen += event.data
                if b"hi-there" in seen:
                    break
    took = time.perf_counter() - start
    await link.agent.kill(job.id, 0)
    return took


def _time_develop(argv: list[str], env: dict[str, str]) -> float:
    start = time.perf_counter()
    with on_pty(argv, env) as program:
        program.write(b"echo $GREETING-there\r")
        program.until(b"hi-there")
        took = time.perf_counter() - start
        program.write(b"exit\r")
        program.quiet()
    return took


def _rebuild(report: Report, here: Stage) -> None:
    oslo = here.server("oslo")
    podman = oslo.write(
        "bin/podman", '#!/bin/sh\n[ "$1" = pull ] || exec /usr/bin/podman "$@"\n', 0o755
    )
    oslo.write(
        ".config/mnix/server.toml",
        f'base_image = "localhost/mnix-base"\npodman_binary = "{podman}"\n'
        f'workspace_root = "{oslo.home}/workspaces"\n',
    )
    folder = here.project_folder("peer")
    here.peer("server", "add", "oslo", "oslo")
    here.peer("new", "--server", "oslo", "api", cwd=folder)
    ours, theirs = in_turn(
        command([MNIX, "rebuild-switch", "--project", "api"], here.env),
        command(
            [str(peer.install() / "mnix"), "rebuild-switch", "--project", "api"],
            here.peer_env,
            str(folder),
        ),
        repeats=3,
    )
    report.ratio("rebuild, nothing changed", ours, "PyPI mnix 0.2.0", theirs, 0.2)


def _echo(report: Report, here: Stage) -> None:
    raw_argv = here.ssh("tokyo", "podman exec -it -w /workspace mnix-api bash --norc", tty=True)
    with on_pty(raw_argv, here.env) as program:
        program.until(b"# ")
        raw = Sample(tuple(echo_times(program, KEYS)))
    with on_pty([MNIX], here.env) as program:
        _open_shell(program)
        embedded = Sample(tuple(echo_times(program, KEYS)))
        program.write(b"exit\r")
        program.quiet()
    rows = (("p50", embedded.p50, raw.p50, 3.0), ("p99", embedded.p99, raw.p99, 16.0))
    for name, ours, theirs, target in rows:
        note = f"embedded {ours * 1e3:.2f}, ssh -tt {theirs * 1e3:.2f} ms"
        added = (ours - theirs) * 1e3
        report.value(f"key echo in the embedded shell, added, {name}", added, "ms", target, note)


def _open_shell(program: OnPty) -> None:
    program.until(b"api")
    program.quiet(1.0)
    program.write(b"/api")
    program.quiet(0.5)
    program.write(b"\r")
    program.quiet(1.0)
    program.write(b"s")
    program.forget()
    program.until(b"/workspace", 20.0)
    program.quiet(1.0)
