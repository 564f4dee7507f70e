"""This terminal as a session's screen and keyboard."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import termios
import tty
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mnix_tui.cli import output
from mnix_tui.cli.stdio import read_fd, write_fd
from mnix_tui.sessions import (
    Attachment,
    Exited,
    Gap,
    InputFull,
    LinkDown,
    LinkUp,
    Output,
    Preamble,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnix_tui.domain.jobs import Job
    from mnix_tui.link import Link

_NAMED = {
    "backslash": 0x1C,
    "\\": 0x1C,
    "right_square_bracket": 0x1D,
    "]": 0x1D,
    "circumflex_accent": 0x1E,
    "^": 0x1E,
    "underscore": 0x1F,
    "_": 0x1F,
    "space": 0,
    "at": 0,
    "@": 0,
}
_MODES = re.compile(rb"\x1b\[\?([0-9;]+)([hl])")
_UNDO = {
    **dict.fromkeys((b"9", b"1000", b"1001", b"1002", b"1003", b"1004", b"1005", b"1006"), b"l"),
    **dict.fromkeys((b"1", b"1015", b"1016", b"2004", b"2026", b"47", b"1047", b"1049"), b"l"),
    b"25": b"h",
}
"""The modes that a program may leave behind, each with what takes it back."""


class Modes:
    """Follows the modes that a session switches, to undo what is still on when it is left."""

    def __init__(self) -> None:
        self._tail = b""
        self._changed: dict[bytes, None] = {}

    def feed(self, data: bytes) -> None:
        """Take output on its way to the terminal."""
        data = self._tail + data
        for numbers, end in _MODES.findall(data):
            for number in numbers.split(b";"):
                if _UNDO.get(number) == end:
                    self._changed.pop(number, None)
                elif number in _UNDO:
                    self._changed[number] = None
        self._tail = data[-24:]

    def undo(self) -> bytes:
        """Return what puts the terminal back; colours always."""
        modes = b"".join(b"\x1b[?" + each + _UNDO[each] for each in reversed(self._changed))
        return modes + b"\x1b[m"


def leader_byte(key: str) -> int:
    """Return the byte that a leader key sends; ctrl+backslash's for keys that send several."""
    name = key.lower().removeprefix("ctrl+")
    if key.lower().startswith("ctrl+"):
        if len(name) == 1 and "a" <= name <= "z":
            return ord(name) & 0x1F
        return _NAMED.get(name, 0x1C)
    return 0x1C


class Keys:
    """Finds the leader in what is typed: ``leader d`` leaves, leader twice sends it through."""

    def __init__(self, leader: int) -> None:
        self._leader = bytes([leader])
        self._led = False
        self.left = False
        """Whether the person asked to leave."""

    def feed(self, data: bytes) -> bytes:
        """Take typed bytes and return what goes to the session."""
        out = bytearray()
        for at in range(len(data)):
            each = data[at : at + 1]
            if self._led:
                self._led = False
                if each in (b"d", b"D", b"."):
                    self.left = True
                    break
                if each == self._leader:
                    out += each
            elif each == self._leader:
                self._led = True
            else:
                out += each
        return bytes(out)


class Terminal:
    """Stdin and stdout as a terminal, raw while a session runs; works with pipes as well."""

    def __init__(self, leader: str) -> None:
        self._leader = leader_byte(leader)
        self._leader_name = leader
        self._is_tty = sys.stdin.isatty() and sys.stdout.isatty()
        self._modes = Modes()

    def size(self) -> tuple[int, int]:
        """Return columns and rows."""
        try:
            found = os.get_terminal_size(sys.stdout.fileno())
        except OSError:
            return 80, 24
        return found.columns or 80, found.lines or 24

    async def run(self, link: Link, job: Job) -> Exited | None:
        """Show a session until it ends; ``None`` when the person left it running."""
        cols, rows = self.size()
        loop = asyncio.get_running_loop()
        async with Attachment(link, job, cols=cols, rows=rows) as attachment:
            with self._raw():
                loop.add_signal_handler(signal.SIGWINCH, lambda: attachment.resize(*self.size()))
                try:
                    return await self._until_end(attachment)
                finally:
                    loop.remove_signal_handler(signal.SIGWINCH)

    async def _until_end(self, attachment: Attachment) -> Exited | None:
        typing = asyncio.ensure_future(self._type(attachment))
        showing = asyncio.ensure_future(self._show(attachment))
        try:
            await asyncio.wait((typing, showing), return_when=asyncio.FIRST_COMPLETED)
            if not showing.done() and typing.done() and not typing.result():
                await showing  # stdin ended, as a pipe does: the session still talks
            if showing.done():
                return showing.result()
            return None
        finally:
            for task in (typing, showing):
                task.cancel()
            await asyncio.gather(typing, showing, return_exceptions=True)

    async def _type(self, attachment: Attachment) -> bool:
        """Send what is typed; return whether the person left."""
        keys = Keys(self._leader)
        async for data in read_fd(0):
            typed = keys.feed(data) if self._is_tty else data
            while typed:
                try:
                    attachment.write(typed)
                    break
                except InputFull:
                    await asyncio.sleep(0.05)  # a long paste into a slow server
            if keys.left:
                return True
        attachment.write_eof()
        return False

    async def _show(self, attachment: Attachment) -> Exited:
        async for event in attachment:
            if isinstance(event, Output | Preamble):
                self._modes.feed(event.data)
                await write_fd(1, event.data)
            elif isinstance(event, LinkDown):
                leave = f"; {self._leader_name} d leaves the session running" * self._is_tty
                self._say(f"connection lost ({event.reason}), reconnecting{leave}")
            elif isinstance(event, LinkUp):
                self._say("connected again")
            elif isinstance(event, Gap):
                self._say(f"{event.end - event.start} bytes are no longer kept")
            elif isinstance(event, Exited):
                return event
        return Exited(None, "the stream ended")

    def _say(self, text: str) -> None:
        sys.stderr.write(f"\r\n[mnix: {output.visible(text)}]\r\n")
        sys.stderr.flush()

    @contextmanager
    def _raw(self) -> Iterator[None]:
        if not self._is_tty:
            yield
            return
        before = termios.tcgetattr(0)
        try:
            tty.setraw(0, termios.TCSADRAIN)  # what was typed already is for the session
            yield
        finally:
            os.write(1, self._modes.undo())
            termios.tcsetattr(0, termios.TCSADRAIN, before)
