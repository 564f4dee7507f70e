"""Removing trees that make it hard: folders that nobody may write to, or that go very deep.

What is mounted in one belongs to another disk or machine: such a tree stays as it is.
"""

from __future__ import annotations

import os
import re
import shutil
import stat

MOUNTS = "/proc/self/mountinfo"
_OURS = stat.S_IRWXU


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
    places = {_unescaped(words[4]) for words in lines if len(words) > 4}
    below = real.rstrip(b"/") + b"/"
    return sorted(os.fsdecode(at) for at in places if at == real or at.startswith(below))


def _unescaped(text: bytes) -> bytes:
    # The kernel writes spaces, tabs, line ends and backslashes by their octal numbers.
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
    return _by_program(["rm", "-rf", "--", path], path)


def as_owner(path: str, argv: list[str]) -> str:
    """Remove a tree by ``argv``, which has more rights; return why something is left."""
    return _kept(path) or _by_program([*argv, "rm", "-rf", "--", path], path)


def _tried(path: str) -> bool:
    # Says whether something is left.
    try:
        if os.path.islink(path):
            os.unlink(path)
        else:
            shutil.rmtree(path, ignore_errors=True)
    except (OSError, RecursionError):
        pass
    return os.path.lexists(path)


def _open_up(top: str) -> None:
    # Folders only: a file's other name may be in a folder of the user's, and its mode is the same.
    waiting = [top]
    while waiting:
        path = waiting.pop()
        try:
            found = os.lstat(path)
            if not stat.S_ISDIR(found.st_mode):
                continue
            if found.st_mode & _OURS != _OURS:
                os.chmod(path, stat.S_IMODE(found.st_mode) | _OURS)
            with os.scandir(path) as entries:
                waiting += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue  # somebody else's, or too deep for a path: the program says so


def _by_program(argv: list[str], path: str) -> str:
    from server_agent.adapters import programs

    try:
        done = programs.run(argv, 600)
    except OSError as error:
        return f"{argv[0]}: {error.strerror}"
    return done.reason if os.path.lexists(path) else ""
