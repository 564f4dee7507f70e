"""Folders and repositories to look at."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from mnix_tui.sync.choosing import chooser
from server_agent.trees.scan import Scanned, scan

if TYPE_CHECKING:
    from pathlib import Path

    from mnix_tui.sync.choosing import GitChooser
    from server_agent.trees.index import Index


def make(root: Path, *paths: str) -> Path:
    """Write files with their own paths as content; a path that ends in a slash is a folder."""
    for path in paths:
        file = root / path
        if path.endswith("/"):
            file.mkdir(parents=True, exist_ok=True)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(path)
    return root


def git(folder: Path, *args: str) -> str:
    """Run git, and return what it prints."""
    settings = ["user.name=t", "user.email=t@t.invalid", "protocol.file.allow=always"]
    words = [word for setting in settings for word in ("-c", setting)]
    done = subprocess.run(
        ["git", *words, *args], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


class Looked:
    """One scan of a folder, and who chose."""

    def __init__(self, found: Scanned, rules: GitChooser) -> None:
        self.found = found
        self.rules = rules

    @property
    def notes(self) -> str:
        """All that was said."""
        return "\n".join(
            [*self.rules.notes, *(f"{each.path} {each.text}" for each in self.found.notes)]
        )


def look(root: Path, index: Index, *, dot_git: bool = True) -> Looked:
    """Scan a folder as a push does."""
    rules = chooser(os.fspath(root), index, dot_git=dot_git)
    try:
        found = scan(os.fspath(root), index, rules, eager=lambda path, size: True)
    finally:
        rules.close()
    return Looked(found, rules)


def taken(index: Index, *, inside_git: bool = False) -> set[str]:
    """Return what an index has of a tree; folders end in a slash."""
    return {
        path + ("/" if state.kind == "d" else "")
        for path, state in index.since(0)
        if state is not None and (inside_git or ".git" not in path.split("/"))
    }
