"""What is in a tree now, looked at through folders that are no links."""

from __future__ import annotations

import os
import stat
from typing import List, Optional

from server_agent.trees import digest
from server_agent.trees.folders import READ, Folders, split
from server_agent.trees.index import Index
from server_agent.trees.model import FILE, FOLDER, LINK, State

OTHER = "?"
"""The kind of what is neither a file nor a link nor a folder."""


class There:
    """A tree as it is; ``index`` saves reading files that it knows."""

    def __init__(self, root: str, index: Optional[Index] = None) -> None:
        self._folders = Folders(root)
        self._index = index

    def close(self) -> None:
        """Close what is open."""
        self._folders.close()

    def find(self, path: str) -> Optional[State]:
        """Return the state of a path; None where nothing is. Raises ``OSError``."""
        info = self.lstat(*split(path))
        return None if info is None else self.state(path, info)

    def names(self, folder: str) -> List[str]:
        """Return the names in a folder. Raises ``OSError``."""
        return os.listdir(self._folders.at(folder))

    def writable(self, folder: str) -> bool:
        """Say whether names can be made and removed in a folder. Raises ``OSError``."""
        effective = os.access in os.supports_effective_ids
        at = self._folders.at(folder)
        return os.access(".", os.W_OK | os.X_OK, dir_fd=at, effective_ids=effective)

    def lstat(self, folder: str, name: str) -> Optional[os.stat_result]:
        """Return what is at a name; None where nothing is, or its folder is none."""
        try:
            return os.lstat(name, dir_fd=self._folders.at(folder))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def state(self, path: str, info: os.stat_result) -> State:
        """Return the state for a stat; a content is read unless the index knows that very file."""
        if stat.S_ISDIR(info.st_mode):
            return State(FOLDER, 0, 0, 0, "")
        folder, name = split(path)
        at = self._folders.at(folder)
        if stat.S_ISLNK(info.st_mode):
            return State(LINK, 0, 0, info.st_mtime_ns, os.readlink(name, dir_fd=at))
        if not stat.S_ISREG(info.st_mode):
            return State(OTHER, 0, 0, 0, "")
        value = self._known(path, info)
        if not value:
            handle = os.open(name, READ, dir_fd=at)
            try:
                value, _ = digest.hash_file(handle, info.st_size)
            finally:
                os.close(handle)
        return State(FILE, info.st_mode & 0o777, info.st_size, info.st_mtime_ns, value)

    def _known(self, path: str, info: os.stat_result) -> str:
        item = None if self._index is None else self._index.find(path)
        if item is None or item.kind != FILE:
            return ""
        known = (item.mode, item.size, item.mtime, item.ctime, item.inode)
        mode, times = info.st_mode & 0o777, (info.st_mtime_ns, info.st_ctime_ns)
        return item.value if known == (mode, info.st_size, *times, info.st_ino) else ""
