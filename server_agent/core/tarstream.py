"""A tar reader that is fed bytes and gives members: no I/O, and nothing but plain members.

Understands what is written today: ustar, pax and GNU's long names. Devices, FIFOs and sparse files
are refused, and so is everything that is not well formed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Union

from server_agent.protocol.errors import AgentError

BLOCK = 512
MAX_EXTRA = 1 << 20
"""Bytes of the longest extended header: a path and a link, with room to spare."""
MAX_SIZE = 1 << 50

_KINDS = {b"0": "file", b"\0": "file", b"7": "file", b"1": "hardlink", b"2": "link", b"5": "dir"}
_REFUSED = {b"3": "a device", b"4": "a device", b"6": "a FIFO", b"S": "a sparse file"}


class Member(NamedTuple):
    """One member's header. ``kind`` is file, dir, link or hardlink."""

    name: str
    kind: str
    mode: int
    mtime_ns: int
    size: int
    target: str


def refused(what: str, hint: str = "nothing was changed on the server") -> AgentError:
    """Return the error for an archive with something in it that we don't take."""
    return AgentError("unsafe-upload", f"the upload is refused: {what}", hint)


class TarReader:
    """Cuts an archive into members and their content."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._left = 0  # content still to come of the current member
        self._padding = 0
        self._zeros = 0
        self._extra: dict[str, str] = {}
        self._global: dict[str, str] = {}
        self.members = 0

    @property
    def complete(self) -> bool:
        """Whether the archive has come to its end, and not to a cut."""
        return self._zeros >= 2 and not any(self._buffer)

    def feed(self, data: bytes) -> Iterator[Union[Member, bytes]]:
        """Take bytes; give each member, followed by its content in pieces.

        Raises ``AgentError`` ``unsafe-upload``.
        """
        self._buffer += data
        while True:
            if self._left:
                if not self._buffer:
                    return
                piece = bytes(self._buffer[: self._left])
                del self._buffer[: len(piece)]
                self._left -= len(piece)
                yield piece
                continue
            if self._padding:
                if len(self._buffer) < self._padding:
                    return
                del self._buffer[: self._padding]
                self._padding = 0
            member = self._next()
            if member is None:
                return
            self.members += 1
            yield member

    def _next(self) -> Union[Member, None]:
        while len(self._buffer) >= BLOCK:
            head = bytes(self._buffer[:BLOCK])
            if not any(head):
                self._zeros += 1
                del self._buffer[:BLOCK]
                continue
            if self._zeros:
                raise refused("there is something behind the archive's end")
            _check_sum(head)
            kind, size = head[156:157], _number(head[124:136])
            if kind not in b"xgLK":
                del self._buffer[:BLOCK]
                return self._member(head, kind, size)
            if size > MAX_EXTRA:
                raise refused("a header is too long")
            whole = BLOCK + size + -size % BLOCK
            if len(self._buffer) < whole:
                return None
            self._take_extra(kind, bytes(self._buffer[BLOCK : BLOCK + size]))
            del self._buffer[:whole]
        return None

    def _take_extra(self, kind: bytes, data: bytes) -> None:
        if kind in (b"L", b"K"):
            key = "path" if kind == b"L" else "linkpath"
            self._extra[key] = _text(data.split(b"\0", 1)[0])
            return
        found = _records(data)
        if any(key.startswith("GNU.sparse") for key in found):
            raise refused("a sparse file")
        (self._global if kind == b"g" else self._extra).update(found)

    def _member(self, head: bytes, kind: bytes, size: int) -> Member:
        extra = {**self._global, **self._extra}
        self._extra = {}
        name = extra.get("path") or _name(head)
        if kind in _REFUSED or kind not in _KINDS:
            raise refused(f"{name} is {_REFUSED.get(kind, 'of an unknown kind')}")
        word = _KINDS[kind]
        if word == "file" and name.endswith("/"):
            word = "dir"
        if "size" in extra:
            size = _decimal(extra["size"])
        if size > MAX_SIZE:
            raise refused(f"{name} has an impossible size")
        self._left = size if word == "file" else 0
        if word != "file" and size:
            raise refused(f"{name} has content where none can be")
        self._padding = -size % BLOCK
        target = extra.get("linkpath") or _text(head[157:257].split(b"\0", 1)[0])
        mtime = _nanoseconds(extra["mtime"]) if "mtime" in extra else _number(head[136:148]) * 10**9
        return Member(name, word, _number(head[100:108]) & 0o7777, mtime, self._left, target)


def _check_sum(head: bytes) -> None:
    plain = head[:148] + b" " * 8 + head[156:]
    signed = sum(byte - 256 if byte > 127 else byte for byte in plain)
    if _number(head[148:156]) not in (sum(plain), signed):
        raise refused("it is not a tar archive, or it is damaged")


def _number(field: bytes) -> int:
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    text = field.replace(b"\0", b" ").strip()
    if not text:
        return 0
    if text.strip(b"01234567"):
        raise refused("a number in it is none")
    return int(text, 8)


def _decimal(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise refused("a size in it is none")
    return int(text)


def _nanoseconds(text: str) -> int:
    whole, _, rest = text.partition(".")
    digits = whole[1:] if whole.startswith("-") else whole
    if not digits.isdigit() or len(digits) > 12 or (rest and not rest.isdigit()):
        raise refused("a time in it is none")
    return int(whole) * 10**9 + int(rest[:9].ljust(9, "0"))


def _name(head: bytes) -> str:
    name = head[:100].split(b"\0", 1)[0]
    prefix = head[345:500].split(b"\0", 1)[0] if head[257:263] == b"ustar\0" else b""
    return _text(prefix + b"/" + name if prefix else name)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _records(data: bytes) -> dict[str, str]:
    found = {}
    while data:
        length, space, _ = data.partition(b" ")
        if not space or not length.isdigit() or not len(length) + 3 <= int(length) <= len(data):
            raise refused("a header is damaged")
        record, data = data[len(length) + 1 : int(length)], data[int(length) :]
        key, equals, value = record.partition(b"=")
        if not equals or not value.endswith(b"\n"):
            raise refused("a header is damaged")
        found[_text(key)] = _text(value[:-1])
    return found
