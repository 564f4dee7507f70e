"""What is not taken of a folder, and which rule says so."""

# Paths are strings here: there are many of them, and not all are UTF-8.
# ruff: noqa: PTH111, PTH117, PTH118

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mnix_tui.sync import git
from mnix_tui.sync.checkignore import CheckIgnore
from mnix_tui.sync.gitdirs import unit_of
from mnix_tui.sync.model import Ignored
from mnix_tui.sync.why import Why

if TYPE_CHECKING:
    from server_agent.trees.index import Index

NAMED = 200
"""Paths that are named with their rules."""
_COUNTED = 100_000


def ignored(root: str, index: Index) -> tuple[tuple[Ignored, ...], int]:
    """Return what the rules leave out, and how many more than those there are. Blocks."""
    paths: list[str] = []
    for folder in index.folders():
        if unit_of(folder):
            continue
        prefix = f"{folder}/" if folder else ""
        paths += [
            prefix + item.name + ("/" if item.kind == "j" else "")
            for item in index.items(folder)
            if item.kind in ("i", "j")
        ]
        if len(paths) >= _COUNTED:
            break
    paths.sort(key=lambda path: (path.count("/", 0, -1), path))
    named = paths[:NAMED]
    if not named:
        return (), 0
    reasons = _Reasons(root)
    try:
        found = tuple(reasons.of(path) for path in named)
    finally:
        reasons.close()
    return found, len(paths) - len(named)


class _Reasons:
    def __init__(self, root: str) -> None:
        self._root = root
        self._why = Why(root)
        self._asking: dict[str, CheckIgnore | None] = {}

    def of(self, path: str) -> Ignored:
        """Return which rule leaves ``path`` out."""
        if rule := self._why.mine(path):
            return Ignored(path, *rule)
        repo = self._repo(path.rstrip("/").rpartition("/")[0])
        if repo is None:
            return Ignored(path, *(self._why.files(path) or ("", "")))
        folder, asking = repo
        below = path[len(folder) + 1 :] if folder else path
        try:
            (said,) = asking.ask([below.rstrip("/")])
        except OSError:
            asking.close()
            return Ignored(path)
        if not said.source:
            return Ignored(path)
        source = said.source
        if os.path.isabs(source):
            source = _short(source, self._root)
        elif folder:
            source = f"{folder}/{source}"
        return Ignored(path, said.pattern, f"{source}:{said.line}")

    def close(self) -> None:
        """End the git that was asked."""
        for asking in self._asking.values():
            if asking is not None:
                asking.close()

    def _repo(self, folder: str) -> tuple[str, CheckIgnore] | None:
        """Return the repository that a folder is in, as its path below the root."""
        while folder and not os.path.lexists(os.path.join(self._root, folder, ".git")):
            folder = folder.rpartition("/")[0]
        full = os.path.join(self._root, folder) if folder else self._root
        if folder not in self._asking:
            inside = bool(folder) or git.top(full) is not None
            self._asking[folder] = CheckIgnore(full, tracked=False) if inside else None
        asking = self._asking[folder]
        return None if asking is None else (folder, asking)


def _short(source: str, root: str) -> str:
    inside = os.path.relpath(source, root)
    home = os.path.expanduser("~")
    if not inside.startswith(".."):
        return inside
    return "~" + source[len(home) :] if source.startswith(home + os.sep) else source
