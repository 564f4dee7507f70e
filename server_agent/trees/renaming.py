"""Looking and moving by names in open folders."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import Optional

from server_agent.trees.kept import copy, shortened


def lstat_at(folder: int, name: str) -> Optional[os.stat_result]:
    """Return what is at a name; None where nothing is."""
    try:
        return os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return None


def rename_over(source: int, target: int, name: str) -> None:
    """Move a file or link to the same name in another folder, over what is there."""
    try:
        os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # Another file system is mounted there: a copy beside it first. It has the same name when
        # it is made again after a cut.
        info = os.lstat(name, dir_fd=source)
        beside = f".{shortened(name)}.{info.st_ino:x}-{info.st_mtime_ns & 0xFFFFFF:x}.mnix"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside, dir_fd=target)
        try:
            copy(source, name, target, beside, info)
            os.rename(beside, name, src_dir_fd=target, dst_dir_fd=target)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(beside, dir_fd=target)
            raise
        os.unlink(name, dir_fd=source)


def move_in(source: int, target: int, name: str) -> bool:
    """Move a file or link to a place that is free; say False when it no longer is."""
    try:
        os.link(name, name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError:
        # No links on this file system: between a look and a rename something could come.
        if lstat_at(target, name) is not None:
            return False
        rename_over(source, target, name)
        return True
    os.unlink(name, dir_fd=source)
    return True
