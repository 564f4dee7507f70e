"""Removing trees that make it hard: folders that nobody may write to, or that go very deep."""

from __future__ import annotations

import os
import shutil
import stat

_OURS = stat.S_IRWXU


def tree(path: str) -> str:
    """Remove a tree of our own; return why something of it is left, "" when nothing is."""
    if not _tried(path):
        return ""
    _open_up(path)
    if not _tried(path):
        return ""
    return _by_program(["rm", "-rf", "--", path], path)


def as_owner(path: str, argv: list[str]) -> str:
    """Remove a tree by ``argv``, which has more rights; return why something is left."""
    return _by_program([*argv, "rm", "-rf", "--", path], path)


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
