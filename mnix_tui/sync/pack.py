"""Packing files as one tar stream in frames, without holding more than a file's piece of it."""

# Paths are strings here: there are many of them, and not all are UTF-8.
# ruff: noqa: PTH118

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
from typing import TYPE_CHECKING, BinaryIO

from mnix_tui.errors import SyncError
from server_agent.protocol.frames import MAX_PAYLOAD, Type, frame, json_frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mnix_tui.sync.model import Entry

_BLOCK = tarfile.BLOCKSIZE
_PIECE = 128 << 10


class FileChanged(SyncError):
    """A file changed while it was packed: what was sent of it is not one state of it."""


class Packer:
    """Packs entries; ``done`` counts the bytes of files, ``length`` those of the archive."""

    def __init__(self, root: str, entries: Sequence[Entry], *, strict: bool = True) -> None:
        """Pack ``entries`` of ``root``; ``strict``: a file that changes meanwhile is an error."""
        self._root = root
        self._entries = entries
        self._strict = strict
        self.done = 0
        self.length = 0
        self.members = 0
        self.changed: list[str] = []
        """The files that changed while they were sent, when that is no error."""

    def frames(self) -> Iterator[bytes]:
        """Yield CHUNK frames, and END at last. Blocks on reading; raises ``SyncError``."""
        digest = hashlib.sha256()
        buffer = bytearray()
        for piece in self._pieces():
            buffer += piece
            while len(buffer) >= MAX_PAYLOAD:
                chunk = bytes(buffer[:MAX_PAYLOAD])
                del buffer[:MAX_PAYLOAD]
                yield self._chunk(chunk, digest)
        yield self._chunk(bytes(buffer), digest)
        yield json_frame(Type.END, {"sha256": digest.hexdigest(), "members": self.members})

    def _chunk(self, data: bytes, digest: hashlib._Hash) -> bytes:
        digest.update(data)
        self.length += len(data)
        return frame(Type.CHUNK, data)

    def _pieces(self) -> Iterator[bytes]:
        for entry in self._entries:
            if entry.target is not None:
                yield _header(entry, 0)
                self.members += 1
            else:
                yield from self._file(entry)
        yield bytes(2 * _BLOCK)

    def _file(self, entry: Entry) -> Iterator[bytes]:
        try:
            handle = os.open(
                os.path.join(self._root, entry.path),
                os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK,
            )
        except (FileNotFoundError, NotADirectoryError):
            return  # deleted since it was listed: then it is not there, as if before
        except OSError as error:
            raise _unreadable(entry.path, error) from error
        with os.fdopen(handle, "rb", buffering=0) as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise FileChanged(f"{entry.path} is no longer a file")
            yield _header(entry, before.st_size)
            yield from self._content(entry.path, file, before.st_size)
            after = os.fstat(file.fileno())
        self.members += 1
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            if self._strict:
                raise FileChanged(f"{entry.path} changed while it was sent")
            self.changed.append(entry.path)

    def _content(self, path: str, file: BinaryIO, size: int) -> Iterator[bytes]:
        """Yield exactly ``size`` bytes, and what fills the last block."""
        left = size
        while left:
            try:
                piece = file.read(min(left, _PIECE))
            except OSError as error:
                raise _unreadable(path, error) from error
            if not piece:  # never filled up: that would be a file that nobody wrote
                raise FileChanged(f"{path} became shorter while it was sent")
            left -= len(piece)
            self.done += len(piece)
            yield piece
        if size % _BLOCK:
            yield bytes(_BLOCK - size % _BLOCK)


def _header(entry: Entry, size: int) -> bytes:
    info = tarfile.TarInfo(entry.path)
    info.mode = entry.mode
    info.mtime = max(0, entry.mtime)
    info.size = size
    if entry.target is not None:
        info.type = tarfile.SYMTYPE
        info.linkname = entry.target
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _unreadable(path: str, error: OSError) -> SyncError:
    reason = error.strerror or str(error)
    return SyncError(f"{path} can't be read", reason, "make it readable, or add it to .gitignore")
