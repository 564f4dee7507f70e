"""Sessions of the real agent: on this machine, over SSH, and where sshd forbids forwarding."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnix_tui.domain.jobs import Job
from mnix_tui.domain.servers import LOCAL, Server
from mnix_tui.domain.states import JobState, ServerState
from mnix_tui.errors import NotFound
from mnix_tui.link import Link, LinkOptions
from mnix_tui.sessions import AttachEvent, Attachment, Exited, Live, Output, log_chunks
from tests.helpers.settle import asettle
from tests.integration.link_rig import Rig, rigged

pytestmark = pytest.mark.needs("sshd", "ssh")


@pytest.fixture
def rig(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rig]:
    runtime = tmp_path_factory.mktemp("r")  # a short one: a socket's path ends at 107 bytes
    runtime.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    with rigged(tmp_path, monkeypatch) as made:
        yield made


def server(rig: Rig, way: str) -> Server:
    if way == "local":
        return Server(LOCAL, "")
    options = ["AllowStreamLocalForwarding no"] if way == "forbidden" else []
    return rig.start(*options).server


@pytest.mark.parametrize("way", ["local", "ssh", "forbidden"])
async def test_a_session_is_opened_used_left_and_found_again(rig: Rig, way: str) -> None:
    folder = rig.folder / "project"
    folder.mkdir()
    events: list[AttachEvent] = []

    def output() -> bytes:
        return b"".join(event.data for event in events if isinstance(event, Output))

    async with Link(server(rig, way), LinkOptions(accept_host_keys=True)) as link:
        await link.ready(20)
        project = await link.agent.create_project("p", isolation="host", in_place=str(folder))
        argv = ["sh", "-c", "echo ready; read line; echo got $line; exit 3"]
        job = await link.agent.open_session(project["id"], cols=80, rows=24, argv=argv, bare=True)
        async with Attachment(link, job, cols=80, rows=24) as attachment, asyncio.timeout(20):
            while b"ready" not in output():
                events.append(await anext(attachment))
        events.clear()
        async with Attachment(link, job, cols=80, rows=24) as attachment, asyncio.timeout(20):
            attachment.write(b"on\n")
            events += [event async for event in attachment]
        assert b"ready" in output()
        assert b"got on" in output()
        assert isinstance(events[-1], Exited)
        assert events[-1].code == 3
        ended = await link.agent.job(job.id)
        assert not ended.live
        log = b"".join([chunk async for chunk in log_chunks(link, ended)])
        assert log.replace(b"\r", b"") == b"ready\non\ngot on\n"
        await link.agent.remove(project["id"])


async def test_a_job_that_nobody_knows_is_not_found(rig: Rig) -> None:
    ghost = Job("zzzzzzzz", "session", "yyyyyyyy", JobState.RUNNING)
    async with Link(server(rig, "local"), LinkOptions()) as link:
        await link.ready(20)
        async with Attachment(link, ghost, cols=80, rows=24) as attachment:
            with pytest.raises(NotFound):
                await anext(attachment)


async def test_killing_the_agent_does_not_disturb_a_session(rig: Rig) -> None:
    sshd = rig.start()
    folder = rig.folder / "project"
    folder.mkdir()
    async with Link(sshd.server, LinkOptions(accept_host_keys=True)) as link:
        await link.ready(20)
        project = await link.agent.create_project("p", isolation="host", in_place=str(folder))
        job = await link.agent.open_session(
            project["id"], cols=80, rows=24, argv=["cat"], bare=True
        )
        async with Attachment(link, job, cols=80, rows=24) as attachment, asyncio.timeout(20):
            while not isinstance(await anext(attachment), Live):
                pass
            before = link.hello
            assert sshd.kill_agents() == 1
            attachment.write(b"still here\n")
            got = b""
            while got.count(b"still here") < 2:
                event = await anext(attachment)
                got += event.data if isinstance(event, Output) else b""
        await asettle(lambda: link.hello is not before)
        await asettle(lambda: link.status.state is ServerState.ONLINE)
        assert not (await link.agent.kill(job.id, grace=1)).live
        await link.agent.remove(project["id"])


async def test_the_last_eight_mebibytes_come_at_once(rig: Rig) -> None:
    folder = rig.folder / "project"
    folder.mkdir()
    mib = 1 << 20
    async with Link(server(rig, "ssh"), LinkOptions(accept_host_keys=True)) as link:
        await link.ready(20)
        project = await link.agent.create_project("p", isolation="host", in_place=str(folder))
        argv = ["sh", "-c", "seq -w 0 1999999; printf 'the end'; read wait"]
        job = await link.agent.open_session(project["id"], cols=80, rows=24, argv=argv, bare=True)
        whole = 0
        async with Attachment(link, job, cols=80, rows=24, fresh=False) as first:
            async for event in first:
                if isinstance(event, Output):
                    whole = event.offset + len(event.data)
                    if event.data.endswith(b"the end"):
                        break
        assert whole == 2_000_000 * 9 + len("the end")
        began = time.monotonic()
        got = bytearray()
        start = -1
        async with Attachment(link, job, cols=80, rows=24) as again:
            async for event in again:
                if isinstance(event, Output):
                    start = event.offset if start < 0 else start
                    got += event.data
                elif isinstance(event, Live):
                    break
        took = time.monotonic() - began
        print(f"{len(got) / mib:.1f} MiB in {took:.3f} s")
        assert 7 * mib <= len(got) <= 9 * mib
        assert start + len(got) == whole
        lines = bytes(got).split(b"\r\n")
        assert lines[-1] == b"the end"
        assert [int(line) for line in lines[1:-1]] == list(
            range(2_000_001 - len(lines[:-1]), 2_000_000)
        )
        assert took < 2  # half a second where nothing else runs
        await link.agent.kill(job.id, grace=1)
        await link.agent.remove(project["id"])
