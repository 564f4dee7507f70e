"""Which folder a flake belongs to, and which flakes a folder has."""

# Paths are strings here: there are many of them, and not all are UTF-8.
# ruff: noqa: PTH100, PTH118

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from mnix_tui.errors import NotFound, UsageError
from mnix_tui.sync import git

FLAKE = "flake.nix"
_SKIP = {".git", ".direnv", "node_modules", ".venv", "result", "target", "__pycache__"}
_DEPTH = 3
_ENOUGH = 5000
"""Folders to look through at most: a home folder is not searched to its end."""


@dataclass(frozen=True)
class Root:
    """A folder to send, and its flake."""

    folder: Path
    flake: str
    """The flake's path below the folder, with forward slashes."""


def find_root(flake: Path, folder: Path | None = None) -> Root:
    """Return what to send for a flake: the whole repository around it, or ``folder``.

    ``flake`` is a flake.nix, or a folder that holds one. Outside of a repository it is the
    current folder if the flake is below it (and it is not the home folder), else the flake's own
    folder.
    """
    flake = Path(os.path.abspath(flake.expanduser()))
    below = folder is not None and flake.is_relative_to(folder)
    if flake.is_dir():
        flake = flake / FLAKE
    if not flake.is_file():
        counted = f"the flake's path counts from {folder}" if below else ""
        hint = "name another one with -f, or make one here"
        raise NotFound(f"There is no {flake}", counted, hint)
    if flake.name != FLAKE:
        raise UsageError(f"{flake} is not a flake", "its file is called flake.nix")
    if folder is None:
        folder = _around(flake.parent)
    folder = Path(os.path.abspath(folder.expanduser()))
    if not flake.is_relative_to(folder):
        raise UsageError(f"{flake} is not in {folder}", "a project's flake lies in its folder")
    return Root(folder, flake.relative_to(folder).as_posix())


def find_flakes(folder: Path) -> list[str]:
    """Return the flakes of a folder as relative paths, the likeliest first. Blocks."""
    root = os.fspath(folder)
    found: list[str] = []
    for seen, (base, folders, files) in enumerate(os.walk(root)):
        depth = os.path.relpath(base, root).count("/") + 1 if base != root else 0
        keep = sorted(name for name in folders if name not in _SKIP and not name.startswith("."))
        folders[:] = keep if depth < _DEPTH and seen < _ENOUGH else []
        if FLAKE in files:
            found.append(os.path.relpath(os.path.join(base, FLAKE), root))
    return sorted(found, key=_likeliness)


def _likeliness(path: str) -> tuple[int, int, str]:
    parts = path.split("/")
    return (len(parts), 0 if parts[0] in ("nix", "dev") else 1, path)


def _around(folder: Path) -> Path:
    top = git.top(os.fspath(folder))
    if top is not None:
        return Path(top)
    here = Path(os.path.abspath(os.curdir))
    # A home folder (or one around it) is no project, even when the flake is somewhere in it.
    whole = folder.is_relative_to(here) and not Path.home().is_relative_to(here)
    return here if whole else folder
