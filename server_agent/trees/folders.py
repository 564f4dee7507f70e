"""Reaching what is in a tree through open folders, none of which was a link when it was opened."""

from __future__ import annotations

import os
from typing import List

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

MOST_OPEN = 16
"""Folders that stay open on the way to a deep one."""
_CLOSED = -1


class Folders:
    """The folders of a tree; the way to the last one asked for stays open.

    So paths in order cost one ``open`` a folder, and a process that swaps a folder for a link at
    the wrong moment gets nothing read or written elsewhere. Only the root is opened by name. Of a
    deep path only the last folders stay open: a process may not have many handles.
    """

    def __init__(self, root: str, *, through_links: bool = True) -> None:
        flags = FOLDER & ~os.O_NOFOLLOW if through_links else FOLDER
        self._fds = [os.open(root, flags)]
        """One for each of the parts, after the root's; ``_CLOSED`` on the way to a deep one."""
        self._parts: List[str] = []
        self._path = ""

    def at(self, folder: str) -> int:
        """Return the open folder at a path; valid until the next call. Raises ``OSError``."""
        if folder == self._path:
            return self._fds[-1]
        parts = folder.split("/") if folder else []
        same = 0
        for mine, other in zip(self._parts, parts):
            if mine != other:
                break
            same += 1
        if self._fds[same] == _CLOSED:
            same = 0
        self._leave(same)
        for part in parts[same:]:
            self._fds.append(self._enter(part))
            self._parts.append(part)
            self._path = f"{self._path}/{part}" if self._path else part
            far = len(self._parts) - MOST_OPEN
            if far > 0 and self._fds[far] != _CLOSED:
                os.close(self._fds[far])
                self._fds[far] = _CLOSED
        return self._fds[-1]

    def forget(self) -> None:
        """Go back to the root: what was open may have been moved or replaced."""
        self._leave(0)

    def close(self) -> None:
        """Close everything."""
        self._leave(0)
        os.close(self._fds.pop())

    def __enter__(self) -> Folders:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _enter(self, name: str) -> int:
        return os.open(name, FOLDER, dir_fd=self._fds[-1])

    def _leave(self, depth: int) -> None:
        while len(self._parts) > depth:
            self._parts.pop()
            handle = self._fds.pop()
            if handle != _CLOSED:
                os.close(handle)
        # Not the folder that was asked for last any more, until the next one is reached.
        self._path = "/".join(self._parts)


class MadeFolders(Folders):
    """Folders that are made where they are missing."""

    def __init__(self, root: str, mode: int = 0o777) -> None:
        super().__init__(root)
        self._mode = mode

    def _enter(self, name: str) -> int:
        try:
            return super()._enter(name)
        except FileNotFoundError:
            try:
                os.mkdir(name, self._mode, dir_fd=self._fds[-1])
            except FileExistsError:
                pass  # made by another meanwhile: whether it is a folder, opening it says
            return super()._enter(name)


def split(path: str) -> "tuple[str, str]":
    """Return the folder of a path, and the name in it."""
    folder, _, name = path.rpartition("/")
    return folder, name
