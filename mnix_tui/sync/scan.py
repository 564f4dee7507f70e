"""The list of files to send: what git would track, else what .gitignore leaves.

In a repository git itself decides (tracked, and untracked but not ignored; also what its
submodules and nested repositories hold). Elsewhere, and where git can't be asked, the .gitignore
files of every level do. ``.git`` is never sent. A symbolic link is sent as a link.
"""

# Paths are strings here: there are many of them, and not all are UTF-8.
# ruff: noqa: PTH115, PTH116, PTH118, PTH208

from __future__ import annotations

import os
import posixpath
import stat
from typing import TYPE_CHECKING

from mnix_tui.errors import SyncError
from mnix_tui.sync import git, ignore
from mnix_tui.sync.model import Entry, Scan

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_SPECIAL = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_SECRET_NAMES = (".env", ".envrc.local", "id_rsa", "id_ed25519", ".netrc", "credentials.json")
_HEAVY = ("node_modules", ".venv", "target", "__pycache__")
_MANY = 1000
"""Files in a folder that is usually ignored, from which on it is worth a word."""


def scan(folder: Path) -> Scan:
    """List what would be sent of ``folder``. Blocks; raises ``SyncError``."""
    try:
        found = os.stat(folder)
        os.listdir(folder)
    except OSError as error:
        raise SyncError(
            f"{folder} can't be read", error.strerror or str(error), "is it still there?"
        ) from error
    if not stat.S_ISDIR(found.st_mode):
        raise SyncError(f"{folder} is not a folder")
    root = os.fspath(folder)
    notes: list[str] = []
    paths = git.list_files(root, notes)
    if paths is None:
        paths = ignore.walk(root, notes)
    entries = [entry for path in sorted(set(paths)) if (entry := _entry(root, path, notes))]
    return Scan(tuple(entries), (*notes, *_odd(entries)))


def _entry(root: str, path: str, notes: list[str]) -> Entry | None:
    full = os.path.join(root, path)
    try:
        found = os.lstat(full)
        if stat.S_ISLNK(found.st_mode):
            return _link(path, os.readlink(full), int(found.st_mtime), notes)
    except (FileNotFoundError, NotADirectoryError):
        return None  # git tracks it, and it was deleted: the server keeps its own
    except OSError as error:
        raise SyncError(f"{path} can't be read", error.strerror or str(error)) from error
    if stat.S_ISREG(found.st_mode):
        return Entry(path, found.st_size, found.st_mode & 0o777, int(found.st_mtime))
    if what := _SPECIAL.get(stat.S_IFMT(found.st_mode)):
        notes.append(f"{path} was left out: it is {what}")
    return None


def _link(path: str, target: str, mtime: int, notes: list[str]) -> Entry | None:
    """Return a link that stays inside the folder; the server refuses others."""
    inside = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    if target.startswith("/") or inside == ".." or inside.startswith("../"):
        notes.append(f"{path} was left out: it is a link that points out of the folder")
        return None
    return Entry(path, 0, 0o777, mtime, target)


def _odd(entries: Iterable[Entry]) -> list[str]:
    """Say what is probably not meant to be sent."""
    notes = []
    counts: dict[str, int] = {}
    for entry in entries:
        *parents, name = entry.path.split("/")
        if name in _SECRET_NAMES or (name.startswith(".env.") and name != ".env.example"):
            notes.append(f"{entry.path} is sent, and may hold secrets: .gitignore can leave it out")
        for heavy in set(parents).intersection(_HEAVY):
            counts[heavy] = counts.get(heavy, 0) + 1
    notes += [
        f"{count} files in {name} folders are sent: .gitignore can leave them out"
        for name, count in counts.items()
        if count >= _MANY
    ]
    return notes
