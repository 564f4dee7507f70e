"""One repository, asked which of the names in its folders belong to it."""

# Paths are strings here: there are many of them, and not all are UTF-8.
# ruff: noqa: PTH117, PTH118, PTH123

from __future__ import annotations

import os
import stat
import time
from typing import TYPE_CHECKING

from mnix_tui.errors import SyncError
from mnix_tui.sync import git
from mnix_tui.sync.checkignore import CheckIgnore

if TYPE_CHECKING:
    from collections.abc import Sequence

_FEW = 32
"""Names that are asked about one by one, before all of the repository is listed: that is sooner
for a new file or two, and later for many."""
_SLACK = 1.0
"""Seconds before a list was made from which on a file may be too new for it."""


class Repo:
    """One repository, for the time of one scan. No answer outlives it."""

    def __init__(self, full: str, folder: str) -> None:
        """``full`` is the path where git is run, ``folder`` the same below the root."""
        self._full = full
        self._cut = len(folder) + 1 if folder else 0
        self._asked = 0
        self._listed: git.Listed | None = None
        self._listed_at = 0.0
        self._tracked = CheckIgnore(full, tracked=True)
        self._rules = CheckIgnore(full, tracked=False)

    def probe(self) -> None:
        """Raise ``GitRefused`` if git can't or won't answer here."""
        try:
            self._tracked.ask(["a"])  # any name will do
        except OSError:
            self._list()

    def leaves_out_itself(self) -> bool:
        """Say whether the repository around the folder ignores it as a whole."""
        try:
            answer = git.run(self._full, "ls-files", "-z", "-co", "--exclude-standard", "--", ".")
            if answer:
                return False
            return git.run(self._full, "check-ignore", "--", ".") != b""
        except git.GitRefused:
            return False

    def choose(self, folder: str, names: Sequence[tuple[str, bool]]) -> set[str]:
        """Return those of ``names`` that are tracked, or not ignored."""
        prefix = f"{folder}/"[self._cut :] if folder[self._cut :] else ""
        self._asked += len(names)
        if self._asked <= _FEW and self._listed is None:
            try:
                rules = self._tracked.ask([prefix + name for name, _ in names])
            except OSError:
                self._tracked.close()  # git ends at names that it does not like; the list has them all
            else:
                return {
                    name for (name, _), rule in zip(names, rules, strict=True) if not rule.ignores
                }
        try:
            listed = self._listed or self._list()
        except git.GitRefused as error:  # it answered before: nothing is said to be ignored
            raise SyncError(
                f"git can't list the files of {self._full}", str(error), "try git status there"
            ) from error
        taken: set[str] = set()
        unlisted: list[str] = []
        for name, is_folder in names:
            path = prefix + name
            if path in listed.files or (is_folder and path in listed.folders):
                taken.add(name)
            elif is_folder or self._may_miss(path):
                unlisted.append(name)  # git has no word for empty folders
        return taken | self._not_ignored(prefix, unlisted)

    def _may_miss(self, path: str) -> bool:
        """Say whether a path that is not listed needs its own answer: a special file, or one that
        was made while the list was, and would pass for ignored ever after."""
        try:
            found = os.lstat(os.path.join(self._full, path))
        except OSError:
            return True
        # A link is listed like a file; one to nothing or to a folder, too.
        listable = stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)
        return not listable or found.st_ctime >= self._listed_at - _SLACK

    def close(self) -> None:
        """End the git that was asked."""
        self._tracked.close()
        self._rules.close()

    def _not_ignored(self, prefix: str, names: list[str]) -> set[str]:
        if not names:
            return set()
        found = set()
        for name in names:
            try:
                found |= {name for rule in self._rules.ask([prefix + name]) if not rule.ignores}
            except OSError:
                self._rules.close()  # git ends at a name that it does not like
        return found

    def _list(self) -> git.Listed:
        self._listed_at = time.time()
        self._listed = git.listed(self._full)
        return self._listed


def points_inside(root: str, folder: str) -> bool:
    """Say whether a ``.git`` file names a repository below ``root``, by a relative path."""
    try:
        with open(os.path.join(folder, ".git"), encoding="utf-8", errors="surrogateescape") as file:
            said = file.read(5000)
    except (OSError, ValueError):
        return False
    target = said.removeprefix("gitdir:").strip()
    if not said.startswith("gitdir:") or not target or os.path.isabs(target):
        return False
    top = os.path.realpath(root)
    found = os.path.realpath(os.path.join(folder, target))
    return found.startswith(top + os.sep)
