"""Files in folders that a container writes too: no link that was made there leads out of them.

Imports next to nothing: pid files are read with it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# O_NONBLOCK: a FIFO of that name must hold nobody up.
_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW


@contextmanager
def opened(top: str, *names: str, make: bool = False) -> Iterator[int]:
    """Open the folder ``names`` below ``top``, none of which may be a link. Raises ``OSError``."""
    handle = os.open(top, _FOLDER)
    try:
        for name in names:
            if make:
                try:
                    os.mkdir(name, dir_fd=handle)
                except FileExistsError:
                    pass
            inner = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=handle)
            os.close(handle)
            handle = inner
        yield handle
    finally:
        os.close(handle)


def remove(name: str, folder: int) -> None:
    """Remove a file, a link or a tree from an open folder, if it is there. Raises ``OSError``."""
    try:
        if not stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            os.unlink(name, dir_fd=folder)
            return
        for _, folders, files, inside in os.fwalk(name, topdown=False, dir_fd=folder):
            for item in files:
                os.unlink(item, dir_fd=inside)
            for item in folders:
                try:
                    os.rmdir(item, dir_fd=inside)
                except NotADirectoryError:
                    os.unlink(item, dir_fd=inside)  # a link to a folder
        os.rmdir(name, dir_fd=folder)
    except FileNotFoundError:
        pass


def read(path: str, limit: int, top: str = "") -> bytes | None:
    """Return the first ``limit`` bytes of a regular file; ``None`` when it is none.

    A link is none, unless what it leads to lies below ``top``.
    """
    try:
        if not top:
            return _regular(os.open(path, _FILE), limit)
        top = os.path.realpath(top)
        below = os.path.relpath(os.path.realpath(path), top).split(os.sep)
        if below[0] == os.pardir:
            return None
        with opened(top, *below[:-1]) as folder:
            return _regular(os.open(below[-1], _FILE, dir_fd=folder), limit)
    except (OSError, ValueError):
        return None


def _regular(handle: int, limit: int) -> bytes | None:
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        data = b""
        while len(data) < limit:
            piece = os.read(handle, limit - len(data))
            if not piece:
                break
            data += piece
        return data
    finally:
        os.close(handle)
