"""The frames of a stream: one byte of type, four of length, then the payload.

A job's bytes flow in them between its holder and its clients, and a workspace's files between the
client and the agent.
Numbers are unsigned and big-endian. Offsets count bytes from the start of the job's log, or of
what one client has typed.
"""

from __future__ import annotations

import json
import struct
from enum import IntEnum
from typing import Any, NamedTuple

from server_agent.protocol.errors import ProtocolError

MAX_PAYLOAD = 256 << 10
"""Bytes of the longest payload; larger data travels in several frames."""

_HEAD = struct.Struct(">BI")
_OFFSET = struct.Struct(">Q")
_SIZE = struct.Struct(">HH")


class Type(IntEnum):
    """What a frame is. Client to holder: 1 to 15. Holder to client: 16 and more."""

    ATTACH = 1  # JSON: ``server_agent.jobs.outgoing.Attach``
    INPUT = 2  # offset in this client's input, then bytes
    EOF = 3  # no more input
    RESIZE = 4  # cols, rows
    SIGNAL = 5  # a name: INT, TERM, KILL, HUP
    LEAD = 6  # take the lead: my size, my answers
    # 7 and 8 carried an upload, in versions that are not any more.
    PACE = 9  # a byte, if ATTACHED has "paces": 0 don't wait for me, 1 do, 2 and skip what is old

    ATTACHED = 16  # JSON: see ``server_agent.jobs``
    PREAMBLE = 17  # bytes that set a fresh terminal's modes, before the first DATA
    DATA = 18  # offset in the log, then bytes
    GAP = 19  # two offsets: what lies between is no longer kept
    ACK = 20  # bytes of this client's input that were accepted, in all
    LEADS = 21  # JSON {"client": id, "cols": n, "rows": n}: who leads now
    EXIT = 22  # JSON {"code": n or null, "signal": n or null, "reason": text}
    LIVE = 23  # empty: the replay is over, what follows is live
    CLIENTS = 24  # JSON {"clients": n, "names": [{"client", "name", "since", "mine"?}]}: who's here

    # The workspace's files, both ways: see ``server_agent.protocol.sync``.
    HELLO = 32
    STATE = 33
    READY = 34
    REFRESH = 35
    DIRTY = 36
    DIGEST = 37
    DIGESTS = 38
    BATCH = 39
    BATCH_Z = 40
    FILE = 41
    PIECE = 42
    PIECE_Z = 43
    COPY = 44
    FILE_END = 45
    FILE_DROP = 46
    COMMIT = 47
    APPLIED = 48
    FETCH = 49
    SENT = 50
    FAILED = 51


_TYPES = {int(each): each for each in Type}


class Frame(NamedTuple):
    """One frame, as it was read."""

    type: Type
    payload: bytes

    def json(self) -> dict[str, Any]:
        """Return the payload as a JSON object; raise ``ProtocolError`` if it is none."""
        try:
            value = json.loads(self.payload)
        except (ValueError, RecursionError) as error:
            raise ProtocolError(f"a {self.type.name} frame holds no JSON") from error
        if not isinstance(value, dict):
            raise ProtocolError(f"a {self.type.name} frame holds no JSON object")
        return value

    def offset_and_bytes(self) -> tuple[int, bytes]:
        """Return the payload of INPUT or DATA: an offset and the bytes there."""
        if len(self.payload) < _OFFSET.size:
            raise ProtocolError(f"a {self.type.name} frame is too short")
        return _OFFSET.unpack_from(self.payload)[0], self.payload[_OFFSET.size :]

    def offsets(self, count: int) -> tuple[int, ...]:
        """Return the payload of GAP (two) or ACK (one): offsets."""
        if len(self.payload) != count * _OFFSET.size:
            raise ProtocolError(f"a {self.type.name} frame has the wrong length")
        return struct.unpack(f">{count}Q", self.payload)

    def size(self) -> tuple[int, int]:
        """Return the payload of RESIZE: columns and rows."""
        if len(self.payload) != _SIZE.size:
            raise ProtocolError("a RESIZE frame has the wrong length")
        cols, rows = _SIZE.unpack(self.payload)
        return int(cols), int(rows)


def frame(kind: Type, payload: bytes = b"") -> bytes:
    """Encode a frame with a raw payload."""
    if len(payload) > MAX_PAYLOAD:
        raise ProtocolError(f"a payload of {len(payload)} bytes is longer than {MAX_PAYLOAD}")
    return _HEAD.pack(kind, len(payload)) + payload


def json_frame(kind: Type, value: dict[str, Any]) -> bytes:
    """Encode a frame with a JSON payload."""
    return frame(kind, json.dumps(value, separators=(",", ":")).encode())


def data_frame(kind: Type, offset: int, data: bytes) -> bytes:
    """Encode INPUT or DATA."""
    return frame(kind, _OFFSET.pack(offset) + data)


def offsets_frame(kind: Type, *offsets: int) -> bytes:
    """Encode GAP (two offsets) or ACK (one)."""
    return frame(kind, struct.pack(f">{len(offsets)}Q", *offsets))


def resize_frame(cols: int, rows: int) -> bytes:
    """Encode RESIZE; both are held between 1 and 1,000."""
    return frame(Type.RESIZE, _SIZE.pack(*(max(1, min(1000, n)) for n in (cols, rows))))


class FrameReader:
    """Cuts a byte stream into frames; raises ``ProtocolError`` at what is none."""

    def __init__(self, max_payload: int = MAX_PAYLOAD) -> None:
        self._buffer = bytearray()
        self._most = max_payload

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes, return the frames that they complete."""
        self._buffer += data
        frames = []
        at = 0
        # Through a view, each payload is copied once.
        with memoryview(self._buffer) as view:
            while len(view) - at >= _HEAD.size:
                kind, length = _HEAD.unpack_from(view, at)
                if length > self._most:
                    raise ProtocolError(f"a frame of {length} bytes is longer than {self._most}")
                end = at + _HEAD.size + length
                if len(view) < end:
                    break
                known = _TYPES.get(kind)
                if known is None:
                    raise ProtocolError(f"a frame has the unknown type {kind}")
                frames.append(Frame(known, bytes(view[at + _HEAD.size : end])))
                at = end
        del self._buffer[:at]
        return frames

    @property
    def pending(self) -> int:
        """The bytes of the frame that is not complete yet."""
        return len(self._buffer)
