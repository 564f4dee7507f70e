"""Sessions when the line goes dead, is cut again and again, or the client dies."""

import asyncio
import hashlib
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mnix_tui.domain.jobs import Job
from mnix_tui.domain.states import ServerState
from mnix_tui.link import Link, LinkOptions
from mnix_tui.sessions import (
    AttachEvent,
    Attachment,
    Exited,
    Gap,
    LinkDown,
    LinkUp,
    Live,
    Output,
    Silent,
)
from tests.helpers.settle import asettle
from tests.integration.link_rig import Rig, Sshd, rigged
from tests.integration.seen import Seen
from tests.integration.wire import Wire, laid

pytestmark = pytest.mark.needs("sshd", "ssh")

OPTIONS = LinkOptions(accept_host_keys=True)


@pytest.fixture
def rig(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rig]:
    with rigged(tmp_path, monkeypatch) as made:
        yield made


@asynccontextmanager
async def session(rig: Rig, sshd: Sshd, script: str) -> AsyncIterator[tuple[Link, Job]]:
    """Keep a link to a server, and a session there that runs ``script``."""
    folder = sshd.folder / "project"
    folder.mkdir()
    async with Link(sshd.server, OPTIONS) as link:
        await link.ready(20)
        project = await link.agent.create_project("p", isolation="host", in_place=str(folder))
        job = await link.agent.open_session(
            project["id"], cols=80, rows=24, argv=["sh", "-c", script], bare=True
        )
        try:
            yield link, job
        finally:
            await link.ready(20)
            await link.agent.kill(job.id, grace=0.5)
            await link.agent.remove(project["id"])


def job_folder(sshd: Sshd, job: Job) -> Path:
    return sshd.folder / "state" / "mnix-server" / "jobs" / job.id


def server_log(sshd: Sshd, job: Job) -> bytes:
    """Return a job's log as it lies on the server."""
    folder = job_folder(sshd, job) / "log"
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir(), key=_first_byte))


def _first_byte(path: Path) -> int:
    return int("".join(each for each in path.name if each.isdigit()) or "0")


class Watcher:
    """Reads an attachment to its end, and notes when what came."""

    def __init__(self, attachment: Attachment) -> None:
        self.attachment = attachment
        self.events: list[tuple[float, AttachEvent]] = []
        self.output = bytearray()
        self.last_output = 0.0

    async def watch(self) -> None:
        async for event in self.attachment:
            if isinstance(event, Output):
                assert event.offset == len(self.output)
                self.output += event.data
                self.last_output = time.monotonic()
            else:
                self.events.append((time.monotonic(), event))

    def when(self, kind: type, after: float = 0.0) -> float | None:
        """Return when the first event of a kind came, ``None`` when none did."""
        return next(
            (at for at, event in self.events if isinstance(event, kind) and at >= after), None
        )


async def blackout(
    rig: Rig, wire: Wire, seconds: float
) -> tuple[dict[str, float | None], list[str]]:
    """Work in a shell, lose the network for a while; say how long what took, and what was shown."""
    sshd = rig.start(host=wire.there, inside=wire.inside)
    script = (
        "stty -echo; (while echo tick; do sleep 0.25; done) & while read l; do echo got-$l; done"
    )
    async with (
        session(rig, sshd, script) as (link, job),
        Attachment(link, job, cols=80, rows=24, fresh=False) as attachment,
        asyncio.TaskGroup() as tasks,
    ):
        watcher = Watcher(attachment)
        seen = Seen(link)
        watching = tasks.create_task(watcher.watch())
        attachment.write(b"before\n")
        await asettle(lambda: b"got-before" in watcher.output)
        wire.cut()
        began = time.monotonic()
        attachment.write(b"during\n")
        await asettle(lambda: time.monotonic() - began >= seconds, timeout=seconds + 5)
        assert attachment.waiting == len(b"during\n")
        silent, down = watcher.when(Silent, began), watcher.when(LinkDown, began)
        wire.mend()
        mended = time.monotonic()
        await asettle(lambda: watcher.last_output > mended, timeout=30)
        resumed = time.monotonic() - mended
        await asettle(lambda: b"got-during" in watcher.output)
        attachment.write(b"after\n")
        await asettle(lambda: b"got-after" in watcher.output)
        assert attachment.waiting == 0
        await asettle(lambda: link.status.state is ServerState.ONLINE)
        watching.cancel()
        log = server_log(sshd, job)
    for word in (b"before", b"during", b"after"):
        assert watcher.output.count(b"got-" + word) == 1
    assert bytes(watcher.output) == log[: len(watcher.output)]
    return {
        "outage": seconds,
        "silent after": silent and silent - began,
        "lost after": down and down - began,
        "resumed after": resumed,
        "over another connection": watcher.when(LinkUp, began) is not None,
    }, [text for text in seen.texts if text != "reconnecting"]


