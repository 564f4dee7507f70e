"""Digests of single files, when somebody asks for them."""

from __future__ import annotations

import os
import stat
import time
from typing import Dict, Iterable, Optional, Tuple

from server_agent.trees import looking
from server_agent.trees.digest import Blocks
from server_agent.trees.index import Index
from server_agent.trees.looking import READ_FILE, READ_FOLDER, STATS
from server_agent.trees.model import FILE, parent
from server_agent.trees.packed import Item


def hash_now(
    root: str, index: Index, paths: Iterable[str], blocks: Optional[Dict[str, Blocks]] = None
) -> Dict[str, Optional[str]]:
    """Return the digests of files; ``None`` for what is no file, is gone, or can't be read.

    What the index knows of an unchanged file is believed, and what is found out is kept there
    (if the file is the one that the last scan saw; else the next one will tell). The block lists
    of large files that were read go to ``blocks``.
    """
    found: Dict[str, Optional[str]] = {}
    walk = _Walk(root)
    try:
        for path in sorted(paths):
            try:
                found[path] = _digest(walk, index, path, blocks)
            except OSError:
                found[path] = None
    finally:
        walk.close()
    return found


def _digest(
    walk: _Walk, index: Index, path: str, blocks: Optional[Dict[str, Blocks]]
) -> Optional[str]:
    handle = walk.open(parent(path))
    now = time.time_ns()
    file = os.open(path.rpartition("/")[2], READ_FILE, dir_fd=handle)
    try:
        stats = looking.plain(STATS(os.fstat(file)))
        if not stat.S_ISREG(stats[0]):
            return None
        item = index.find(path)
        known = item if item is not None and item.kind == FILE else None
        if known and known.value and _stats(known) == stats[1:]:
            return known.value
        after, value, list_ = looking.read(file, stats)
    finally:
        os.close(file)
    if list_ and blocks is not None:
        blocks[value] = list_
    # A file that the last scan did not see like this is for the next one to find.
    if (
        known
        and not known.value
        and _stats(known)[:3] == after[1:4]
        and known.ctime in (0, after[4])
    ):
        ctime = looking.doubted(after, now)[4]
        index.refresh(path, known._replace(value=value, ctime=ctime))
    return value


def _stats(item: Item) -> Tuple[int, int, int, int]:
    return item.inode, item.size, item.mtime, item.ctime


class _Walk:
    """Opens folders below a root without following links; the last one stays open."""

    def __init__(self, root: str) -> None:
        self._root = os.open(root, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
        self._at: Tuple[str, int] = ("", os.dup(self._root))

    def open(self, folder: str) -> int:
        """Return a handle of ``folder``, good until the next call. Raises ``OSError``."""
        if folder != self._at[0]:
            handle = os.dup(self._root)
            try:
                for name in folder.split("/") if folder else ():
                    below = os.open(name, READ_FOLDER, dir_fd=handle)
                    os.close(handle)
                    handle = below
            except OSError:
                os.close(handle)
                raise
            os.close(self._at[1])
            self._at = folder, handle
        return self._at[1]

    def close(self) -> None:
        """Close what is open."""
        os.close(self._at[1])
        os.close(self._root)
