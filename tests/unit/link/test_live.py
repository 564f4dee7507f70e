"""The connections beside the main one: none is forgotten before it is closed."""

import asyncio
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from mnix_tui.domain.servers import Server
from mnix_tui.errors import LinkLost, MnixError
from mnix_tui.link import Link, LinkOptions, live
from mnix_tui.link.connection import Connection, SessionRefused
from mnix_tui.link.live import LiveLink
from tests.helpers import asettle
from tests.unit.link.memory import MemoryCommand


class Line(Connection):
    """A connection that runs every program, unless it is full."""

    def __init__(self, *, full: bool = False) -> None:
        self.server = Server("tokyo", "me@tokyo")
        self.options = LinkOptions()
        self.lost: asyncio.Future[MnixError] = asyncio.get_running_loop().create_future()
        self.full = full
        self.closed = False

    def doubt(self) -> None:
        pass

    def abort(self, reason: MnixError) -> None:
        if not self.lost.done():
            self.lost.set_result(reason)

    async def agent(
        self, *args: str, preface: bool = True, bulk: bool = False, early: bytes = b""
    ) -> Any:
        if self.full:
            raise SessionRefused("full")
        return self

    async def unix_socket(self, path: str) -> Any:
        raise AssertionError

    async def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("kind", ["spare", "transfer"])
async def test_a_lost_connection_beside_the_main_one_is_closed(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    opened: list[Line] = []

    async def open_connection(server: Server, options: LinkOptions) -> Line:
        opened.append(Line())
        return opened[-1]

    monkeypatch.setattr(live, "open_connection", open_connection)
    main = Line(full=True)
    async with LiveLink(main.server, main.options, lambda event: None, main=main) as link:

        async def use() -> Any:
            return await (link.command("exec") if kind == "spare" else link._for_transfers())

        first = await use()
        first.abort(LinkLost("gone"))
        assert await use() is not first
        await asettle(lambda: first.closed)
        assert not opened[1].closed
    assert all(each.closed for each in opened)


@pytest.mark.parametrize("how", ["over", "never began"])
async def test_a_connection_that_lends_our_keys_goes_with_its_program(
    monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    program, lending = MemoryCommand(), Line(full=how == "never began")

    async def agent(*args: str, **more: object) -> MemoryCommand:
        return program

    async def open_connection(server: Server, options: LinkOptions) -> Line:
        assert options.forward_agent
        return lending

    monkeypatch.setattr(live, "open_connection", open_connection)
    main = Line()
    async with LiveLink(main.server, main.options, lambda event: None, main=main) as link:
        if how == "never began":
            with pytest.raises(SessionRefused):
                await link.command("clone", forward_agent=True)
        else:
            monkeypatch.setattr(lending, "agent", agent)
            assert await link.command("clone", forward_agent=True) is program
            assert link.divided
            program.ends()
        await asettle(lambda: lending.closed and not link.divided)
    assert main.closed


async def test_a_link_is_left_while_a_program_has_our_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    lending = Line()

    async def agent(*args: str, **more: object) -> MemoryCommand:
        return MemoryCommand()

    async def open_connection(server: Server, options: LinkOptions) -> Line:
        return lending

    monkeypatch.setattr(live, "open_connection", open_connection)
    monkeypatch.setattr(lending, "agent", agent)
    main = Line()
    async with asyncio.timeout(10):
        async with LiveLink(main.server, main.options, lambda event: None, main=main) as link:
            await link.command("clone", forward_agent=True)
    assert lending.closed


async def test_a_surprise_while_a_silent_server_is_dialled_ends_no_link(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dialled: list[Line | Exception] = [ZeroDivisionError("who would have thought"), Line()]

    async def open_connection(server: Server, options: LinkOptions) -> Line:
        found = dialled.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr("mnix_tui.link.link.open_connection", open_connection)
    monkeypatch.setattr("mnix_tui.link.policy.FIRST", 0.0)
    main = Line()
    link = Link(main.server, main.options)
    async with LiveLink(main.server, main.options, lambda event: None, main=main) as made:
        await link._rescue(made)
    assert (dialled, link._successor is not None) == ([], True)
    assert main.lost.result().detail == "another connection took over"


class Running(Line):
    """A connection whose programs say nothing by themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.programs: list[MemoryCommand] = []

    async def agent(
        self, *args: str, preface: bool = True, bulk: bool = False, early: bytes = b""
    ) -> Any:
        self.programs.append(MemoryCommand())
        return self.programs[-1]


async def test_what_is_under_way_keeps_the_link_in_use() -> None:
    main = Running()
    link = Link(main.server)

    def used() -> bool:
        return link.in_use

    async with LiveLink(main.server, main.options, lambda event: None, main=main) as made:
        link._live = made
        control = await made.control()
        assert not used()
        asking = asyncio.ensure_future(control.request("server.purge", {}, None))
        await asettle(used)
        main.programs[0].says(b'{"id": 1, "result": {}}\n')
        await asking
        assert not used()
        command = await made.command("exec", "--", "make")
        assert used()
        await command.close()
        assert not used()


async def test_where_each_connection_asks_a_person_none_is_opened_without_need(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[Line] = []

    async def open_connection(server: Server, options: LinkOptions) -> Line:
        opened.append(Line())
        opened[-1].asks = True
        return opened[-1]

    monkeypatch.setattr(live, "open_connection", open_connection)
    main = Line()
    main.asks = True
    options = LinkOptions(idle_timeout=0.02)
    async with LiveLink(main.server, options, lambda event: None, main=main) as link:
        monkeypatch.setattr(link, "_control", Mock(close=AsyncMock(), busy=False))
        ran: Any = await link.command("sync", bulk=True)
        assert ran is main
        assert not opened
        main.full = True
        monkeypatch.setattr(Line, "busy", False)
        for _ in range(2):
            ran = await link.command("exec")
            assert ran is opened[0]
            assert not link.divided
            begin = asyncio.get_running_loop().time()
            await asettle(lambda begin=begin: asyncio.get_running_loop().time() - begin > 0.1)
    assert [each.closed for each in opened] == [True]


async def test_a_silent_link_dials_by_itself_only_where_nobody_is_asked() -> None:
    for asks in (False, True):
        main = Line()
        main.asks = asks
        link = Link(main.server, main.options)
        tasks = Mock(create_task=Mock(side_effect=lambda dialling, name: dialling.close()))
        vars(link).update(_live=Mock(main=main), _tasks=tasks)
        link._on_silence(4.0)
        assert tasks.create_task.called is not asks
