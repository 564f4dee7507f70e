"""Opening a TCP connection: names, refusals, and a network that drops packets for a while."""

import asyncio
import socket
import threading
import time

import pytest

from mnix_tui.errors import Unreachable
from mnix_tui.link.reach import reach
from tests.integration.link_rig import free_port
from tests.integration.wire import laid


async def test_a_port_that_listens_is_reached_by_name_and_by_number() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            with await reach(host, port) as line:
                assert line.getpeername()[1] == port


async def test_a_refusal_is_told_at_once() -> None:
    with pytest.raises(ConnectionRefusedError):
        async with asyncio.timeout(5):
            await reach("127.0.0.1", free_port())


async def test_a_name_that_nobody_has_is_told() -> None:
    with pytest.raises(socket.gaierror):
        await reach("no-such-host.invalid", 22)
    with pytest.raises(socket.gaierror):
        await reach("a" * 70 + ".invalid", 22)


async def test_a_connection_begins_at_the_address_that_is_named_for_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for source in ("127.0.0.1", "127.0.0.3", "localhost"):
            with await reach("localhost", port, source=source) as line:
                assert line.getsockname()[0] == source.replace("localhost", "127.0.0.1")
        for source in ("no-such-host.invalid", "192.0.2.1", "::1"):
            with pytest.raises(Unreachable, match=f"BindAddress {source} can't be used"):
                await reach("127.0.0.1", port, source=source)
    with pytest.raises(ConnectionRefusedError):  # and not that ::1 can't begin there
        await reach("localhost", port, source="127.0.0.1")
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_giving_up_leaves_nothing_behind() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        address = server.getsockname()
        full = [socket.socket() for _ in range(8)]
        for each in full:  # the queue is full: further attempts are not answered
            each.setblocking(False)
            each.connect_ex(address)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await reach(address[0], address[1])
        for each in full:
            each.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.needs("root", "ip", "iptables")
async def test_a_network_that_is_back_is_noticed_within_a_second() -> None:
    with laid() as wire:
        wire.cut()
        # Nobody listens there: the refusal is the sign that packets get through again.
        task = asyncio.create_task(reach(wire.there, 22))
        await asyncio.wait({task}, timeout=4)
        assert not task.done()
        wire.mend()
        mended = time.monotonic()
        with pytest.raises(ConnectionRefusedError):
            await task
        assert time.monotonic() - mended < 1.5


async def test_an_address_that_is_no_longer_the_names_is_not_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as old,
        socket.create_server(("127.0.0.2", old.getsockname()[1])) as new,
    ):
        port = old.getsockname()[1]
        answers = iter([(0.0, "127.0.0.1"), (0.1, "127.0.0.2"), (3.0, "127.0.0.1")])

        def resolve(host: str, *rest: object, **more: object) -> list[object]:
            if more.get("flags"):
                raise socket.gaierror(socket.EAI_NONAME, "a name, not a number")
            pause, address = next(answers)
            threading.Event().wait(pause)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        for expected in ("127.0.0.1", "127.0.0.2", "127.0.0.2"):  # the last look-up is too slow
            with await reach("moving.example", port) as line:
                assert line.getpeername()[0] == expected
        assert new.fileno() > 0
