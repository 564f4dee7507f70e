"""Ignore rules without git: ``.mnixignore``, which is on top of all others, and .gitignore files."""

# Paths are strings here: there are many of them, and not all are UTF-8.
# ruff: noqa: PTH113, PTH114, PTH118, PTH123

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pathspec import GitIgnoreSpec

from mnix_tui.errors import SyncError

if TYPE_CHECKING:
    from server_agent.trees.patterns import Rules

Level = tuple[str, GitIgnoreSpec]
"""A folder's path, with a slash at its end (or ""), and its rules."""


MINE = ".mnixignore"
_LARGEST = 1 << 20


class OnTop:
    """What ``.mnixignore`` at the root says. It has the last word."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    @classmethod
    def read(cls, root: str, notes: list[str]) -> OnTop | None:
        """Read it; ``None`` when there is none."""
        path = os.path.join(root, MINE)
        if os.path.islink(path) or not os.path.isfile(path):
            return None
        from server_agent.trees.patterns import Rules, lines_of

        try:
            with open(path, "rb") as file:
                return cls(Rules(lines_of(file.read(_LARGEST))))
        except OSError as error:
            notes.append(f"{MINE} was not used: {error.strerror or error}")
            return None

    def says(self, path: str, is_folder: bool) -> bool | None:
        """Say whether ``path`` is taken; ``None``: others decide."""
        left_out = self._rules.ignores(path, is_folder)
        return None if left_out is None else not left_out


class Why:
    """Tells which rule of the files in a folder leaves something out."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._files: dict[str, tuple[list[str], GitIgnoreSpec]] = {}

    def mine(self, path: str) -> tuple[str, str] | None:
        """Return the rule of ``.mnixignore`` for ``path`` (a folder ends in a slash), and where
        it is; ``None`` when none leaves it out."""
        return self._by([MINE], path)

    def files(self, path: str) -> tuple[str, str] | None:
        """Return the rule of a .gitignore file for ``path``, and where it is."""
        parts = path.rstrip("/").split("/")
        depths = reversed(range(len(parts)))
        return self._by(["/".join([*parts[:depth], ".gitignore"]) for depth in depths], path)

    def _by(self, files: list[str], path: str) -> tuple[str, str] | None:
        for file in files:
            if file not in self._files:
                lines = _read(os.path.join(self._root, file))
                self._files[file] = lines, GitIgnoreSpec.from_lines(lines)
            lines, spec = self._files[file]
            base = file.rpartition("/")[0]
            found = spec.check_file(path[len(base) + 1 :] if base else path)
            if found.include is not None and found.index is not None:
                rule = (lines[found.index].strip(), f"{file}:{found.index + 1}")
                return rule if found.include else None
        return None


def _read(path: str) -> list[str]:
    if os.path.islink(path) or not os.path.isfile(path):
        return []  # git follows no link here either
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read().splitlines()
    except (OSError, ValueError):
        return []


def walk(root: str, notes: list[str]) -> list[str]:
    """Return the paths below ``root`` that no .gitignore leaves out, ``.git`` excepted."""
    found: list[str] = []
    todo: list[tuple[str, tuple[Level, ...]]] = [("", ())]
    while todo:
        base, levels = todo.pop()
        levels = (*levels, *_rules(root, base, notes))
        try:
            with os.scandir(os.path.join(root, base)) as listing:
                children = [(each.name, each.is_dir(follow_symlinks=False)) for each in listing]
        except OSError as error:
            if base:
                raise SyncError(
                    f"{base} can't be read",
                    error.strerror or str(error),
                    "make it readable, or add it to .gitignore",
                ) from error
            raise SyncError(f"{root} can't be read", error.strerror or str(error)) from error
        for name, is_folder in children:
            path = base + name + ("/" if is_folder else "")
            if name == ".git" or ignored(path, levels):
                continue
            if is_folder:
                todo.append((path, levels))
            else:
                found.append(path)
    return found


def ignored(path: str, levels: tuple[Level, ...]) -> bool:
    """Say whether the rules leave ``path`` out: the deepest level that has an opinion decides."""
    for base, spec in reversed(levels):
        verdict = spec.check_file(path[len(base) :]).include
        if verdict is not None:
            return verdict
    return False


def _rules(root: str, base: str, notes: list[str]) -> list[Level]:
    path = os.path.join(root, base, ".gitignore")
    if os.path.islink(path) or not os.path.isfile(path):
        return []  # git follows no link here either
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return [(base, GitIgnoreSpec.from_lines(file.read().splitlines()))]
    except (OSError, ValueError) as error:
        notes.append(f"{base}.gitignore was not used: {error}")
        return []
