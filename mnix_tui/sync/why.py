"""Which rule leaves something out, where no git is asked."""

# Paths are strings here: there are many of them, and not all are UTF-8.
# ruff: noqa: PTH113, PTH114, PTH118, PTH123

from __future__ import annotations

import os

from pathspec import GitIgnoreSpec

from mnix_tui.sync.ignore import MINE


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
