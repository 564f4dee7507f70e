"""The .gitignore rules of every level, without git."""

# Paths are strings here: there are many of them, and not all are UTF-8.
# ruff: noqa: PTH113, PTH114, PTH118, PTH123

from __future__ import annotations

import os

from pathspec import GitIgnoreSpec

from mnix_tui.errors import SyncError

Level = tuple[str, GitIgnoreSpec]
"""A folder's path, with a slash at its end (or ""), and its rules."""


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
