"""A terminal that a session is shown on: what is typed, what our own line does to the screen."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mnix_tui.cli import shell
from mnix_tui.cli import terminal as module
from mnix_tui.cli.terminal import PIECE, Left, Terminal
from mnix_tui.domain.jobs import Job
from mnix_tui.domain.servers import Server
from mnix_tui.domain.states import JobState
from mnix_tui.errors import InputFull
from mnix_tui.sessions import Exited, LinkDown
from tests.helpers import asettle

LEADER = b"\x1c"


class Stage:
    """A terminal whose keyboard and screen the test has."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shown = b""
        self.keys: asyncio.Queue[bytes] = asyncio.Queue()
        monkeypatch.setattr(module, "read_fd", self._read)
        monkeypatch.setattr(module, "write_fd", self._write)
        self.terminal = Terminal("ctrl+backslash")
        self.terminal._is_tty = True
        monkeypatch.setattr(module, "CONFIRM", 0.05)

    def show(self, session: Any) -> asyncio.Task[Exited | Left]:
        """Begin to show a session, and to read the keyboard."""
        return asyncio.ensure_future(self.terminal._until_end(session))

    async def _read(self, fd: int) -> AsyncIterator[bytes]:
        while data := await self.keys.get():
            yield data

    async def _write(self, fd: int, data: bytes) -> None:
        self.shown += data


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


class Session:
    """An attached session that says nothing, and takes so many bytes."""

    def __init__(self, room: int = 0) -> None:
        self.room = room
        self.typed = b""
        self.waiting = 0
        self.said = asyncio.Event()

    def write(self, data: bytes) -> None:
        if len(data) > self.room:
            raise InputFull("full")
        self.room -= len(data)
        self.waiting += len(data)
        self.typed += data

    def write_eof(self) -> None:
        self.typed += b"<eof>"

    def take(self, room: int = 1 << 30) -> None:
        """Confirm what was typed, and take more."""
        self.waiting, self.room = 0, room
        self.said.set()

    async def heard(self) -> None:
        self.said.clear()
        await self.said.wait()

    def __aiter__(self) -> "Session":
        return self

    async def __anext__(self) -> Any:
        await asyncio.Event().wait()


async def test_our_line_does_not_stand_within_a_string_of_the_sessions(stage: Stage) -> None:
    terminal = stage.terminal
    await terminal._put(b"text\x1b]0;half a ti")
    terminal._notices.note("something")
    minding = asyncio.ensure_future(terminal._mind(Session()))  # type: ignore[arg-type]
    await asettle(lambda: not terminal._notices.changed.is_set())
    assert stage.shown == b"text\x1b]0;half a ti"
    await terminal._put(b"tle\x07")
    terminal._notices.changed.set()
    await asettle(lambda: b"something" in stage.shown)
    assert stage.shown.startswith(b"text\x1b]0;half a title\x07\x1b7")
    minding.cancel()


async def test_a_program_that_does_not_read_is_left_all_the_same(stage: Stage) -> None:
    session = Session(room=PIECE)
    showing = stage.show(session)
    stage.keys.put_nowait(b"x" * (PIECE + 100))
    stage.keys.put_nowait(b"more")
    stage.keys.put_nowait(LEADER + b"d")
    async with asyncio.timeout(5):
        assert await showing == Left(unsent=PIECE + 104)


async def test_a_long_paste_is_typed_in_order_as_there_is_room(stage: Stage) -> None:
    session = Session(room=PIECE)
    showing = stage.show(session)
    stage.keys.put_nowait(b"a" * PIECE + b"b" * PIECE)
    stage.keys.put_nowait(b"c")
    await asettle(lambda: stage.terminal._ahead == b"b" * PIECE + b"c")
    session.take()
    await asettle(lambda: session.typed == b"a" * PIECE + b"b" * PIECE + b"c")
    stage.keys.put_nowait(b"")
    await asettle(lambda: session.typed.endswith(b"c<eof>"))
    showing.cancel()


async def test_more_than_can_be_kept_is_refused_visibly(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AHEAD", 10)
    showing = stage.show(Session())
    stage.keys.put_nowait(b"12345678")
    stage.keys.put_nowait(b"more")
    await asettle(lambda: b"4 bytes not taken" in stage.shown)
    assert stage.terminal._ahead == b"12345678"
    showing.cancel()


async def test_a_pipe_is_read_as_fast_as_the_session_takes_it(stage: Stage) -> None:
    stage.terminal._is_tty = False
    session = Session()
    showing = stage.show(session)
    for part in (b"one", b"two", b""):
        stage.keys.put_nowait(part)
    await asettle(lambda: stage.terminal._ahead == b"one")
    assert stage.keys.qsize() == 2
    session.take()
    await asettle(lambda: session.typed == b"onetwo<eof>")
    showing.cancel()


async def test_what_was_typed_last_has_a_moment_to_arrive(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CONFIRM", 5)
    session = Session(room=100)
    showing = stage.show(session)
    stage.keys.put_nowait(b"keys" + LEADER + b"d")
    await asettle(lambda: session.waiting == 4)
    session.take()
    assert await showing == Left()


async def test_nobody_waits_for_a_server_that_is_away(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CONFIRM", 1000)
    stage.terminal._notices.take(LinkDown("gone"), (80, 24))
    showing = stage.show(Session(room=100))
    stage.keys.put_nowait(b"keys" + LEADER + b"d")
    async with asyncio.timeout(5):
        assert await showing == Left(unsent=4)


def test_keys_that_went_nowhere_are_told_when_a_session_is_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    job = Job("j1", "session", "p", JobState.RUNNING)
    assert shell._report(Server("tokyo", "me@tokyo"), job, Left(4)) == 0
    assert "the last 4 bytes that were typed were not sent" in capsys.readouterr().err
    assert shell._report(Server("tokyo", "me@tokyo"), job, Left()) == 0
    assert "typed" not in capsys.readouterr().err
