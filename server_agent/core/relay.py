"""What a rebuild's log is made of: what its programs print, with lines of ours between. Pure.

Lines of ours begin with ``@mnix `` and hold one JSON object: time marks, phases, fences around what
is plain text, the graph of what is built, the result.
"""

from __future__ import annotations

import json
from typing import Any

PREFIX = b"@mnix "
MARK_EVERY = 0.1
"""Seconds between two time marks, at least."""
LONGEST = 256 << 10
"""Bytes of one line of ours, at most."""
_MOST_WAITING = 4 << 20  # bytes of lines that wait for the end of one that a program began


class Relay:
    """Joins both streams: a line of ours stands only where a line begins.

    Every method takes the time and returns the bytes that the log gets then.
    """

    def __init__(self) -> None:
        self._marked = 0.0
        self._at_start = True
        self._held = b""
        self._waiting: list[bytes] = []
        self._size = 0
        self._until = ""

    def feed(self, data: bytes, now: float) -> bytes:
        """Pass on what a program printed, cut anywhere."""
        if not self._until:
            data = self._guarded(data)
        if not data:
            return b""
        cut = 0 if self._at_start else data.find(b"\n") + 1
        begins = self._at_start or cut > 0
        self._at_start = data.endswith(b"\n")
        ours = self._due(now) if begins else b""
        return data[:cut] + ours + data[cut:] if ours else data

    def text(self, line: str, now: float) -> bytes:
        """Write a line for people; it begins a new one if a program left one unfinished."""
        return self._settle() + self._due(now) + _line(line)

    def ours(self, value: dict[str, Any], now: float) -> bytes:
        """Write an object of ours, as ``text`` does."""
        return self._settle() + self._due(now) + encode(value)

    def later(self, value: dict[str, Any] | str) -> bool:
        """Write an object, or a line for people, where next a line begins and no fence stands.

        Say whether there is room for it.
        """
        line = _line(value) if isinstance(value, str) else encode(value)
        if len(line) > LONGEST or self._size + len(line) > _MOST_WAITING:
            return False
        self._waiting.append(line)
        self._size += len(line)
        return True

    def fence(self, until: str, now: float) -> bytes:
        """Say that what comes is text, whatever it looks like, up to ``until``."""
        opened = self.ours({"action": "plain", "until": until}, now)
        self._until = until
        return opened

    def unfence(self, now: float) -> bytes:
        """End what ``fence`` began."""
        before = self._settle() + self._mark(now)
        until, self._until = self._until, ""
        return before + encode({"action": "end", "until": until}) + self._due(now)

    def _settle(self) -> bytes:
        # Both of what a program began and of what is held back of it.
        held, self._held = self._held, b""
        ended = held + (b"" if self._at_start and not held else b"\n")
        self._at_start = True
        return ended

    def _due(self, now: float) -> bytes:
        marked = self._mark(now)
        if self._until or not self._waiting:
            return marked
        lines, self._waiting, self._size = self._waiting, [], 0
        return marked + b"".join(lines)

    def _mark(self, now: float) -> bytes:
        # A clock that was set back counts as well.
        if 0 <= now - self._marked < MARK_EVERY:
            return b""
        self._marked = now
        return encode({"action": "at", "time": round(now, 3)})

    def _guarded(self, data: bytes) -> bytes:
        # What a program prints can't pass for a line of ours, also when it comes in pieces.
        data, self._held = self._held + data, b""
        if data.find(PREFIX) >= 0:
            if self._at_start and data.startswith(PREFIX):
                data = b" " + data
            data = data.replace(b"\n" + PREFIX, b"\n " + PREFIX)
        cut = data.rfind(b"\n") + 1
        if cut or self._at_start:
            rest = data[cut : cut + len(PREFIX)]
            if rest and len(data) - cut < len(PREFIX) and PREFIX.startswith(rest):
                self._held = rest
                return data[:cut]
        return data


def encode(value: dict[str, Any]) -> bytes:
    """Return an object as a line of ours."""
    return PREFIX + json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n"


def _line(text: str) -> bytes:
    # One line whatever is in it: what others say may hold anything.
    clean = "".join(char if char.isprintable() else " " for char in text)
    return f"mnix: {clean}\n".encode("utf-8", "replace")
