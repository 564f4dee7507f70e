"""This terminal as a session's screen and keyboard."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import termios
import tty
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mnix_tui.cli import output, prompts
from mnix_tui.cli.leader_keys import LEAVE, LeaderKeys, leader_of
from mnix_tui.cli.modes import Modes
from mnix_tui.cli.newer import Newer
from mnix_tui.cli.notices import Notices
from mnix_tui.cli.status_line import StatusLine
from mnix_tui.cli.stdio import read_fd, write_fd
from mnix_tui.errors import InputFull
from mnix_tui.sessions import (
    Attachment,
    Exited,
    Gap,
    LinkDown,
    LinkUp,
    Output,
    Preamble,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnix_tui.domain.jobs import Job
    from mnix_tui.link import Link

PIECE = 16 << 10
"""Bytes of a long paste that are typed at a time."""
AHEAD = 8 << 20
"""Bytes that may be typed ahead of what the attachment takes."""
REDRAW = 0.5
"""Seconds between two looks at what the status line should say."""
CONFIRM = 1.0
"""Seconds that a server has to confirm what was typed last, when its session is left."""


@dataclass(frozen=True)
class Left:
    """The session was left running."""

    unsent: int = 0
    """Bytes that were typed and that the server never confirmed."""


class Terminal:
    """Stdin and stdout as a terminal, raw while a session runs; works with pipes as well.

    What has to be told stands on the bottom line for a while: the screen is the session's, and
    goes on byte for byte when the link does.
    """

    def __init__(self, leader: str) -> None:
        known = leader_of(leader)
        self._keys = LeaderKeys(known)
        self._leader = known.shown
        self.piped = not os.isatty(0)
        """Whether stdin is a pipe or a file: what comes from it is not typed."""
        self._is_tty = not self.piped and sys.stdout.isatty()
        self._modes = Modes()
        self._status = StatusLine()
        self._notices = Notices("", known.name)
        self._newer: Newer | None = None
        self._screen = asyncio.Lock()
        self._left = asyncio.Event()
        self._ahead = bytearray()
        """What was typed, and has no room in the attachment yet."""
        self._full = asyncio.Event()

    def size(self) -> tuple[int, int]:
        """Return columns and rows."""
        try:
            found = os.get_terminal_size(sys.stdout.fileno())
        except OSError:
            return 80, 24
        return found.columns or 80, found.lines or 24

    async def run(self, link: Link, job: Job, *, piped: bool = False) -> Exited | Left:
        """Show a session until it ends, or until the person leaves it running.

        ``piped``: the session was opened to read our stdin in place of its terminal.
        """
        cols, rows = self.size()
        loop = asyncio.get_running_loop()
        self._notices = Notices(link.server.name, self._leader)
        self._newer = Newer(job, self._notices.note)
        attached = Attachment(link, job, cols=cols, rows=rows, piped=piped)
        async with attached as attachment:
            attachment.pace(self._is_tty)
            asking = prompts.held(self._no_room) if self._is_tty else nullcontext()
            with self._raw(), asking, self._newer.watching(link):
                loop.add_signal_handler(signal.SIGWINCH, lambda: attachment.resize(*self.size()))
                loop.add_signal_handler(signal.SIGTERM, self._left.set)
                try:
                    return await self._until_end(attachment)
                finally:
                    loop.remove_signal_handler(signal.SIGWINCH)
                    loop.remove_signal_handler(signal.SIGTERM)

    async def _until_end(self, attachment: Attachment) -> Exited | Left:
        typing = asyncio.ensure_future(self._type(attachment))
        pushing = asyncio.ensure_future(self._keep_pushing(attachment))
        showing = asyncio.ensure_future(self._show(attachment))
        leaving = asyncio.ensure_future(self._left.wait())
        minding = asyncio.ensure_future(self._mind(attachment))
        try:
            # Stdin may end, as a pipe does, while the session still talks.
            await asyncio.wait((leaving, showing), return_when=asyncio.FIRST_COMPLETED)
            if showing.done():
                end = showing.result()
                return replace(end, unsent=end.unsent + len(self._ahead))
            typing.cancel()
            await self._last_words(attachment)
            return Left(self._unsent(attachment))
        finally:
            tasks = (typing, pushing, showing, leaving, minding)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _last_words(self, attachment: Attachment) -> None:
        """Give what was typed last a moment to arrive, where it can."""
        try:
            async with asyncio.timeout(CONFIRM):
                while self._unsent(attachment) and not self._notices.stuck:
                    await attachment.heard()
        except TimeoutError:
            pass

    # -- the keyboard

    async def _type(self, attachment: Attachment) -> None:
        """Send what is typed. A keyboard is always read, or the leader could not leave."""
        async for data in read_fd(0):
            typed, keys = self._keys.feed(data) if self._is_tty else (data, [])
            self._enter(attachment, typed)
            for key in keys:
                self._command(key, attachment)
            if self._left.is_set():
                return
            if not self._is_tty:
                await self._pushed(attachment)  # a pipe can wait
        await self._pushed(attachment)
        attachment.write_eof()

    def _enter(self, attachment: Attachment, typed: bytes) -> None:
        """Type behind what waits already: a long paste into a program that reads slowly."""
        if self._is_tty and len(self._ahead) + len(typed) > AHEAD:
            self._notices.note(f"too much waits already: {len(typed)} bytes not taken")
            return
        self._ahead += typed
        if not self._push(attachment):
            self._full.set()

    def _push(self, attachment: Attachment) -> bool:
        """Type what there is room for; return whether that is all."""
        while self._ahead:
            try:
                attachment.write(bytes(self._ahead[:PIECE]))
            except InputFull:
                return False
            del self._ahead[:PIECE]
        return True

    async def _pushed(self, attachment: Attachment) -> None:
        while not self._push(attachment):
            await attachment.heard()

    async def _keep_pushing(self, attachment: Attachment) -> None:
        while True:
            await self._full.wait()
            self._full.clear()
            await self._pushed(attachment)

    def _unsent(self, attachment: Attachment) -> int:
        return attachment.waiting + len(self._ahead)

    def _no_room(self) -> None:
        """Say that a login wants an answer which can't be given here: keys are the session's."""
        leave = f"{self._leader} {LEAVE[0]}"
        self._notices.note(
            f"the login asks for something: leave with {leave}, then mnix shell --attach"
        )

    def _command(self, key: str, attachment: Attachment) -> None:
        if key in LEAVE:
            self._left.set()
        elif key == "r":
            attachment.retry_now()
            self._notices.note("trying now" if self._notices.stuck else "the link is up")
        elif key == "?":
            self._notices.help()
        else:
            self._notices.note(f"{self._leader} {output.visible(key)} does nothing here")
            self._notices.also_help()

    # -- the screen

    async def _show(self, attachment: Attachment) -> Exited:
        async for event in attachment:
            self._notices.take(event, self.size())
            if isinstance(event, Output | Preamble):
                await self._put(event.data)
            elif isinstance(event, Gap):
                await self._put(
                    f"\r\n… {event.end - event.start} bytes are not kept …\r\n".encode()
                )
            elif isinstance(event, Exited):
                await self._put(self._modes.rest(), whole=True)
                return event
            elif not self._is_tty and isinstance(event, LinkDown | LinkUp):
                output.note(f"[mnix: {output.visible(self._notices.plain(event))}]")
        return Exited(None, "the stream ended")

    async def _put(self, data: bytes, *, whole: bool = False) -> None:
        async with self._screen:
            if self._is_tty:
                await self._hide()  # output may scroll: our line must not move with it
                data = data if whole else self._modes.feed(data)
                self._status.output(data)
                if self._newer is not None:
                    self._newer.output(data)
            await write_fd(1, data)

    async def _mind(self, attachment: Attachment) -> None:
        """Keep the bottom line telling what there is to tell."""
        while self._is_tty:
            try:
                async with asyncio.timeout(REDRAW):
                    await self._notices.changed.wait()
            except TimeoutError:
                pass
            self._notices.changed.clear()
            said = self._notices.text(self._unsent(attachment), self.size()[0])
            text = output.visible(said)
            async with self._screen:
                if not text:
                    await self._hide()
                elif text != self._status.text and not self._modes.in_string:
                    await write_fd(1, self._status.show(text, *self.size()))

    async def _hide(self) -> None:
        if self._status.text:
            alternate = self._modes.alternate
            await write_fd(1, self._status.hide(*self.size(), alternate=alternate))

    @contextmanager
    def _raw(self) -> Iterator[None]:
        if not self._is_tty:
            yield
            return
        before = termios.tcgetattr(0)
        try:
            tty.setraw(0, termios.TCSADRAIN)  # what was typed already is for the session
            os.write(1, b"\x1b[22;0t")  # the title is put back in the end
            yield
        finally:
            shown = self._status.hide(*self.size(), alternate=self._modes.alternate)
            os.write(1, shown + self._modes.undo() + b"\x1b[23;0t")
            termios.tcsetattr(0, termios.TCSADRAIN, before)
