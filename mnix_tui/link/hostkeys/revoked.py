"""RevokedHostKeys: a list of keys, or OpenSSH's binary list of keys and certificates (KRL)."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from mnix_tui.link.hostkeys.known import MAX_FILE, key_of

if TYPE_CHECKING:
    from pathlib import Path

_MAGIC = b"SSHKRL\n\0"
_CERTIFICATES, _KEYS, _SHA1, _SIGNATURE, _SHA256 = 1, 2, 3, 4, 5
_SERIALS, _RANGE, _BITMAP, _IDS = 0x20, 0x21, 0x22, 0x23


class Certificate(NamedTuple):
    """What a certificate can be revoked by, besides its key."""

    authority: bytes
    serial: int
    key_id: str


class Revoked:
    """What one file revokes."""

    def __init__(self, data: bytes) -> None:
        """Read it; raise ``ValueError`` where that can't be done: then nothing may be trusted."""
        self._keys: set[bytes] = set()
        self._sha1: set[bytes] = set()
        self._sha256: set[bytes] = set()
        self._ranges: list[tuple[bytes, int, int]] = []
        self._bitmaps: list[tuple[bytes, int, int]] = []
        self._ids: set[tuple[bytes, bytes]] = set()
        if data.startswith(_MAGIC):
            self._read_binary(data)
        else:
            self._read_text(data)

    def has(self, blob: bytes) -> bool:
        """Say whether a key is revoked (given in its wire form)."""
        return (
            blob in self._keys
            or hashlib.sha256(blob).digest() in self._sha256
            or hashlib.sha1(blob, usedforsecurity=False).digest() in self._sha1
        )

    def has_certificate(self, found: Certificate) -> bool:
        """Say whether a certificate is revoked by its number or its name."""
        ours = (b"", found.authority)
        if found.serial:
            for authority, first, last in self._ranges:
                if authority in ours and first <= found.serial <= last:
                    return True
            for authority, offset, bits in self._bitmaps:
                at = found.serial - offset
                if authority in ours and 0 <= at < bits.bit_length() and bits >> at & 1:
                    return True
        return any((authority, found.key_id.encode()) in self._ids for authority in ours)

    def _read_text(self, data: bytes) -> None:
        for line in data.decode("utf-8", "replace").splitlines():
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            for kind, text in pairwise(words):  # options may come first
                try:
                    self._keys.add(key_of(kind, text))
                except ValueError:
                    continue
                break

    def _read_binary(self, data: bytes) -> None:
        fields = _Fields(data[len(_MAGIC) :])
        if (version := fields.number(4)) != 1:
            raise ValueError(f"it has format {version}")
        for _ in range(3):  # its own number, its date, its flags
            fields.number(8)
        for _ in range(2):  # reserved, comment
            fields.text()
        while fields.left:
            kind, section = fields.number(1), _Fields(fields.text())
            if kind == _CERTIFICATES:
                self._read_certificates(section)
            elif kind in (_KEYS, _SHA1, _SHA256):
                known = {_KEYS: self._keys, _SHA1: self._sha1, _SHA256: self._sha256}[kind]
                while section.left:
                    known.add(section.text())
            elif kind != _SIGNATURE:
                raise ValueError(f"it has a part of an unknown kind: {kind}")

    def _read_certificates(self, section: _Fields) -> None:
        authority = section.text()
        section.text()
        while section.left:
            kind, part = section.number(1), _Fields(section.text())
            if kind == _BITMAP:
                offset = part.number(8)
                self._bitmaps.append((authority, offset, int.from_bytes(part.text(), "big")))
            elif kind == _RANGE:
                self._ranges.append((authority, part.number(8), part.number(8)))
            elif kind == _SERIALS:
                while part.left:
                    serial = part.number(8)
                    self._ranges.append((authority, serial, serial))
            elif kind == _IDS:
                while part.left:
                    self._ids.add((authority, part.text()))
            else:
                raise ValueError(f"it has a part of an unknown kind: {kind}")


class _Fields:
    """Numbers and texts with their length, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> bool:
        return self._at < len(self._data)

    def number(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def text(self) -> bytes:
        return self._take(self.number(4))

    def _take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise ValueError("it ends too early")
        found, self._at = self._data[self._at : end], end
        return found


def read(path: Path) -> Revoked:
    """Read a file of revoked keys; raise ``OSError`` or ``ValueError``."""
    with path.open("rb") as file:
        return Revoked(file.read(MAX_FILE))
