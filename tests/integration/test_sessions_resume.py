"""A session's stream over a real sshd: what is typed and printed survives the connection."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from mnix_tui.link import Link, open_link
from mnix_tui.sessions import (
    Attached,
    AttachEvent,
    Attachment,
    Exited,
    LinkDown,
    LinkUp,
    LinkWaiting,
    Live,
    Output,
    Preamble,
    log_chunks,
)
from tests.helpers.settle import asettle
from tests.integration.link_holder import Holder, holding
from tests.integration.link_rig import Rig, rigged

pytestmark = pytest.mark.needs("sshd", "ssh")


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    with rigged(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
async def holder(tmp_path: Path) -> AsyncIterator[Holder]:
    async with holding(tmp_path) as made:
        yield made


class Watcher:
    """Reads an attachment to its end, and keeps what came."""

    def __init__(self, attachment: Attachment) -> None:
        self.attachment = attachment
        self.events: list[AttachEvent] = []

    async def watch(self) -> None:
        async for event in self.attachment:
            self.events.append(event)

    def saw(self, kind: type) -> int:
        return sum(isinstance(event, kind) for event in self.events)

    @property
    def output(self) -> bytes:
        return b"".join(event.data for event in self.events if isinstance(event, Output))


async def test_a_stream_begins_with_its_past_and_ends_with_the_job(
    rig: Rig, holder: Holder
) -> None:
    holder.print(b"past ")
    async with (
        open_link(rig.start().server, rig.options) as link,
        Attachment(link, holder.job, cols=80, rows=24) as attachment,
    ):
        watcher = Watcher(attachment)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(watcher.watch())
            await asettle(lambda: watcher.saw(Live))
            attachment.write(b"typed")
            await asettle(lambda: watcher.output == b"past typed")
            attachment.resize(100, 40)
            attachment.signal("INT")
            await asettle(lambda: holder.signals == ["INT"] and holder.size == (100, 40))
            holder.end(3)
    assert [type(event) for event in watcher.events[:4]] == [Attached, Preamble, Output, Live]
    assert watcher.events[-1] == Exited(3, "")


async def test_a_cut_connection_costs_no_byte_and_repeats_none(rig: Rig, holder: Holder) -> None:
    sshd = rig.start()
    typed = b""
    async with Link(sshd.server, rig.options) as link:
        await link.ready(10)
        async with Attachment(link, holder.job, cols=80, rows=24) as attachment:
            watcher = Watcher(attachment)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(watcher.watch())
                await asettle(lambda: watcher.saw(Live))
                for round_ in range(1, 4):
                    holder.print(b"%d" % round_ * 300_000)
                    attachment.write(b"before %d;" % round_)
                    sshd.cut()
                    attachment.write(b"during %d;" % round_)
                    typed += b"before %d;during %d;" % (round_, round_)
                    await asettle(lambda n=round_: watcher.saw(LinkDown) == n)
                    holder.print(b"while down")
                    await asettle(lambda n=round_: watcher.saw(LinkUp) == n)
                    await asettle(lambda: attachment.waiting == 0)
                await asettle(lambda: len(watcher.output) == len(holder.log))
                holder.end(0)
    assert bytes(holder.typed) == typed
    assert watcher.output == bytes(holder.log)


async def test_a_stopped_sshd_is_waited_for(rig: Rig, holder: Holder) -> None:
    sshd = rig.start()
    async with Link(sshd.server, rig.options) as link:
        await link.ready(10)
        async with Attachment(link, holder.job, cols=80, rows=24) as attachment:
            watcher = Watcher(attachment)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(watcher.watch())
                await asettle(lambda: watcher.saw(Live))
                sshd.stop()
                await asettle(lambda: watcher.saw(LinkDown))
                holder.print(b"meanwhile")
                attachment.write(b"kept")
                sshd.start()
                await asettle(lambda: bytes(holder.typed) == b"kept")
                await asettle(lambda: watcher.output == b"meanwhilekept")
                holder.end(0)


async def test_where_forwarding_is_forbidden_the_agent_attaches(rig: Rig, holder: Holder) -> None:
    sshd = rig.start("AllowStreamLocalForwarding no")
    target = sshd.folder / "run" / holder.path.name
    target.symlink_to(holder.path)
    holder.print(b"x" * 1_000_000)
    async with open_link(sshd.server, rig.options) as link:
        for _ in range(2):
            async with Attachment(link, holder.job, cols=80, rows=24) as attachment:
                watcher = Watcher(attachment)
                async with asyncio.TaskGroup() as tasks:
                    watching = tasks.create_task(watcher.watch())
                    await asettle(lambda w=watcher: len(w.output) == 1_000_000)
                    attachment.write(b"t")
                    await asettle(lambda a=attachment: a.waiting == 0)
                    del holder.log[1_000_000:]
                    watching.cancel()


async def test_where_one_session_is_allowed_others_get_connections_of_their_own(
    rig: Rig, holder: Holder
) -> None:
    sshd = rig.start("MaxSessions 1", "AllowStreamLocalForwarding no")
    (sshd.folder / "run" / holder.path.name).symlink_to(holder.path)
    holder.print(b"log")
    async with Link(sshd.server, rig.options) as link:
        await link.ready(10)
        for _ in range(3):
            channel = await link.command("exec", "--", "echo", "hi")
            assert await channel.read() == b"hi\n"
            assert await channel.wait() == 0
            await channel.close()
        async with Attachment(link, holder.job, cols=80, rows=24) as attachment:
            async with asyncio.timeout(10):
                async for event in attachment:
                    if isinstance(event, Output):
                        break
        assert await link.agent.request("echo") == {}


async def test_a_whole_log_is_read_and_followed_to_its_end(rig: Rig, holder: Holder) -> None:
    sshd = rig.start()
    holder.print(b"0123456789" * 50_000)
    got = bytearray()
    async with Link(sshd.server, rig.options) as link:
        await link.ready(10)

        async def follow() -> None:
            async for chunk in log_chunks(link, holder.job):
                got.extend(chunk)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(follow())
            await asettle(lambda: len(got) == 500_000)
            sshd.cut()
            holder.print(b"more")
            await asettle(lambda: bytes(got[-4:]) == b"more")
            holder.end(0)
    assert bytes(got) == bytes(holder.log)


async def test_a_log_that_was_cut_says_so(rig: Rig, holder: Holder) -> None:
    holder.print(b"0123456789")
    holder.kept_from = 4
    holder.end(0)
    async with open_link(rig.start().server, rig.options) as link:
        got = b"".join([chunk async for chunk in log_chunks(link, holder.job)])
    assert got == b"\nmnix: 4 bytes are no longer kept\n456789"


async def test_waiting_for_an_event_may_be_given_up(rig: Rig, holder: Holder) -> None:
    async with (
        open_link(rig.start().server, rig.options) as link,
        Attachment(link, holder.job, cols=80, rows=24) as attachment,
    ):
        events: list[AttachEvent] = []
        while not any(isinstance(event, Live) for event in events):
            try:
                async with asyncio.timeout(0.001):
                    events.append(await anext(attachment))
            except TimeoutError:
                continue
        holder.print(b"abc")
        assert await anext(attachment) == Output(b"abc", 0)
        assert holder.opened >= 1


async def test_a_long_paste_waits_for_room_and_arrives_once(rig: Rig, holder: Holder) -> None:
    sshd = rig.start()
    paste = bytes(range(256)) * (12 << 10)
    async with Link(sshd.server, rig.options) as link:
        await link.ready(10)
        async with Attachment(link, holder.job, cols=80, rows=24) as attachment:
            watcher = Watcher(attachment)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(watcher.watch())
                await asettle(lambda: watcher.saw(Live))
                pasting = tasks.create_task(attachment.write_all(paste))
                await asettle(lambda: len(holder.typed) > 100_000)
                sshd.cut()
                await asettle(pasting.done, timeout=20)
                await asettle(lambda: attachment.waiting == 0)
                assert bytes(holder.typed) == paste
                holder.end(0)


async def test_what_is_done_about_a_dead_link_is_told(rig: Rig, holder: Holder) -> None:
    sshd = rig.start()
    async with Link(sshd.server, rig.options) as link:
        await link.ready(10)
        async with Attachment(link, holder.job, cols=80, rows=24) as attachment:
            watcher = Watcher(attachment)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(watcher.watch())
                await asettle(lambda: watcher.saw(Live))
                sshd.stop()
                await asettle(lambda: watcher.saw(LinkWaiting) >= 4)
                attachment.write(b"typed")
                assert attachment.waiting == 5
                sshd.start()
                attachment.retry_now()
                await asettle(lambda: watcher.saw(LinkUp) and attachment.waiting == 0)
                holder.end(0)
    told = [event for event in watcher.events if isinstance(event, LinkWaiting)]
    assert [event.attempt for event in told] == sorted(event.attempt for event in told)
    assert all("refused" in event.reason for event in told[2:])
    assert all(event.next_try is not None for event in told)
    kinds = [type(event) for event in watcher.events]
    assert kinds.index(LinkDown) < kinds.index(LinkWaiting) < kinds.index(LinkUp)
