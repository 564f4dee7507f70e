import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnix_tui.errors import Busy, LinkLost, RemoteError
from mnix_tui.link import pace
from mnix_tui.link.control import Control, ControlCore, Event, Reply
from server_agent.protocol.errors import ProtocolError
from server_agent.protocol.lines import decode, encode
from tests.helpers.settle import asettle
from tests.unit.link.memory import MemoryCommand

MESSAGES: list[dict[str, Any]] = [
    {"id": 2, "result": {"a": "ü\n"}},
    {"event": "state", "data": {"projects": []}},
    {"id": 1, "error": {"code": "busy", "message": "x"}},
]


@given(st.lists(st.integers(0, 200), max_size=20))
def test_messages_survive_any_cutting(cuts: list[int]) -> None:
    data = b"".join(map(encode, MESSAGES))
    core = ControlCore()
    core.request("a", {})
    core.request("b", {})
    found: list[Any] = []
    last = 0
    for cut in [*sorted(cuts), len(data)]:
        found += core.feed(data[last : max(cut, last)])
        last = max(cut, last)
    assert found == [
        Reply(2, {"a": "ü\n"}, None),
        Event("state", {"projects": []}),
        Reply(1, None, {"code": "busy", "message": "x"}),
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense\n",
        b"[1]\n",
        b'{"id": 99, "result": 1}\n',
        b'{"id": "one"}\n',
        b"{}\n",
        b"x" * (1 << 20) + b"\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_what_is_no_message_is_said_to_be_none(line: bytes) -> None:
    core = ControlCore()
    core.request("a", {})
    with pytest.raises(ProtocolError):
        core.feed(line)


class Asked:
    """A control channel with a request under way."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.channel = MemoryCommand()
        self.control = Control(self.channel, self.events.append)

    def answer(self, **message: Any) -> None:
        self.channel.says(encode(message))


async def test_replies_find_their_requests_in_any_order() -> None:
    asked = Asked()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(asked.control.run())
        first = tasks.create_task(asked.control.request("first", {}, None))
        second = tasks.create_task(asked.control.request("second", {"n": 1}, None))
        await asettle(lambda: asked.channel.sent.count(b"\n") == 2)
        sent = [decode(line) for line in bytes(asked.channel.sent).splitlines()]
        assert sent == [
            {"id": 1, "method": "first", "params": {}},
            {"id": 2, "method": "second", "params": {"n": 1}},
        ]
        asked.answer(id=2, result="b")
        asked.answer(event="stats", data={"load1": 1})
        asked.answer(id=1, result="a")
        assert (await first, await second) == ("a", "b")
        asked.channel.ends()
    assert asked.events == [Event("stats", {"load1": 1})]


async def test_errors_are_raised_where_they_were_asked_for() -> None:
    asked = Asked()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(asked.control.run())
        request = tasks.create_task(_raised(asked.control, "m"))
        await asettle(lambda: asked.channel.sent)
        asked.answer(id=1, error={"code": "busy", "message": "taken", "detail": "by a rebuild"})
        error = await request
        assert isinstance(error, Busy)
        assert error.detail == "by a rebuild"
        asked.channel.ends()


async def test_whoever_waits_hears_that_the_agent_went_away() -> None:
    asked = Asked()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(asked.control.run())
        request = tasks.create_task(_raised(asked.control, "m"))
        await asettle(lambda: asked.channel.sent)
        asked.channel.complains(b"Killed\n")
        asked.channel.ends(137)
        error = await request
    assert isinstance(error, LinkLost)
    assert error.detail == "Killed"
    assert asked.channel.closed
    assert asked.control.over.done()
    with pytest.raises(LinkLost):
        await asked.control.request("again", {}, None)


async def test_garbage_ends_the_channel_with_a_reason() -> None:
    asked = Asked()
    asked.channel.says(b"Segmentation fault\n")
    await asked.control.run()
    assert asked.control.lost is not None
    assert "Segmentation fault" in asked.control.lost.detail


async def test_an_answer_that_comes_too_late_disturbs_nobody() -> None:
    asked = Asked()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(asked.control.run())
        with pytest.raises(LinkLost, match="did not answer in time"):
            await asked.control.request("slow", {}, 0.01)
        asked.answer(id=1, result="late")
        request = tasks.create_task(asked.control.request("next", {}, None))
        await asettle(lambda: asked.channel.sent.count(b"\n") == 2)
        asked.answer(id=2, result="good")
        assert await request == "good"
        asked.channel.ends()


async def test_a_request_too_long_for_a_line_is_refused_here() -> None:
    asked = Asked()
    with pytest.raises(RemoteError, match="too long"):
        await asked.control.request("m", {"x": "y" * (1 << 20)}, None)
    assert not asked.channel.sent


async def _raised(control: Control, method: str) -> BaseException:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the caller looks at it
        await control.request(method, {}, None)
    return caught.value


async def test_an_agent_that_floods_is_read_no_faster_than_its_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pace, "BURST", -1.0)  # any work is too much
    asked = Asked()
    reading = asyncio.ensure_future(asked.control.run())
    asked.answer(event="stats", data={"load1": 1})
    await asettle(lambda: asked.events)
    asked.answer(event="stats", data={"load1": 2})
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(asked.events) == 1
    reading.cancel()
    await asyncio.wait([reading])
