"""Many shells on one server, whatever sshd allows: its defaults let ten programs run."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnix_tui.domain.jobs import Job
from mnix_tui.link import Link, LinkOptions
from mnix_tui.sessions import Attachment, Output
from tests.helpers.settle import asettle
from tests.integration.link_rig import Rig, rigged

pytestmark = pytest.mark.needs("sshd", "ssh")

SHELLS = 15


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    with rigged(tmp_path, monkeypatch) as made:
        yield made


async def use(link: Link, job: Job, number: int, ready: asyncio.Barrier) -> None:
    """Attach, and type when all the others are attached too."""
    seen = b""
    async with Attachment(link, job, cols=80, rows=24) as attachment:
        async for event in attachment:
            if isinstance(event, Output):
                seen += event.data
            if b"ready" in seen:
                break
        async with asyncio.timeout(20):
            await ready.wait()
        attachment.write(b"%d\n" % number)
        async for event in attachment:
            if isinstance(event, Output):
                seen += event.data
            if b"got %d" % number in seen:
                break
        await ready.wait()


@pytest.mark.parametrize(
    ("option", "connections"), [("MaxSessions 10", 1), ("AllowStreamLocalForwarding no", 2)]
)
async def test_fifteen_shells_work_on_one_server(rig: Rig, option: str, connections: int) -> None:
    sshd = rig.start(option)
    folder = rig.folder / "project"
    folder.mkdir()
    options = LinkOptions(accept_host_keys=True, idle_timeout=0.4)
    async with Link(sshd.server, options) as link:
        await link.ready(20)
        project = await link.agent.create_project("p", isolation="host", in_place=str(folder))
        argv = ["sh", "-c", "echo ready; while read l; do echo got $l; done"]
        jobs = [
            await link.agent.open_session(project["id"], cols=80, rows=24, argv=argv, bare=True)
            for _ in range(SHELLS)
        ]
        barrier = asyncio.Barrier(SHELLS + 1)
        async with asyncio.TaskGroup() as tasks:
            for number, job in enumerate(jobs):
                tasks.create_task(use(link, job, number, barrier))
            await barrier.wait()
            assert logins(sshd.children()) == connections
            await barrier.wait()
        # What the shells needed beside the main connection goes when they are left.
        await asettle(lambda: logins(sshd.children()) == 1)
        assert len(await link.agent.jobs(kind="session")) == SHELLS
        for job in jobs:
            await link.agent.kill(job.id, grace=0.2)
        await link.agent.remove(project["id"])


def logins(pids: list[int]) -> int:
    """Return how many of these processes are an sshd that serves a connection."""
    lines = [Path(f"/proc/{pid}/cmdline") for pid in pids]
    return sum(b"sshd:" in line.read_bytes() for line in lines if line.exists())


async def test_a_connection_for_transfers_goes_when_it_is_idle_and_comes_again(rig: Rig) -> None:
    sshd = rig.start()
    options = LinkOptions(remote_binary=rig.binary, accept_host_keys=True, idle_timeout=0.2)
    async with Link(sshd.server, options) as link:
        await link.ready(20)
        for _ in range(2):
            command = await link.command("exec", "--", "cat", bulk=True)
            assert logins(sshd.children()) == 2
            await command.write(b"some")
            assert await command.read() == b"some"
            await command.close()
            await asettle(lambda: logins(sshd.children()) == 1)
        assert await link.agent.request("echo") == {}
