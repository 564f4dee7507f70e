import asyncio

import pytest

from mnix_tui.errors import LinkLost
from tests.helpers.settle import asettle
from tests.unit.link.memory import MemoryCommand


async def test_bytes_come_in_order_and_in_the_sizes_asked_for() -> None:
    channel = MemoryCommand()
    channel.says(b"abc")
    channel.says(b"defg")
    assert await channel.read(2) == b"ab"
    assert await channel.read(3) == b"cde"
    assert await channel.read() == b"fg"
    channel.ends()
    assert await channel.read() == b""


async def test_what_is_put_back_is_read_first() -> None:
    channel = MemoryCommand()
    channel.says(b"world")
    channel.unread(b"hello ")
    assert await channel.read() == b"hello world"


async def test_a_reader_who_gives_up_loses_nothing() -> None:
    channel = MemoryCommand()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await channel.read()
    channel.says(b"late")
    assert await channel.read() == b"late"


async def test_the_peer_is_held_while_nobody_reads() -> None:
    channel = MemoryCommand(limit=10)
    channel.says(b"x" * 9)
    assert channel.held == []
    channel.says(b"x" * 9)
    assert channel.held == [True]
    await channel.read(4)
    assert channel.held == [True]
    await channel.read(9)
    assert channel.held == [True, False]


async def test_an_unread_stderr_holds_the_peer_too() -> None:
    channel = MemoryCommand(limit=10)
    channel.complains(b"e" * 10)
    assert channel.held == [True]
    assert await channel.read_stderr() == b"e" * 10
    assert channel.held == [True, False]


async def test_a_stderr_that_nobody_wants_holds_nobody_and_keeps_its_tail() -> None:
    channel = MemoryCommand(limit=10)
    channel.keep_stderr_tail()
    for number in range(5000):
        channel.complains(b"line %d\n" % number)
    assert channel.held == []
    channel.ends(1)
    tail = await channel.stderr_tail()
    assert tail.endswith("line 4999")
    assert len(tail) <= 8192


async def test_write_waits_for_a_slow_peer() -> None:
    channel = MemoryCommand()
    channel.slow(True)
    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(channel.write(b"data"))
        await asettle(lambda: bytes(channel.sent) == b"data")
        assert not writing.done()
        channel.slow(False)
    assert writing.done()


async def test_whoever_waits_to_write_hears_of_the_end() -> None:
    channel = MemoryCommand()
    channel.slow(True)

    async def write() -> None:
        with pytest.raises(LinkLost):
            await channel.write(b"data")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        await asettle(lambda: channel.sent)
        channel.ends(None, LinkLost("The connection was lost"))


async def test_an_unknown_exit_code_is_never_success() -> None:
    channel = MemoryCommand()
    channel.says(b"rest")
    channel.ends(None, LinkLost("The connection was lost", "reset"))
    assert await channel.read() == b"rest"
    with pytest.raises(LinkLost):
        await channel.read()
    with pytest.raises(LinkLost):
        await channel.wait()


async def test_an_exit_code_is_the_commands_own() -> None:
    channel = MemoryCommand()
    channel.ends(7)
    assert await channel.wait() == 7


async def test_a_closed_channel_can_neither_be_read_nor_written() -> None:
    channel = MemoryCommand()
    await channel.close()
    await channel.close()
    assert channel.closed
    assert await channel.read() == b""
    with pytest.raises(LinkLost):
        await channel.write(b"x")
