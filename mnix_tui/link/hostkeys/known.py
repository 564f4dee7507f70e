"""Reading and writing known_hosts files, as OpenSSH does: what can't be read is passed over.

Keys stay undecoded until somebody asks for them, and a file is read again only when it changed:
two hundred servers look into the same few thousand lines.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import hmac
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnix_tui.link.sshconfig.patterns import any_of

if TYPE_CHECKING:
    from pathlib import Path

MARKERS = ("", "cert-authority", "revoked")
MAX_FILE = 64 << 20
MAX_LINE = 32 << 10
"""Bytes that are read of a file, and of a line in it."""
_MAX_CACHED = 32


@dataclass(frozen=True, slots=True)
class KnownKey:
    """One usable line: a key, and what is said of it."""

    path: Path
    line: int
    marker: str
    """"", ``cert-authority`` or ``revoked``."""
    kind: str
    blob: bytes
    """The public key in its wire form."""
    names: str
    """The names that it is for, as they stand there; they may be hashed."""

    @property
    def where(self) -> str:
        """The place, as ``file:line``."""
        return f"{self.path}:{self.line}"

    @property
    def fingerprint(self) -> str:
        """``SHA256:…``, as ``ssh-keygen -l`` prints it."""
        return fingerprint(self.blob)


class KnownHosts:
    """What stands in one file."""

    def __init__(self, path: Path, data: bytes) -> None:
        self.lines: list[KnownKey] = []
        self._named: dict[str, list[int]] = {}
        self._hashed: list[tuple[bytes, bytes, int]] = []
        self._patterns: list[tuple[list[str], int]] = []
        for number, line in enumerate(data.split(b"\n"), 1):
            if key := _parse(path, number, line):
                self._add(key)

    def match(self, name: str) -> list[KnownKey]:
        """Return the lines for ``name`` (``host`` or ``[host]:port``), in their order."""
        name = name.lower()
        found = set(self._named.get(name, ()))
        text = name.encode()
        for salt, digest, at in self._hashed:
            if hmac.digest(salt, text, "sha1") == digest:
                found.add(at)
        found |= {at for patterns, at in self._patterns if any_of(name, patterns)}
        return [self.lines[at] for at in sorted(found)]

    def _add(self, key: KnownKey) -> None:
        at = len(self.lines)
        if key.names.startswith("|"):
            parts = key.names.split("|")
            try:
                _, version, salt, digest = parts
                pair = _unbase64(salt), _unbase64(digest)
            except ValueError:
                return
            if version != "1":
                return
            self._hashed.append((*pair, at))
        elif any(each in key.names for each in "*?!"):
            self._patterns.append((key.names.lower().split(","), at))
        else:
            for name in key.names.lower().split(","):
                self._named.setdefault(name, []).append(at)
        self.lines.append(key)


_Stamp = tuple[int, int, int]
_cache: dict[Path, tuple[_Stamp, KnownHosts]] = {}


def read(path: Path) -> KnownHosts:
    """Return what stands in ``path``; nothing where there is no file that can be read."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return KnownHosts(path, b"")
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            return KnownHosts(path, b"")
        stamp = (about.st_mtime_ns, about.st_size, about.st_ino)
        cached = _cache.get(path)
        if cached is not None and cached[0] == stamp:
            return cached[1]
        found = KnownHosts(path, _contents(handle))
    except OSError:
        return KnownHosts(path, b"")
    finally:
        os.close(handle)
    if len(_cache) >= _MAX_CACHED:
        _cache.clear()
    _cache[path] = stamp, found
    return found


def _contents(handle: int) -> bytes:
    parts = []
    left = MAX_FILE
    while left and (part := os.read(handle, min(left, 1 << 20))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def append(path: Path, line: str) -> None:
    """Add a line to a known_hosts file: in one write, after a newline, readable to us alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        size = os.fstat(handle).st_size
        start = b"" if not size or os.pread(handle, 1, size - 1) == b"\n" else b"\n"
        os.write(handle, start + line.encode() + b"\n")
    finally:
        os.close(handle)


def writable(path: Path) -> bool:
    """Say whether a line could be added to a known_hosts file, by its permissions."""
    if os.path.lexists(path):
        return os.access(path, os.W_OK) and not path.is_dir()
    above = next(each for each in path.absolute().parents if os.path.lexists(each))
    return above.is_dir() and os.access(above, os.W_OK)


def hashed(name: str) -> str:
    """Return ``name`` as HashKnownHosts writes it: it can be looked up, and not read."""
    salt = os.urandom(20)
    digest = hmac.digest(salt, name.lower().encode(), "sha1")
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


def fingerprint(blob: bytes) -> str:
    """Return a public key's fingerprint, as ``ssh-keygen -l`` prints it."""
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return f"SHA256:{digest}"


def key_of(kind: str, text: str) -> bytes:
    """Return a key's wire form from its base64; raise ``ValueError`` if it is no such key."""
    blob = _unbase64(text)
    size = int.from_bytes(blob[:4], "big")
    if blob[4 : 4 + size] != kind.encode():
        raise ValueError(f"no {kind} key")
    return blob


def _parse(path: Path, number: int, line: bytes) -> KnownKey | None:
    """Return what a line says; ``None`` for a comment, an empty line and one that is no good."""
    if len(line) > MAX_LINE:
        return None
    words = line.decode("utf-8", "replace").split()
    marker = words.pop(0)[1:] if words and words[0].startswith("@") else ""
    if len(words) < 3 or words[0].startswith("#") or marker not in MARKERS:
        return None
    names, kind, text = words[:3]
    try:
        return KnownKey(path, number, marker, kind, key_of(kind, text), names)
    except ValueError:
        return None


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("no base64") from error
