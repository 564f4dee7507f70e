"""Looks at folders of this machine, for the picker of the new-project dialog."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

SHOWN = 200


@dataclass(frozen=True)
class Listing:
    """What the picker shows for a text that was typed."""

    base: Path
    """The folder whose subfolders are listed."""
    names: tuple[str, ...]
    """Subfolders that begin with what was typed after the last slash."""
    flakes: frozenset[str]
    """Those of them that have a flake.nix of their own."""


def listing(text: str) -> Listing:
    """Return the subfolders that complete ``text``; nothing readable gives an empty list."""
    typed = text.strip() or "~/"
    if typed == "~" or typed.startswith("~/"):
        typed = f"{Path.home()}{typed[1:]}"
    head, _, prefix = typed.rpartition("/")
    base = Path(head or "/") if "/" in typed else Path.cwd()
    if "/" not in typed:
        prefix = typed
    try:
        entries = [entry for entry in os.scandir(base) if _shown(entry, prefix)]
    except OSError:
        return Listing(base, (), frozenset())
    names = sorted((entry.name for entry in entries), key=str.lower)[:SHOWN]
    flakes = frozenset(name for name in names if (base / name / "flake.nix").is_file())
    names.sort(key=lambda name: name not in flakes)
    return Listing(base, tuple(names), flakes)


def _shown(entry: os.DirEntry[str], prefix: str) -> bool:
    if not entry.name.lower().startswith(prefix.lower()):
        return False
    if entry.name.startswith(".") and not prefix.startswith("."):
        return False
    try:
        return entry.is_dir()
    except OSError:
        return False


def shown(path: Path) -> str:
    """Return a folder as it is typed, with ``~`` for the home folder and a slash at the end."""
    home = str(Path.home())
    text = str(path)
    if text == home:
        return "~/"
    return (f"~{text[len(home) :]}" if text.startswith(f"{home}/") else text).rstrip("/") + "/"
