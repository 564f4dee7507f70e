"""Removing trees that make it hard: folders that nobody may write to, or that go very deep.

What is mounted in one belongs to another disk, folder or machine: such a tree stays as it is. What is
mounted there while the tree is being removed is not gone into.
"""

from __future__ import annotations

import os
import re
import stat
from typing import Optional

MOUNTS = "/proc/self/mountinfo"
_OURS = stat.S_IRWXU
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PATIENCE = 600.0  # seconds for a program that removes a tree


def mounted(path: str) -> list[str]:
    """Return the mount points in a tree: removing it would empty what is mounted there."""
    if os.path.islink(path):
        return []  # only the link goes
    real = os.fsencode(os.path.realpath(path))
    try:
        with open(MOUNTS, "rb") as file:
            lines = [line.split(b" ") for line in file.read().split(b"\n")]
    except OSError:
        return []
    places = {unescaped(words[4]) for words in lines if len(words) > 4}
    below = real.rstrip(b"/") + b"/"
    return sorted(os.fsdecode(at) for at in places if at == real or at.startswith(below))


def unescaped(text: bytes) -> bytes:
    r"""Return a name as it is: the kernel writes blanks and backslashes in it as ``\040``."""
    return re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), text)


def _kept(path: str) -> str:
    places = mounted(path)
    return f"{places[0]} is mounted in it" if places else ""


def tree(path: str) -> str:
    """Remove a tree of our own; return why something of it is left, "" when nothing is."""
    if why := _kept(path):
        return why
    if not _tried(path):
        return ""
    _open_up(path)
    if not _tried(path):
        return ""
    return _by_program([], path)


def as_owner(path: str, argv: list[str]) -> str:
    """Remove a tree by ``argv``, which has more rights; return why something is left."""
    return _by_program(argv, path)


def _tried(path: str) -> bool:
    # Says whether something is left.
    try:
        if stat.S_ISDIR(os.lstat(path).st_mode):
            folder = os.open(path, _FOLDER)
            try:
                _empty(folder, os.fstat(folder).st_dev)
            finally:
                os.close(folder)
            os.rmdir(path)
        else:
            os.unlink(path)
    except (OSError, RecursionError):
        pass
    return os.path.lexists(path)


def _empty(folder: int, disk: int) -> None:
    # Leaves what can't be removed, and what was mounted meanwhile: the folder that was listed is
    # not the one that is opened then. Where that is so for another reason, the program sees to it.
    with os.scandir(folder) as entries:
        found = [
            (entry.name, entry.inode() if entry.is_dir(follow_symlinks=False) else None)
            for entry in entries
        ]
    for name, number in found:
        try:
            if number is not None:
                inner = os.open(name, _FOLDER, dir_fd=folder)
                try:
                    there = os.fstat(inner)
                    if (there.st_dev, there.st_ino) == (disk, number):
                        _empty(inner, disk)
                finally:
                    os.close(inner)
                os.rmdir(name, dir_fd=folder)
            else:
                os.unlink(name, dir_fd=folder)
        except OSError:
            continue


def _open_up(top: str) -> None:
    # Folders only: a file's other name may be in a folder of the user's, and its mode is the same.
    waiting = [top]
    disk: Optional[int] = None
    while waiting:
        path = waiting.pop()
        try:
            found = os.lstat(path)
            disk = found.st_dev if disk is None else disk
            if not stat.S_ISDIR(found.st_mode) or found.st_dev != disk:
                continue
            if found.st_mode & _OURS != _OURS:
                os.chmod(path, stat.S_IMODE(found.st_mode) | _OURS)
            with os.scandir(path) as entries:
                waiting += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue  # somebody else's, or too deep for a path: the program says so


def _by_program(argv: list[str], path: str) -> str:
    from server_agent.adapters import programs

    why = ""
    # Not every rm has that option; and parts of a disk (btrfs's subvolumes) look like other disks.
    for option in (["--one-file-system"], []):
        if kept := _kept(path):
            return kept
        try:
            why = programs.run([*argv, "rm", "-rf", *option, "--", path], _PATIENCE).reason
        except OSError as error:
            return f"{[*argv, 'rm'][0]}: {error.strerror}"
        if not os.path.lexists(path):
            return ""
    return why
