"""Which files belong to a folder: git's own answer in a repository, .gitignore files elsewhere.

On top of either, ``.mnixignore`` at the root leaves out more, or takes back with ``!``. What is in
a folder that it takes back is judged by the .gitignore files, as the server does: for git all of it
is ignored. ``.git`` comes along unless it is turned off.
"""

# Paths are strings here: there are many of them, and not all are UTF-8.
# ruff: noqa: PTH110, PTH118

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from mnix_tui.sync import git, rulemarks
from mnix_tui.sync.gitdirs import GIT, is_junk, unit_of
from mnix_tui.sync.repos import Repo, points_inside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnix_tui.sync.ignore import OnTop
    from server_agent.trees.index import Index

    Names = Sequence[tuple[str, bool]]
    """Names in a folder, each with: is it a folder?"""


class Rules(Protocol):
    """Who says which files are taken in one repository, or where there is none."""

    def choose(self, folder: str, names: Names) -> set[str]:
        """Return those of ``names`` that are taken."""


class GitChooser:
    """Chooses files for one scan. Runs no git when nothing is unknown; close it afterwards."""

    def __init__(self, root: str, index: Index | None = None, *, dot_git: bool = True) -> None:
        """Choose for ``root``; ``index.rules`` tells by which rules it was made."""
        self.root = root
        self.notes: list[str] = []
        """What a person should know: git that is missing, repositories that are elsewhere."""
        self._dot_git = dot_git
        self._index = index
        self._repos: dict[str, Rules] = {}
        self._on_top: OnTop | None = None
        self._began = False
        self._fresh = False

    @property
    def fresh(self) -> bool:
        """Whether the rules changed since the index was made (as far as no scan can see it)."""
        self._begin()
        return self._fresh

    def choose(self, folder: str, names: Names) -> set[str]:
        """Return those of ``names`` in ``folder`` that are taken."""
        self._begin()
        prefix = f"{folder}/" if folder else ""
        if unit_of(folder):
            return {name for name, _ in names if not is_junk(prefix + name)}
        taken: set[str] = set()
        asked: list[tuple[str, bool]] = []
        for name, is_folder in names:
            if name == GIT:
                if self._git(folder, is_folder=is_folder):
                    taken.add(name)
                continue
            said = self._on_top.says(prefix + name, is_folder) if self._on_top else None
            if said is None:
                asked.append((name, is_folder))
            elif said:
                taken.add(name)
        if asked:
            taken |= self._rules(folder).choose(folder, asked)
        return taken

    def close(self) -> None:
        """End the git that was asked."""
        for rules in self._repos.values():
            if isinstance(rules, Repo):
                rules.close()

    def _begin(self) -> None:
        if self._began:
            return
        self._began = True
        if os.path.lexists(os.path.join(self.root, ".mnixignore")):
            from mnix_tui.sync.ignore import OnTop

            self._on_top = OnTop.read(self.root, self.notes)
        if self._index is not None:
            known, self._index.rules = (
                self._index.rules,
                rulemarks.mark(self.root, self._index.rules, dot_git=self._dot_git),
            )
            # Without a word they are unknown: the index is new, or rules came by a transfer.
            self._fresh = not known or rulemarks.differ(known, self._index.rules)

    def _git(self, folder: str, *, is_folder: bool) -> bool:
        """Say whether a folder's ``.git`` is taken."""
        if not self._dot_git:
            return False
        full = os.path.join(self.root, folder)
        if is_folder:
            if os.path.exists(os.path.join(full, ".git/objects/info/alternates")):
                self.notes.append(
                    f"{_named(folder)} borrows objects from another repository: git works in the"
                    " workspace after git repack -a -d here"
                )
            return True
        if points_inside(self.root, full):
            return True
        self.notes.append(
            f"{_named(folder)} has its repository in another folder (a worktree?): its files are"
            " sent without it"
        )
        return False

    def _rules(self, folder: str) -> Rules:
        found = self._repos.get(folder)
        if found is None:
            found = self._find_rules(folder)
            self._repos[folder] = found
        return found

    def _find_rules(self, folder: str) -> Rules:
        full = os.path.join(self.root, folder) if folder else self.root
        if os.path.lexists(os.path.join(full, GIT)):
            return self._repo(folder, full)
        if folder:
            if self._on_top and self._on_top.says(folder, True):
                return self._by_files(self.root, "")
            return self._rules(folder.rpartition("/")[0])
        if git.top(full) is None:
            return self._by_files(full, "")
        repo = Repo(full, "")
        # A folder that the repository around it ignores as a whole is no part of it.
        return self._by_files(full, "") if repo.leaves_out_itself() else self._repo(folder, full)

    def _repo(self, folder: str, full: str) -> Rules:
        repo = Repo(full, folder)
        try:
            repo.probe()
        except git.GitRefused as error:
            repo.close()
            self.notes.append(
                f"{_named(folder)}: git can't be asked which files belong to it, so its .gitignore"
                f" files were: {error}"
            )
            return self._by_files(full, folder)
        return repo

    def _by_files(self, full: str, folder: str) -> Rules:
        from server_agent.trees.rules import RuleChooser

        rules = RuleChooser(full)
        return _Below(rules, folder) if folder else rules


class _Below:
    """Rules of a folder below the root, which know their own paths only."""

    def __init__(self, rules: Rules, folder: str) -> None:
        self._rules = rules
        self._cut = len(folder) + 1

    def choose(self, folder: str, names: Names) -> set[str]:
        """Return those of ``names`` that are taken."""
        return self._rules.choose(folder[self._cut :], names)


def chooser(root: str, index: Index | None = None, *, dot_git: bool = True) -> GitChooser:
    """Return who says which files of ``root`` are taken."""
    return GitChooser(root, index, dot_git=dot_git)


def _named(folder: str) -> str:
    return folder or "the folder"
