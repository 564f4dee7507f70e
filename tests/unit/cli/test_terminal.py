"""A terminal that a session is shown on: what is typed, what our own line does to the screen."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mnix_tui.cli import terminal as module
from mnix_tui.cli.terminal import Terminal
from tests.helpers import asettle


class Stage:
    """A terminal whose keyboard and screen the test has."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shown = b""
        self.keys: asyncio.Queue[bytes] = asyncio.Queue()
        monkeypatch.setattr(module, "read_fd", self._read)
        monkeypatch.setattr(module, "write_fd", self._write)
        self.terminal = Terminal("ctrl+backslash")
        self.terminal._is_tty = True

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
