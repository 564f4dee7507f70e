"""What one client is still to be sent: an offset into the log, and a few notices. No I/O of its own.

A slow client costs nothing but its offset: bytes are read from the log when it can take them.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Optional, Protocol

from server_agent.protocol import frames
from server_agent.protocol.errors import ProtocolError
from server_agent.protocol.frames import Type

CHUNK = 64 << 10
_RESET = b"\x1b\\\x1bc"  # ends whatever string or sequence was being sent, and resets all


class Source(Protocol):
    """A log to read from."""

    @property
    def start(self) -> int:
        """The offset of the first byte that is kept."""
        ...

    @property
    def end(self) -> int:
        """The offset after the last byte."""
        ...

    def read(self, offset: int, limit: int) -> tuple[int, bytes]:
        """Return bytes and their offset: a later one where some are not kept."""
        ...


class Outgoing:
    """The frames that one client gets, made when there is room for them."""

    def __init__(self, log: Source) -> None:
        self._log = log
        self._offset: Optional[int] = None
        self._live_at = 0
        self._live = False
        self._first = b""
        self._notices: dict[Type, bytes] = {}
        self._exit: Optional[bytes] = None
        self.done = False
        """Whether the last frame, EXIT, was given out."""

    @property
    def live(self) -> bool:
        """Whether the replay is over."""
        return self._live

    @property
    def lag(self) -> int:
        """The bytes of live output that were not made into frames yet."""
        if self._offset is None or not self._live:
            return 0
        return self._log.end - self._offset

    @property
    def behind(self) -> bool:
        """Whether there is something to send."""
        if self._offset is None or self.done:
            return False
        if self._first or self._notices or self._offset < self._log.end:
            return True
        return not self._live or self._exit is not None

    def begin(self, offset: int, attached: dict[str, Any], preamble: bytes = b"") -> None:
        """Answer an ATTACH: what the client has begins at ``offset``."""
        self._offset = offset
        self._live_at = attached["end"]
        self._first = frames.json_frame(Type.ATTACHED, attached) + _preamble(preamble)

    def skip(self, offset: int, preamble: bytes) -> None:
        """Go on at ``offset`` with a screen that is made anew, as for a fresh client."""
        if self._offset is None or offset <= self._offset:
            return
        gap = frames.offsets_frame(Type.GAP, self._offset, offset)
        self._first += gap + _preamble(_RESET + preamble)
        self._offset = offset
        self._live = False
        self._live_at = self._log.end

    def notice(self, kind: Type, frame: bytes) -> None:
        """Tell something; only the newest of each kind is kept."""
        self._notices[kind] = frame

    def exit(self, code: Optional[int], number: Optional[int], reason: str) -> None:
        """Say, after all output, that the job has ended."""
        self._exit = frames.json_frame(
            Type.EXIT, {"code": code, "signal": number, "reason": reason}
        )

    def next(self) -> bytes:
        """Return what to send now; empty when there is nothing."""
        if self._offset is None or self.done:
            return b""
        parts = [self._first, *self._notices.values()]
        self._first = b""
        self._notices.clear()
        at, data = self._log.read(self._offset, CHUNK)
        if at > self._offset:
            parts.append(frames.offsets_frame(Type.GAP, self._offset, at))
        if data:
            parts.append(frames.data_frame(Type.DATA, at, data))
        self._offset = at + len(data)
        if not self._live and self._offset >= self._live_at:
            self._live = True
            parts.append(frames.frame(Type.LIVE))
        if self._exit is not None and self._offset >= self._log.end:
            parts.append(self._exit)
            self.done = True
        return b"".join(parts)


def _preamble(data: bytes) -> bytes:
    return b"".join(
        frames.frame(Type.PREAMBLE, data[at : at + CHUNK]) for at in range(0, len(data), CHUNK)
    )


def where(log: Source, offset: Optional[int], fresh: int) -> int:
    """Return where a client's DATA starts: at its offset, or (None) where a fresh replay does."""
    if offset is None:
        return fresh
    return max(0, min(offset, log.end))


def bounded(cols: int, rows: int) -> tuple[int, int]:
    """Return a terminal's size, held between 1 and 1,000."""
    return max(1, min(1000, cols)), max(1, min(1000, rows))


class Attach(NamedTuple):
    """What an ATTACH asks for."""

    client: str
    """The client's own id."""
    offset: Optional[int]
    """Where it goes on in the log; ``None`` if it has nothing yet."""
    size: Optional[tuple[int, int]]
    name: str
    """What the others see of it, such as ``ann@laptop``; may be empty."""
    piped: bool = False
    """Whether its input is no typing, but what the command reads in place of its terminal."""


def parse_attach(asked: dict[str, Any]) -> Attach:
    """Return what an ATTACH asks for; raise ``ProtocolError`` at a wrong one."""
    client, offset = asked.get("client"), asked.get("offset")
    if not isinstance(client, str) or not 0 < len(client) <= 64:
        raise ProtocolError("an ATTACH names no client")
    if offset is not None and (type(offset) is not int or offset < 0):
        raise ProtocolError("an ATTACH has a wrong offset")
    cols, rows = asked.get("cols"), asked.get("rows")
    size = None
    if type(cols) is int and type(rows) is int and cols > 0 and rows > 0:
        size = bounded(cols, rows)
    return Attach(client, offset, size, _clean(asked.get("name")), asked.get("piped") is True)


def _clean(value: object) -> str:
    # What others are shown: printable, at most 64 characters.
    if not isinstance(value, str):
        return ""
    return "".join(char for char in value if char.isprintable())[:64].strip()
