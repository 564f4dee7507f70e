"""A plain blocking client of one job's stream, for tests of the holder."""

import socket
import time
from collections.abc import Callable
from typing import Any, Self

from server_agent.protocol import frames
from server_agent.protocol.frames import Frame, FrameReader, Type

_OVER = Frame(Type.FILE_END, b"")  # of no stream of a job: stands for the end of the stream


class JobClient:
    """Attached to a job's socket; keeps all frames that it has seen."""

    def __init__(
        self,
        path: str,
        name: str = "one",
        *,
        offset: int | None = None,
        size: tuple[int, int] | None = (80, 24),
        typed: int = 0,
        called: str = "",
    ) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)
        self.reader = FrameReader()
        self.seen: list[Frame] = []
        self.output = bytearray()
        """All output that came, without its offsets."""
        self.typed = typed
        self.offset = offset or 0
        ask: dict[str, Any] = {"client": name, "offset": offset}
        if called:
            ask["name"] = called
        if size:
            ask.update(cols=size[0], rows=size[1])
        self.send(frames.json_frame(Type.ATTACH, ask))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send raw bytes."""
        self.socket.sendall(data)

    def type(self, data: bytes) -> None:
        """Type input."""
        self.send(frames.data_frame(Type.INPUT, self.typed, data))
        self.typed += len(data)

    def receive(self, timeout: float = 10.0) -> list[Frame]:
        """Return the frames of one read; none at the end of the stream."""
        self.socket.settimeout(timeout)
        data = self.socket.recv(64 << 10)
        found = self.reader.feed(data)
        self.seen += found
        for frame in found:
            if frame.type is Type.DATA:
                self.output += frame.offset_and_bytes()[1]
        return found if data else [_OVER]

    def until(self, fits: Callable[[Frame], bool], timeout: float = 10.0) -> Frame:
        """Read until a frame fits, and return it."""
        deadline = time.monotonic() + timeout
        while True:
            for frame in self.receive(max(0.01, deadline - time.monotonic())):
                if fits(frame):
                    return frame
                assert frame.type is not _OVER.type, f"the stream ended; seen: {self.seen[-5:]}"

    def until_type(self, kind: Type, timeout: float = 10.0) -> Frame:
        """Read until a frame of this type, and return it."""
        found = [frame for frame in self.seen if frame.type is kind]
        return found[0] if found else self.until(lambda frame: frame.type is kind, timeout)

    def until_text(self, text: bytes, timeout: float = 10.0) -> bytearray:
        """Read until the output holds a text; return all output."""
        deadline = time.monotonic() + timeout
        looked = 0
        while self.output.find(text, max(0, looked - len(text))) < 0:
            looked = len(self.output)
            assert self.receive(max(0.01, deadline - time.monotonic()))[:1] != [_OVER]
        return self.output

    def ended(self, timeout: float = 10.0) -> bool:
        """Say whether the stream ends."""
        try:
            self.until(lambda frame: frame.type is _OVER.type, timeout)
        except ConnectionError:
            pass
        return True
