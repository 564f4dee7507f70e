"""What a holder does with one client's stream, as a model without I/O: the contract, executable."""

from typing import Any

from server_agent.protocol import frames
from server_agent.protocol.frames import FrameReader, Type

JOB: dict[str, Any] = {
    "id": "jjjjjjjj",
    "kind": "session",
    "project_id": "pppppppp",
    "state": "running",
    "pty": True,
}


class HolderModel:
    """A job: its log, and what was typed into it. ``Client`` is one attached stream."""

    def __init__(self, log: bytes = b"", kept_from: int = 0) -> None:
        self.log = bytearray(log)
        self.kept_from = kept_from
        self.typed = bytearray()
        self.accepted: dict[str, int] = {}
        self.leader: str | None = None
        self.size = (80, 24)
        self.signals: list[str] = []
        self.eof = False
        self.exit: tuple[int | None, str] | None = None


class Client:
    """One stream: takes a client's bytes, gives the holder's."""

    def __init__(self, holder: HolderModel, chunk: int = 1000) -> None:
        self.holder = holder
        self.id = ""
        self._reader = FrameReader()
        self._next = 0
        self._chunk = chunk
        self._exited = False

    def feed(self, data: bytes) -> bytes:
        """Take bytes of the client's; return what the holder answers at once."""
        return b"".join(self._on_frame(frame) for frame in self._reader.feed(data))

    def news(self) -> bytes:
        """Return what the log has beyond what was sent, and the exit."""
        if not self.id:
            return b""
        out = b""
        while self._next < len(self.holder.log):
            part = bytes(self.holder.log[self._next : self._next + self._chunk])
            out += frames.data_frame(Type.DATA, self._next, part)
            self._next += len(part)
        if self.holder.exit is not None and not self._exited:
            self._exited = True
            code, reason = self.holder.exit
            out += frames.json_frame(Type.EXIT, {"code": code, "signal": None, "reason": reason})
        return out

    def _on_frame(self, frame: frames.Frame) -> bytes:
        holder = self.holder
        match frame.type:
            case Type.ATTACH:
                return self._attach(frame.json())
            case Type.INPUT:
                offset, data = frame.offset_and_bytes()
                have = holder.accepted.get(self.id, 0)
                assert offset <= have, f"input has a hole: {offset} after {have}"
                holder.typed += data[have - offset :]
                holder.accepted[self.id] = max(have, offset + len(data))
                holder.leader = self.id
                return frames.offsets_frame(Type.ACK, holder.accepted[self.id])
            case Type.RESIZE:
                holder.size = frame.size()
            case Type.SIGNAL:
                holder.signals.append(frame.payload.decode())
            case Type.EOF:
                holder.eof = True
            case Type.LEAD:
                holder.leader = self.id
            case _:
                raise AssertionError(f"a client does not send {frame.type.name}")
        return b""

    def _attach(self, said: dict[str, Any]) -> bytes:
        holder = self.holder
        self.id = said["client"]
        fresh = said["offset"] is None
        wanted = holder.kept_from if fresh else said["offset"]
        self._next = max(wanted, holder.kept_from)
        out = frames.json_frame(
            Type.ATTACHED,
            {
                "job": JOB,
                "offset": self._next,
                "end": len(holder.log),
                "accepted": holder.accepted.get(self.id, 0),
                "leader": holder.leader,
                "cols": holder.size[0],
                "rows": holder.size[1],
            },
        )
        if fresh:
            out += frames.frame(Type.PREAMBLE, b"\x1b[?1049h")
        if self._next > wanted:
            out += frames.offsets_frame(Type.GAP, wanted, self._next)
        return out + self.news() + frames.frame(Type.LIVE)
