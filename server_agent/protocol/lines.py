"""The control channel's codec: a preface, then one JSON object a line, both ways."""

from __future__ import annotations

import json
from typing import Any, Optional

from server_agent.protocol.errors import ProtocolError

MAGIC = b"MNIX/1"
MAX_LINE = 1 << 20
"""Bytes of the longest line, its newline included."""
MAX_NOISE = 64 << 10
"""Bytes of login noise that a client skips before the preface."""


def encode(message: dict[str, Any]) -> bytes:
    """Encode one message as a line; raise ``ProtocolError`` when it would be too long."""
    line = json.dumps(message, separators=(",", ":"), ensure_ascii=True).encode() + b"\n"
    if len(line) > MAX_LINE:
        raise ProtocolError(f"a message of {len(line)} bytes is longer than {MAX_LINE}")
    return line


def decode(line: bytes) -> dict[str, Any]:
    """Decode one line; raise ``ProtocolError`` unless it holds one JSON object."""
    if len(line) > MAX_LINE:
        raise ProtocolError(f"a line is longer than {MAX_LINE} bytes")
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"a line is not JSON: {line[:80]!r}") from error
    if not isinstance(message, dict):
        raise ProtocolError(f"a line is not a JSON object: {line[:80]!r}")
    return message


def preface(nonce: str, hello: dict[str, Any]) -> bytes:
    """Return the agent's first line: magic, the client's nonce, and a JSON hello."""
    return MAGIC + b" " + nonce.encode("ascii") + b" " + encode(hello)


class LineSplitter:
    """Cuts a byte stream into lines, with the longest line bounded."""

    def __init__(self, limit: int = MAX_LINE) -> None:
        self._limit = limit
        self._tail = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes, return the lines that they end (without newlines)."""
        self._tail += data
        whole: list[bytes] = []
        if b"\n" in data:  # else a long line in small pieces would be copied for each of them
            *whole, tail = bytes(self._tail).split(b"\n")
            self._tail = bytearray(tail)
        if len(self._tail) > self._limit or any(len(line) >= self._limit for line in whole):
            raise ProtocolError(f"a line is longer than {self._limit} bytes")
        return whole


class PrefaceReader:
    """Finds the preface behind login noise; ``hello`` and ``rest`` are set once it was found."""

    def __init__(self, nonce: str) -> None:
        self._start = MAGIC + b" " + nonce.encode("ascii") + b" "
        self._seen = bytearray()
        self.hello: Optional[dict[str, Any]] = None
        self.rest = b""
        """The bytes that came after the preface."""

    @property
    def noise(self) -> str:
        """The text before the preface, for error messages: at most its last 2,000 characters."""
        return bytes(self._seen[-2000:]).decode("utf-8", "replace")

    def feed(self, data: bytes) -> bool:
        """Take bytes; return whether the preface is complete."""
        self._seen += data
        at = self._seen.find(self._start)
        if at < 0:
            if len(self._seen) > MAX_NOISE:
                raise ProtocolError("the server's login prints too much before the agent answers")
            return False
        if at > MAX_NOISE:
            raise ProtocolError("the server's login prints too much before the agent answers")
        begin = at + len(self._start)
        end = self._seen.find(b"\n", begin)
        if end < 0:
            if len(self._seen) - begin > MAX_LINE:
                raise ProtocolError("the agent's preface is too long")
            return False
        self.hello = decode(bytes(self._seen[begin:end]))
        self.rest = bytes(self._seen[end + 1 :])
        del self._seen[at:]
        return True
