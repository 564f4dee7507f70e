"""Bytes, cut anywhere, into whole lines of text."""

from __future__ import annotations

MAX_LINE = 1 << 20
"""Bytes; of a longer line only its head and its end are kept."""
_HEAD = 64 * 1024
_END = 256


class Cutter:
    """Keeps what has no end yet, and no more of it than a line may be long."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self._end = b""
        """The last bytes of a line that is too long; empty while none is."""

    def feed(self, data: bytes) -> list[str]:
        """Take bytes, return the lines that they end, without their ends."""
        cut = data.rfind(b"\n")
        if cut < 0:
            self._keep(data)
            return []
        lines, start = [], 0
        if self._size:
            start = data.index(b"\n")
            self._keep(data[:start])
            lines.append(self._whole())
            start += 1
        if start <= cut:
            lines += self._texts(data[start:cut])
        self._keep(data[cut + 1 :])
        return lines

    def rest(self) -> list[str]:
        """Return the last line, if it has no end."""
        return [self._whole()] if self._size else []

    def _texts(self, data: bytes) -> list[str]:
        if len(data) > MAX_LINE:
            return [_text(each) for each in data.split(b"\n")]
        return data.decode("utf-8", "replace").split("\n")

    def _keep(self, data: bytes) -> None:
        if not data:
            return
        self._size += len(data)
        self._parts.append(data)
        if self._size > MAX_LINE:
            held = b"".join(self._parts)
            self._parts = [held[:_HEAD]]
            self._end = (self._end + held[_HEAD:])[-_END:]

    def _whole(self) -> str:
        held = b"".join(self._parts)
        if self._end:
            held += self._end
        self._parts, self._size, self._end = [], 0, b""
        return _text(held)


def _text(line: bytes) -> str:
    if len(line) > MAX_LINE:
        line = line[:_HEAD] + line[-_END:]
    return line.decode("utf-8", "replace")
