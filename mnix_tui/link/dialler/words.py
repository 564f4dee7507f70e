"""What a command and the dialler say to each other: a line of JSON to begin with, then frames.

For a connection: ``dial`` with a server and options, and ``first``, what the agent shall be started
with as soon as it can be, because it is about to be wanted; the answer is ``{"line": id}`` or an
error. As long as the socket is open, so is the connection; frames tell of silence and loss. For a
channel, on a socket of its own: ``agent`` or ``socket`` with the line's id; then its bytes in frames.

Imported before anything else of a link: it needs nothing.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mnix_tui.domain.servers import Server

LONGEST_LINE = 1 << 20
LONGEST_FRAME = 1 << 20

DATA = 1
"""Bytes of stdin, stdout or a socket."""
STDERR = 2
END = 3
"""No more bytes in this direction."""
EXIT = 4
"""JSON: the exit code."""
LOST = 5
"""JSON: an error; the connection, or the channel, has gone."""
SILENCE = 6
"""JSON: seconds without a sign of life."""
DOUBT = 7
"""Ask the server for a sign of life."""
RECORD = 8
"""JSON: something that was done on the server, for the command's log."""

_HEAD = struct.Struct(">BI")
OPTIONS = (
    "accept_host_keys",
    "connect_timeout",
    "keepalive_interval",
    "remote_binary",
    "deliver_otherwise",
)
"""The options of a link that the dialler needs; questions stay with the command, which can ask."""


def line(message: dict[str, Any]) -> bytes:
    """Return a message as a line."""
    return json.dumps(message).encode() + b"\n"


def frame(kind: int, payload: bytes = b"") -> bytes:
    """Return a frame; see the kinds above."""
    return _HEAD.pack(kind, len(payload)) + payload


class Frames:
    """Cuts what comes into frames."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Take bytes, give the frames that are whole; raise ``ValueError`` for an endless one."""
        self._rest += data
        at = 0
        while len(self._rest) - at >= _HEAD.size:
            kind, length = _HEAD.unpack_from(self._rest, at)
            if length > LONGEST_FRAME:
                raise ValueError(f"a frame of {length} bytes")
            end = at + _HEAD.size + length
            if len(self._rest) < end:
                break
            yield kind, bytes(self._rest[at + _HEAD.size : end])
            at = end
        del self._rest[:at]


def dial_request(server: Server, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request for a connection; ``options`` are all those of ``OPTIONS``."""
    chosen = {name: options[name] for name in OPTIONS}
    return {"do": "dial", "server": [server.name, server.endpoint], "options": chosen}
