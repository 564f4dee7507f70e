"""One client's view of a job's stream: offsets, kept input, resuming. Bytes in, events out.

What was typed is kept until the holder says that it has it; after a lost connection the holder
says how much it has, and only the rest is sent again. So no key is lost, and none typed twice.
"""

from __future__ import annotations

import os
from typing import Any

from mnix_tui.errors import InputFull
from mnix_tui.link.wire import job as job_from_wire
from mnix_tui.sessions.events import (
    Attached,
    AttachedClient,
    AttachEvent,
    Clients,
    Exited,
    Gap,
    Leads,
    Live,
    Output,
    Preamble,
)
from server_agent.protocol import frames
from server_agent.protocol.errors import ProtocolError
from server_agent.protocol.frames import Frame, FrameReader, Type

MAX_INPUT = 1 << 20
"""Bytes of input that may wait for the server's word."""
CHUNK = 64 << 10
MAX_NAME = 64
MAX_CLIENTS = 64


class AttachCore:
    """The state of one attachment; does no I/O."""

    def __init__(
        self, cols: int, rows: int, *, fresh: bool, name: str = "", piped: bool = False
    ) -> None:
        self.client = os.urandom(8).hex()
        self.name = "".join(each for each in name if each.isprintable())[:MAX_NAME]
        self.piped = piped
        self.cols, self.rows = cols, rows
        self.mine = False
        self.ended = False
        self._next: int | None = None if fresh else 0
        self._reader = FrameReader()
        self._input = bytearray()
        self._input_start = 0
        self._attached = False
        self._eof = False
        self._paced = self._paces = False
        self._wants_lead = False
        self._attached_with = (cols, rows)

    def attach(self) -> bytes:
        """Begin on a new stream; return its first frame."""
        self._reader = FrameReader()
        self._attached = False
        self._attached_with = (self.cols, self.rows)
        fields = {
            "client": self.client,
            "offset": self._next,
            "cols": self.cols,
            "rows": self.rows,
            "piped": self.piped,
            "name": self.name,
        }
        return frames.json_frame(Type.ATTACH, fields)

    def feed(self, data: bytes) -> tuple[list[AttachEvent], bytes]:
        """Take bytes; return the events that they complete, and bytes to send.

        Raise ``ProtocolError`` for what is no stream of a holder's.
        """
        events: list[AttachEvent] = []
        out = b""
        for frame in self._reader.feed(data):
            if frame.type is Type.ATTACHED:
                events.append(self._on_attached(frame.json()))
                out += self._unsent()
            else:
                events += self._on_frame(frame)
        return events, out

    def write(self, data: bytes) -> bytes:
        """Keep ``data`` as typed; return the frames to send now, if the stream is there."""
        if len(data) > self.room:
            raise InputFull(
                "The server does not take more input",
                f"{len(self._input)} bytes wait already",
                "wait until it answers again",
            )
        start = self._input_start + len(self._input)
        self._input += data
        return _input_frames(start, data) if self._attached else b""

    def eof(self) -> bytes:
        """Say that nothing more is typed."""
        self._eof = True
        return frames.frame(Type.EOF) if self._attached else b""

    def resize(self, cols: int, rows: int) -> bytes:
        """Remember the size; return the frame to send now."""
        self.cols, self.rows = cols, rows
        return frames.resize_frame(cols, rows) if self._attached else b""

    def signal(self, name: str) -> bytes:
        """Return the frame that signals the job; empty while the stream is not there."""
        return frames.frame(Type.SIGNAL, name.encode("ascii")) if self._attached else b""

    def lead(self) -> bytes:
        """Take the lead, now or when the stream is there; return the frame to send now."""
        self._wants_lead = not self._attached
        return frames.frame(Type.LEAD) if self._attached else b""

    def pace(self, on: bool) -> bytes:
        """Say whether somebody keeps this screen open: a program waits for it as for a terminal."""
        self._paced = on
        return self._pace(int(on)) if self._attached else b""

    def catch_up(self) -> bytes:
        """Pace; and who is far behind goes on as a fresh client does, with the last 8 MiB."""
        self._paced = True
        return self._pace(2) if self._attached else b""

    def _pace(self, how: int) -> bytes:
        # A holder of an earlier agent would end the stream at a frame that it does not know.
        return frames.frame(Type.PACE, bytes([how])) if self._paces else b""

    @property
    def waiting(self) -> int:
        """The bytes of input that the server has not confirmed."""
        return len(self._input)

    @property
    def room(self) -> int:
        """The bytes of input that may be typed now."""
        return MAX_INPUT - len(self._input)

    def over(self, code: int | None, reason: str) -> Exited:
        """Note that the job has ended; return the last event."""
        self.ended = True
        return Exited(code, reason, len(self._input))

    def _on_attached(self, said: dict[str, Any]) -> Attached:
        try:
            offset, end, accepted = (int(said[k]) for k in ("offset", "end", "accepted"))
            job = job_from_wire(said["job"])
        except (KeyError, TypeError, ValueError) as error:
            raise ProtocolError("an ATTACHED frame lacks what it needs") from error
        if self._next is None:
            self._next = offset
        if accepted < self._input_start:
            self._input_start = accepted  # the holder has forgotten us, and counts anew
        self._confirm(accepted)
        self._attached = True
        self._paces = said.get("paces") is True
        self.mine = said.get("leader") == self.client
        return Attached(job, offset, end, self.mine, *self._size(said))

    def _size(self, said: dict[str, Any]) -> tuple[int, int]:
        try:
            cols, rows = int(said.get("cols") or self.cols), int(said.get("rows") or self.rows)
        except (TypeError, ValueError) as error:
            raise ProtocolError("a size is no number") from error
        return max(1, min(1000, cols)), max(1, min(1000, rows))

    def _on_frame(self, frame: Frame) -> list[AttachEvent]:
        match frame.type:
            case Type.PREAMBLE:
                return [Preamble(frame.payload)]
            case Type.DATA:
                return self._on_data(*frame.offset_and_bytes())
            case Type.GAP:
                start, end = frame.offsets(2)
                return self._on_gap(start, end)
            case Type.ACK:
                self._confirm(frame.offsets(1)[0])
            case Type.LIVE:
                return [Live()]
            case Type.LEADS:
                return [self._on_leads(frame.json())]
            case Type.EXIT:
                return [self._on_exit(frame.json())]
            case Type.CLIENTS:
                return [self._on_clients(frame.json())]
            case _:
                raise ProtocolError(f"a holder does not send {frame.type.name}")
        return []

    def _on_data(self, offset: int, data: bytes) -> list[AttachEvent]:
        expected = offset if self._next is None else self._next
        events: list[AttachEvent] = []
        if offset > expected:
            events.append(Gap(expected, offset))
        elif offset < expected:
            data = data[expected - offset :]
            offset = expected
        if data:
            events.append(Output(data, offset))
            self._next = offset + len(data)
        return events

    def _on_gap(self, start: int, end: int) -> list[AttachEvent]:
        start = max(start, self._next or 0)
        if end <= start:
            return []
        self._next = end
        return [Gap(start, end)]

    def _on_leads(self, said: dict[str, Any]) -> Leads:
        self.mine = said.get("client") == self.client
        return Leads(self.mine, *self._size(said))

    def _on_clients(self, said: dict[str, Any]) -> Clients:
        listed = said.get("names")
        named = [each for each in listed if isinstance(each, dict)] if type(listed) is list else []
        others = tuple(
            _client(each)
            for each in named[:MAX_CLIENTS]
            if not each.get("mine") and each.get("client") != self.client
        )
        count = said.get("clients")
        return Clients(others, count if type(count) is int else len(others) + 1)

    def _on_exit(self, said: dict[str, Any]) -> Exited:
        code = said.get("code")
        if type(code) is not int:
            number = said.get("signal")
            code = 128 + number if type(number) is int else None
        return self.over(code, str(said.get("reason") or ""))

    def _confirm(self, accepted: int) -> None:
        done = accepted - self._input_start
        if 0 < done <= len(self._input):
            del self._input[:done]
            self._input_start = accepted

    def _unsent(self) -> bytes:
        size, out = (self.cols, self.rows), b""
        if all(size) and (self.mine or size != self._attached_with):
            out += frames.resize_frame(*size)
        if self._wants_lead:
            self._wants_lead = False
            out += frames.frame(Type.LEAD)
        out += self._pace(1) if self._paced else b""
        out += _input_frames(self._input_start, bytes(self._input))
        return out + frames.frame(Type.EOF) if self._eof else out


def _client(said: dict[str, Any]) -> AttachedClient:
    name = str(said.get("name") or "")[:MAX_NAME]
    since = said.get("since")
    shown = "".join(each for each in name if each.isprintable()) or "somebody"
    return AttachedClient(shown, float(since) if isinstance(since, (int, float)) else 0.0)


def _input_frames(start: int, data: bytes) -> bytes:
    return b"".join(
        frames.data_frame(Type.INPUT, start + at, data[at : at + CHUNK])
        for at in range(0, len(data), CHUNK)
    )
