"""Where a client that has nothing yet starts in the log, and what its terminal is told before.

Places are noted as output passes: at the beginnings of lines, outside of all sequences. What text
looks like there, and what the other screen shows, is only looked up when somebody attaches.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

from server_agent.jobs import pen
from server_agent.jobs.log import MIB
from server_agent.jobs.modes import Modes
from server_agent.jobs.outgoing import Source

REPLAY = 8 * MIB
"""Bytes of the log that a fresh client is sent at most."""
CHECKPOINT = 64 << 10
PRIMARY = 64 << 10
"""Bytes of the primary screen that are shown again below a full-screen program."""


class _Hidden(NamedTuple):
    # The primary screen, while it is not shown: its modes, and which parts of the log it shows.
    modes: bytes
    switches: tuple[int, ...]


class _Point(NamedTuple):
    offset: int
    preamble: bytes
    hidden: Optional[_Hidden] = None  # where the alternate screen is shown
    again: bytes = b""  # the preamble after the primary screen was shown


class Replay:
    """Where fresh clients start."""

    def __init__(self, log: Source, *, pty: bool) -> None:
        self.modes = Modes()
        self._log = log
        self._pty = pty
        self._line = b"\r\n" if pty else b"\n"
        self._points = [_Point(0, b"")]
        self._hidden: Optional[_Hidden] = None

    def output(self, data: bytes) -> None:
        """Take the output that was logged last."""
        begin = self._log.end - len(data)
        missing = self._log.end - self._points[-1].offset
        if missing < CHECKPOINT:
            self._feed(data)
            return
        cut = data.rfind(self._line)
        if cut >= 0:
            cut += len(self._line)
            self._feed(data[:cut])
            if self.modes.settled:
                self._note(begin + cut)
            self._feed(data[cut:])
            return
        self._feed(data)
        # A program that ends no lines: any place will do where nothing is cut.
        if missing >= 4 * CHECKPOINT and self.modes.settled and not data[-1] & 0x80:
            self._note(self._log.end)

    def at(self, *, primary: bool = True) -> tuple[int, bytes]:
        """Return the offset where a fresh client starts, and its preamble.

        ``primary``: also what the primary screen showed, where the alternate one hides it.
        """
        first = max(self._log.start, self._log.end - REPLAY)
        point = next((point for point in self._points if point.offset >= first), None)
        if point is None:
            return first, self.modes.preamble()
        hidden = self._primary(point.hidden) if primary and point.hidden else b""
        preamble = hidden + point.again if hidden else point.preamble
        return point.offset, preamble + self._pen(point.offset)

    def _feed(self, data: bytes) -> None:
        if not self._pty:
            return
        self.modes.feed(data)
        if not self.modes.alternate:
            self._hidden = None
        elif not self._hidden or self._hidden.switches[-1] != self.modes.switches[-1]:
            shown = [point for point in self._points if not point.hidden]
            modes = shown[-1].preamble if shown else b""
            self._hidden = _Hidden(modes, tuple(self.modes.switches))

    def _note(self, offset: int) -> None:
        again = self.modes.preamble(again=True) if self._hidden else b""
        self._points.append(_Point(offset, self.modes.preamble(), self._hidden, again))
        oldest = self._log.end - REPLAY
        while len(self._points) > 1 and self._points[0].offset < oldest:
            del self._points[0]

    def _primary(self, hidden: _Hidden) -> bytes:
        # What was printed there last, without what went to the other screen in between.
        shown = b""
        switches = list(hidden.switches)
        while switches and len(shown) < PRIMARY:
            stop = switches.pop()
            start = max(switches.pop() if switches else 0, stop - PRIMARY + len(shown))
            part = _read(self._log, start, stop)
            shown = part + shown
            if len(part) < stop - start or len(shown) >= PRIMARY:
                cut = shown.find(self._line)
                shown = self._pen(stop - len(part) + cut) + shown[cut:] if cut >= 0 else b""
                break
        return hidden.modes + shown if shown else b""

    def _pen(self, offset: int) -> bytes:
        if not self._pty or not offset:
            return b""
        return pen.after(_read(self._log, max(0, offset - pen.WINDOW), offset))


def _read(log: Source, start: int, stop: int) -> bytes:
    # Only what is there up to ``stop`` without a hole.
    found = b""
    while start < stop:
        at, data = log.read(start, stop - start)
        if at >= stop or not data:
            break
        found = data if at > start else found + data
        start = at + len(data)
    return found