@pytest.mark.needs("root", "ip", "iptables")
@pytest.mark.slow
@pytest.mark.timeout(150)
async def test_a_shell_goes_on_within_two_seconds_of_the_networks_return(rig: Rig) -> None:
    with laid() as one, laid() as two, laid() as three, laid() as four:
        async with Link(rig.start().server, rig.options) as neighbour:
            beside = Seen(neighbour)
            done = await asyncio.gather(
                blackout(rig, one, 8),
                blackout(rig, two, 14),  # TCP alone would come back after 25 s
                blackout(rig, three, 30),
                blackout(rig, four, 60),
            )
            assert set(beside.texts) <= {"connecting", "online"}
            assert beside.longest_silence == 0
    short, silent, middle, long = (found for found, _ in done)
    for found, shown in done:
        print({name: value and round(value, 2) for name, value in found.items()}, shown)
        assert shown[-1] == "online"
    for found in (short, silent, middle, long):
        assert found["resumed after"] is not None
        assert found["resumed after"] < 3  # 2 s on a machine that has nothing else to do
    for found in (middle, long):
        assert found["silent after"] is not None
        assert found["silent after"] < 10
        assert found["lost after"] is not None
        assert found["lost after"] < 22
    assert short["lost after"] is None
    # What a person sees of a minute without a network, after the eight seconds of no answer.
    shown = done[-1][1]
    assert shown[0] == "online, no answer"
    assert shown[1].startswith("reconnecting: ")
    assert "no answer" in " ".join(shown[1:])


LINES = 1_000_000


async def test_twenty_cuts_during_a_million_lines_cost_no_byte(rig: Rig) -> None:
    sshd = rig.start()
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    script = f"seq -f 'line %.0f of {LINES}, and some more of it' {LINES}; read wait"
    size = len(f"line 1 of {LINES}, and some more of it\r\n") * LINES
    cuts = sorted(dice.randrange(size * 3 // 4) for _ in range(20))
    got, digest, done, downs, ups = 0, hashlib.sha256(), 0, 0, 0
    began = time.monotonic()
    async with (
        session(rig, sshd, script) as (link, job),
        Attachment(link, job, cols=80, rows=24, fresh=False) as attachment,
    ):
        last = f"line {LINES} of {LINES}, and some more of it\r\n".encode()
        tail = b""
        async for event in attachment:
            downs += isinstance(event, LinkDown)
            ups += isinstance(event, LinkUp)
            assert not isinstance(event, Gap | Exited)
            if not isinstance(event, Output):
                continue
            assert event.offset == got
            got += len(event.data)
            digest.update(event.data)
            if cuts and got >= cuts[0] and downs == ups == done:
                done += 1
                del cuts[0]
                sshd.cut()
            tail = (tail + event.data)[-len(last) :]
            if tail == last:
                break
        log = server_log(sshd, job)
    print(f"{got >> 20} MiB in {time.monotonic() - began:.1f} s, {downs} cuts")
    assert not cuts
    assert ups == downs == 20
    assert log.count(b"\n") == LINES
    assert digest.hexdigest() == hashlib.sha256(log).hexdigest()


CLIENT = """
import asyncio, sys
from mnix_tui.domain.servers import Server
from mnix_tui.link import Link, LinkOptions
from mnix_tui.sessions import Attachment

async def main(name, endpoint, job):
    async with Link(Server(name, endpoint), LinkOptions(accept_host_keys=True)) as link:
        await link.ready(20)
        found = await link.agent.job(job)
        async with Attachment(link, found, cols=80, rows=24) as attachment:
            attachment.write(b"typed by the first\\n")
            async for event in attachment:
                print(event, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_client_that_is_killed_loses_nothing(rig: Rig) -> None:
    sshd = rig.start()
    script = "i=0; stty -echo; while read l; do i=$((i+1)); echo $i:$l; done"
    async with session(rig, sshd, script) as (link, job):
        argv = [sys.executable, "-c", CLIENT, "box", sshd.server.endpoint, job.id]
        first = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
        assert first.stdout is not None
        async with asyncio.timeout(20):
            while b"1:typed by the first" not in await first.stdout.readline():
                pass
        first.kill()
        await first.communicate()
        async with (
            Attachment(link, job, cols=80, rows=24) as attachment,
            asyncio.TaskGroup() as tasks,
        ):
            watcher = Watcher(attachment)
            watching = tasks.create_task(watcher.watch())
            await asettle(lambda: watcher.when(Live))
            assert watcher.output == b"1:typed by the first\r\n"
            attachment.write(b"typed by the second\n")
            await asettle(lambda: watcher.output.endswith(b"2:typed by the second\r\n"))
            watching.cancel()


async def test_what_was_typed_for_a_session_that_ended_meanwhile_is_told(rig: Rig) -> None:
    sshd = rig.start()
    pid = sshd.folder / "pid"
    async with session(rig, sshd, f"echo $$ > {pid}; echo ready; cat; echo bye") as (link, job):
        async with Attachment(link, job, cols=80, rows=24, fresh=False) as attachment:
            watcher = Watcher(attachment)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(watcher.watch())
                attachment.write(b"arrived\n")
                await asettle(lambda: watcher.output.count(b"arrived") == 2)
                await asettle(lambda: attachment.waiting == 0)
                sshd.stop()
                await asettle(lambda: watcher.when(LinkDown))
                attachment.write(b"too late\n")
                os.killpg(int(pid.read_text()), signal.SIGKILL)
                status = job_folder(sshd, job) / "status.json"
                await asettle(lambda: '"exited"' in status.read_text())
                sshd.start()
                attachment.retry_now()
        _, last = watcher.events[-1]
        assert isinstance(last, Exited)
        assert (last.code, last.unsent) == (137, len(b"too late\n"))
        assert b"too late" not in watcher.output
