"""Which files belong to a tree, by its .gitignore files, where no git is asked.

As in git, the rules of the deepest folder that has an opinion decide, what git tracks is taken
whatever they say, and a repository inside of another has its own rules only. On top of all of them
are lines that a caller adds, and the ``.mnixignore`` at the root. Those alone can leave out
``.git``, and only as a whole: of a repository without its ``logs`` git would make something else.
"""

from __future__ import annotations

import hashlib
import os
import stat
from typing import Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from server_agent.trees import gitindex
from server_agent.trees.model import ABOVE, join, parent
from server_agent.trees.patterns import Rules, lines_of, plain

_LARGEST = 1 << 20
"""Bytes of a file of rules."""
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class _Place(NamedTuple):
    """What holds in a folder."""

    levels: Tuple[Tuple[str, Rules], ...]
    """The rules that count there, the deepest last, each with its folder and a slash (or "")."""
    repository: Optional[str]
    """The folder of the repository that it belongs to."""
    left_out: bool
    """The rules leave the folder itself out: only what is tracked is taken of it."""


class RuleChooser:
    """Chooses files for one scan."""

    fresh = False

    def __init__(self, root: str, extra_lines: Sequence[str] = (), *, dot_git: bool = True) -> None:
        """Choose for ``root``; ``extra_lines`` count least, and those after ``ABOVE`` most."""
        self._root = root
        extra = [plain(line) for line in extra_lines]
        place = extra.index(ABOVE) if ABOVE in extra else len(extra)
        self._least, lines = extra[:place], extra[place:]
        if not dot_git:
            lines.append(".git")
        lines += self._lines(".mnixignore")
        self._top = Rules(lines)
        self.token = _token(self._least, lines, self._lines(".git/info/exclude"))
        """Changes when rules did that no scan sees: then known names have to be asked for again."""
        self._places: Dict[str, _Place] = {}
        self._tracked: Dict[str, Set[str]] = {}

    def choose(self, folder: str, names: Sequence[Tuple[str, bool]]) -> Set[str]:
        """Return those of ``names`` in ``folder`` that are taken."""
        if ".git" in folder.split("/"):
            return {name for name, _ in names}
        prefix = f"{folder}/" if folder else ""
        place = self._place(folder)
        if not (self._top or place.levels or place.left_out):
            return {name for name, _ in names}
        return {name for name, is_folder in names if self._takes(place, prefix + name, is_folder)}

    def _takes(self, place: _Place, path: str, is_folder: bool) -> bool:
        ignored = self._top.ignores(path, is_folder) if self._top else None
        if ignored is not None:
            return not ignored
        if path.rpartition("/")[2] == ".git":
            return True
        if place.left_out or _ignores(place.levels, path, is_folder):
            return place.repository is not None and self._is_tracked(place.repository, path)
        return True

    def _place(self, folder: str) -> _Place:
        found = self._places.get(folder)
        if found is None:
            found = self._found(folder)
            self._places[folder] = found
        return found

    def _found(self, folder: str) -> _Place:
        """Return what holds in a folder: what holds above, and its own rules."""
        if folder and not os.path.lexists(os.path.join(self._root, folder, ".git")):
            above = self._place(parent(folder))
            levels, repository = above.levels, above.repository
            left_out = above.left_out or _ignores(levels, folder, True)
            if left_out and self._top and self._top.ignores(folder, True) is False:
                left_out = False
        else:
            # A repository begins here, or the tree does.
            rules = Rules([*self._least, *self._lines(join(folder, ".git/info/exclude"))])
            levels = ((f"{folder}/" if folder else "", rules),) if rules else ()
            repository, left_out = folder, False
        own = Rules(self._lines(join(folder, ".gitignore")))
        if own:
            levels = (*levels, (f"{folder}/" if folder else "", own))
        return _Place(levels, repository, left_out)

    def _is_tracked(self, repository: str, path: str) -> bool:
        tracked = self._tracked.get(repository)
        if tracked is None:
            tracked = gitindex.tracked(os.path.join(self._root, repository))
            self._tracked[repository] = tracked
        return path[len(repository) + 1 if repository else 0 :] in tracked

    def _lines(self, path: str) -> List[str]:
        """Return the lines of a file of rules; none if there is none that can be read."""
        try:
            handle = os.open(os.path.join(self._root, path), _OPEN)
        except OSError:
            return []
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return []
            try:
                return lines_of(file.read(_LARGEST))
            except OSError:
                return []


def _ignores(levels: Tuple[Tuple[str, Rules], ...], path: str, is_folder: bool) -> bool:
    for base, rules in reversed(levels):
        ignored = rules.ignores(path[len(base) :], is_folder)
        if ignored is not None:
            return ignored
    return False


def _token(*parts: List[str]) -> str:
    said = "\0".join("\n".join(each) for each in parts)
    return hashlib.sha256(said.encode("utf-8", "surrogateescape")).hexdigest()[:16]
