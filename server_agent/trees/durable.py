"""Writing out what takes the place of something: a power cut could leave a file with its new name and
nothing in it, and the old one gone.

What is new replaces nothing: it is left to the system when it writes that out, or the first push
of a large tree would wait for the disk.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterable

from server_agent.trees.folders import READ
from server_agent.trees.journal import Step
from server_agent.trees.model import FILE

FEW = 64
"""Of so many each is written out alone; of more, all that their file system holds, at once."""

_LOST = (errno.EIO, errno.ENOSPC, errno.EDQUOT)
"""Errors that say that something did not get there; others, that it can't be asked for here."""


def replaces(step: Step) -> bool:
    """Say whether a step puts a file where one was."""
    return step.op == FILE and step.found is not None and step.found.kind == FILE


def contents(tree: str, steps: Iterable[Step]) -> None:
    """Write out the staged files that are to replace others. Raises ``OSError``."""
    write_out(tree, [step.path for step in steps if replaces(step)])


def write_out(root: str, paths: Collection[str]) -> None:
    """Have files and folders below ``root`` on the disk, as they are now. Raises ``OSError``."""
    if len(paths) > FEW:
        return _all(root)
    for path in paths:
        try:
            handle = os.open(os.path.join(root, path), READ)
        except OSError:
            return _all(root)  # it can't be read, or has made room for something else
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno in _LOST:
                raise
        finally:
            os.close(handle)
    return None


def _all(path: str) -> None:
    try:
        import ctypes

        call = ctypes.CDLL(None, use_errno=True).syncfs
    except (ImportError, OSError, AttributeError):
        return os.sync()
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if call(handle) and (number := ctypes.get_errno()) in _LOST:
            raise OSError(number, os.strerror(number), path)
    finally:
        os.close(handle)
    return None
