"""One large file on its way in: written to a part that outlives a cut, then moved to its place."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from typing import Optional

from server_agent.protocol.errors import ProtocolError
from server_agent.trees.digest import Hasher, hash_file
from server_agent.trees.folders import READ, Folders, split
from server_agent.trees.model import State
from server_agent.trees.staging import PARTS

_PIECE = 16 << 20
_OPEN = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class Arriving:
    """A large file that is received. ``trouble`` says why it can't be used, if so.

    Then what follows of it is read past: the rest of the transfer is as good as before.
    """

    def __init__(self, place: str, root: str, path: str, state: State, trouble: str = "") -> None:
        self.path = path
        self.state = state
        self.trouble = trouble
        self.fresh = 0
        """Bytes that were received, and not there before."""
        self._root = root
        self._folder = os.path.join(os.path.dirname(place), PARTS)
        self._spare = os.path.join(place, "spare")
        self._name = os.path.join(self._folder, state.value)
        self._file = -1
        self._basis = -1
        self._size = 0
        self._hasher: Optional[Hasher] = Hasher()
        self.blocks = b""
        """The block list of the whole, once it is verified."""

    def begin(self, offset: int, basis: bool) -> None:
        """Open the part, and the basis where there is to be one. Raises ``OSError``."""
        if self.trouble:
            return
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        self._file = os.open(self._name, _OPEN, 0o600)
        if not self._claimed():
            # Another transfer brings the same content just now, or has just moved it on.
            os.close(self._file)
            self._name = self._spare
            self._file = os.open(self._name, _OPEN | os.O_TRUNC, 0o600)
        self._resume(offset)
        if basis and not self.trouble:
            self._open_basis()

    def piece(self, data: bytes) -> None:
        """Take the next bytes."""
        self._room(len(data))
        if self.trouble:
            return
        if self._hasher is not None:
            self._hasher.update(data)
        self._size += len(data)
        self.fresh += len(data)
        _write(self._file, data)

    def copy(self, offset: int, length: int) -> None:
        """Take the next bytes from the basis."""
        self._room(length)
        if self.trouble:
            return
        if self._basis < 0:
            raise ProtocolError("a COPY frame comes, and no basis was named")
        if os.fstat(self._basis).st_size < offset + length:
            self.trouble = "basis"
            return
        # All of it is hashed in the end, on several cores: what was written, not what was read,
        # since the basis may be changing.
        self._hasher = None
        while length:
            done = self._copy(offset, min(length, _PIECE), self._size)
            if not done:
                self.trouble = "basis"  # it became shorter just now
                return
            self._size += done
            offset, length = offset + done, length - done

    def end(self) -> str:
        """Verify the whole; return why it can't be used, or nothing."""
        if self.trouble:
            return self.trouble
        if self._size != self.state.size:
            raise ProtocolError("a file is shorter than was announced")
        if self._hasher is None:
            value, self.blocks = hash_file(self._file)
        else:
            value, self.blocks = self._hasher.digest(), self._hasher.blocks
        if value != self.state.value:
            self.trouble = "damaged" if self._basis < 0 else "basis"
        return self.trouble

    def move(self, folder: int, name: str) -> os.stat_result:
        """Put the verified file where it is staged. Raises ``OSError``."""
        with contextlib.suppress(FileNotFoundError):
            os.lstat(name, dir_fd=folder)
            raise FileExistsError(errno.EEXIST, "two names are one here", name)
        os.utime(self._file, ns=(self.state.mtime, self.state.mtime))
        os.fchmod(self._file, self.state.mode)
        os.rename(self._name, name, dst_dir_fd=folder)
        return os.fstat(self._file)

    def drop(self) -> None:
        """Throw the part away: it is not what its name says."""
        if self._file >= 0:
            with contextlib.suppress(OSError):
                os.unlink(self._name)

    def close(self) -> None:
        """Let go of it; what came so far stays, for the next time."""
        for handle in (self._file, self._basis):
            if handle >= 0:
                os.close(handle)
        self._file = self._basis = -1

    def _claimed(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return os.path.samestat(os.fstat(self._file), os.lstat(self._name))
        except OSError:
            return False

    def _resume(self, offset: int) -> None:
        if os.fstat(self._file).st_size < offset:
            self.trouble = "part"
            return
        os.ftruncate(self._file, offset)
        at = 0
        while at < offset:
            piece = _exactly(self._file, min(1 << 20, offset - at), at)
            if not piece:
                self.trouble = "part"
                return
            assert self._hasher is not None
            self._hasher.update(piece)
            at += len(piece)
        self._size = offset
        os.lseek(self._file, offset, os.SEEK_SET)

    def _open_basis(self) -> None:
        folder, name = split(self.path)
        try:
            with Folders(self._root) as folders:
                self._basis = os.open(name, READ, dir_fd=folders.at(folder))
            if not stat.S_ISREG(os.fstat(self._basis).st_mode):
                self.trouble = "basis"
        except OSError:
            self.trouble = "basis"

    def _room(self, more: int) -> None:
        if self._size + more > self.state.size:
            if self.trouble:
                return
            raise ProtocolError("a file is longer than was announced")

    def _copy(self, offset: int, length: int, at: int) -> int:
        done = _kernel_copy(self._basis, self._file, length, offset, at)
        if done is None:
            data = os.pread(self._basis, length, offset)
            os.lseek(self._file, at, os.SEEK_SET)
            _write(self._file, data)
            done = len(data)
        os.lseek(self._file, at + done, os.SEEK_SET)
        return done


def _kernel_copy(source: int, target: int, length: int, offset: int, at: int) -> Optional[int]:
    copy = getattr(os, "copy_file_range", None)
    if copy is None:
        return None
    try:
        return int(copy(source, target, length, offset, at))
    except OSError:
        return None  # not on this file system


def _exactly(handle: int, count: int, offset: int) -> bytes:
    piece = os.pread(handle, count, offset)
    while piece and len(piece) < count:
        more = os.pread(handle, count - len(piece), offset + len(piece))
        if not more:
            break
        piece += more
    return piece


def _write(handle: int, data: bytes) -> None:
    done = os.write(handle, data)
    while done < len(data):
        done += os.write(handle, memoryview(data)[done:])
