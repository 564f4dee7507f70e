"""Which folders of a workspace changed since one last looked: told by inotify, else by the clock."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterable
from typing import Any, Callable, Optional

MOST = 8192
"""Folders that are watched at most: with more of them, one looks every now and then."""
POLL = 2.0
"""Seconds between two looks, at least, where nothing tells of changes."""
COST = 10.0
"""How many times as long as a look takes one waits for the next, then."""
RULES = (".gitignore", ".mnixignore", ".gitmodules")
"""Names of files after whose change other files may count."""
OURS = ".mnix"

_EVENT = struct.Struct("iIII")
_BUFFER = 256 << 10
_MODIFY, _ATTRIB, _CLOSE_WRITE, _MOVED, _CREATE, _DELETE = 0x2, 0x4, 0x8, 0xC0, 0x100, 0x200
_DELETE_SELF, _MOVE_SELF = 0x400, 0x800
_OVERFLOW, _IGNORED = 0x4000, 0x8000
_ONLYDIR, _DONT_FOLLOW, _EXCL_UNLINK = 0x01000000, 0x02000000, 0x04000000
_WANTED = (
    _MODIFY | _ATTRIB | _CLOSE_WRITE | _MOVED | _CREATE | _DELETE | _DELETE_SELF | _MOVE_SELF
    | _ONLYDIR | _DONT_FOLLOW | _EXCL_UNLINK
)  # fmt: skip
_FLAGS = 0o2004000  # IN_CLOEXEC | IN_NONBLOCK


class Watch:
    """Watches folders below ``root``; ``skipped(folder, name)`` says whose changes don't count."""

    def __init__(self, root: str, skipped: Callable[[str, str], bool] = lambda *_: False) -> None:
        self._root = root
        self._skipped = skipped
        self._folders: dict[int, str] = {}
        self._handles: dict[str, int] = {}
        self._dirty: set[str] = set()
        self._all = False
        self._next = 0.0
        self._libc: Any = None
        self.handle = self._open()
        """What becomes readable when something changed; -1 where one has to look."""

    @property
    def polls(self) -> bool:
        """Whether nothing tells of changes."""
        return self.handle < 0

    def follow(self, folders: Iterable[str]) -> set[str]:
        """Watch these folders and no others; return those that were not watched before.

        What happened in them until now is not known: they are worth another look.
        """
        if self.polls:
            return set()
        wanted = set(folders)
        if len(wanted) > MOST:
            self.close()
            return set()
        fresh = {folder for folder in wanted - self._handles.keys() if self._add(folder)}
        for folder in self._handles.keys() - wanted:
            self._drop(folder)
        return fresh

    def looked(self, seconds: float) -> None:
        """Note how long a look at everything took: where one polls, the next one waits for it."""
        self._next = time.monotonic() + max(POLL, COST * seconds)

    def wait(self) -> Optional[float]:
        """Return in how many seconds one should look; ``None``: when ``handle`` is readable."""
        return max(0.0, self._next - time.monotonic()) if self.polls else None

    def take(self) -> Optional[set[str]]:
        """Return the folders that changed since the last call; ``None``: all of them may have."""
        if self.polls:
            return None if time.monotonic() >= self._next else set()
        while not self._all:
            try:
                data = os.read(self.handle, _BUFFER)
            except BlockingIOError:
                break
            self._feed(data)
        dirty, everything = self._dirty, self._all
        self._dirty, self._all = set(), False
        return None if everything else dirty

    def close(self) -> None:
        """Stop watching; from now on it polls."""
        if not self.polls:
            os.close(self.handle)
        self.handle = -1
        self._folders, self._handles = {}, {}

    def _open(self) -> int:
        try:
            import ctypes

            self._libc = ctypes.CDLL(None, use_errno=True)
            return int(self._libc.inotify_init1(_FLAGS))
        except (ImportError, OSError, AttributeError):
            return -1  # no Linux, or a Python without it

    def _add(self, folder: str) -> bool:
        if self.polls:
            return False
        path = os.fsencode(os.path.join(self._root, folder) if folder else self._root)
        mask = _WANTED & ~_DONT_FOLLOW if not folder else _WANTED
        number = int(self._libc.inotify_add_watch(self.handle, path, mask))
        if number < 0:
            import ctypes
            import errno

            if ctypes.get_errno() in (errno.ENOSPC, errno.ENOMEM):
                self.close()  # the machine allows no more of them
            return False
        # A folder that was renamed keeps its number.
        if self._folders.get(number) is not None:
            self._handles.pop(self._folders[number], None)
        self._folders[number] = folder
        self._handles[folder] = number
        return True

    def _drop(self, folder: str) -> None:
        number = self._handles.pop(folder)
        if self._folders.get(number) == folder:
            del self._folders[number]
            self._libc.inotify_rm_watch(self.handle, number)

    def _feed(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            number, mask, _, length = _EVENT.unpack_from(data, at)
            at += _EVENT.size + length
            if mask & _OVERFLOW:
                self._all = True
                continue
            folder = self._folders.get(number)
            if folder is None:
                continue
            name = os.fsdecode(data[at - length : at].rstrip(b"\0"))
            if mask & _IGNORED:  # it is gone
                del self._folders[number]
                if self._handles.get(folder) == number:
                    del self._handles[folder]
            self._note(folder, name)

    def _note(self, folder: str, name: str) -> None:
        if name in RULES:
            self._all = True
        elif not name and folder:
            self._dirty.add(folder.rpartition("/")[0])
            self._dirty.add(folder)
        elif not (name == OURS and not folder) and not (name and self._skipped(folder, name)):
            self._dirty.add(folder)
