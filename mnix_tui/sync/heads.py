"""The commits of the side that was not chosen: nothing would name them any more.

A repository's state goes one way as a whole, its logs too. What the other side had stays as
references below ``refs/mnix``, or as branches where both were chosen.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnix_tui.errors import MnixError
from mnix_tui.sync import git
from mnix_tui.sync.beside import Beside
from mnix_tui.sync.gitdirs import GIT, unit_of
from mnix_tui.sync.local import Local, new_stamp
from mnix_tui.sync.model import printable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from mnix_tui.domain.projects import Project
    from mnix_tui.domain.sync import Choice

    Ask = Callable[[str], Awaitable[Mapping[str, Any]]]

_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_MOST = 100
"""References of one repository that are looked after."""


class Heads:
    """What the sides that are not chosen have, by repository; then, what of it is lost."""

    def __init__(self, database: Path, project: Project, choices: Mapping[str, Choice]) -> None:
        self._database = database
        self._project = project
        self._choices = {path: each for path, each in choices.items() if unit_of(path) == path}
        self._choices.pop("", None)
        self._found: dict[str, dict[str, str]] = {}

    async def find(self, ask: Ask) -> None:
        """Read them; ``ask`` gives a file of the server's."""
        if not self._choices:
            return
        odd = await asyncio.to_thread(self._odd)
        for root, choice in self._choices.items():
            if choice == "there":
                self._found[root] = await asyncio.to_thread(ours, self._folder(root))
                continue
            loose = [path for path in odd if path.startswith(f"{root}/refs/")][:_MOST]
            names = [f"{root}/HEAD", f"{root}/packed-refs", *loose]
            texts = {path[len(root) + 1 :]: await _text(ask, path) for path in names}
            self._found[root] = named(texts)

    def keep(self) -> list[str]:
        """Give a name to what has none now, here; say what and where."""
        label = Beside((), self._project.server, new_stamp()).label
        said: list[str] = []
        for root, found in self._found.items():
            if not Path(self._folder(root), GIT).is_dir():
                continue  # that it is gone was the choice
            both = self._choices[root] == "both"
            said += keep(self._folder(root), found, label, branches=both)
        return said

    def _odd(self) -> list[str]:
        local = Local(self._database, self._project)
        local.load()
        return sorted(path for path, (_, there) in local.odd.items() if there is not None)

    def _folder(self, root: str) -> str:
        return f"{self._project.folder}/{root.removesuffix(GIT)}"


def ours(folder: str) -> dict[str, str]:
    """Return what a repository's references name, and its HEAD; nothing if git can't say."""
    found: dict[str, str] = {}
    with suppress(git.GitRefused):
        said = _git(folder, "for-each-ref", "--format=%(objectname) %(refname)")
        for line in said.decode("utf-8", "surrogateescape").splitlines():
            number, _, name = line.partition(" ")
            found[name] = number
        for at, line in enumerate(_stashes(folder)[1:_MOST], start=1):
            found[f"stash-{at}"] = line  # only a log names it
        # Before the first commit there is none.
        found["HEAD"] = _git(folder, "rev-parse", "--verify", "-q", "HEAD").decode().strip()
    return found


def _stashes(folder: str) -> list[str]:
    try:
        return _git(folder, "log", "-g", "--format=%H", "refs/stash", "--").decode().split()
    except git.GitRefused:  # there are none
        return []


def named(texts: Mapping[str, str]) -> dict[str, str]:
    """Return what references name, from their files by name; what can't be read is left out."""
    found: dict[str, str] = {}
    for line in texts.get("packed-refs", "").splitlines():
        number, _, name = line.partition(" ")
        if _ID.fullmatch(number) and name.startswith("refs/"):
            found[name] = number
    for name, text in texts.items():
        if name != "packed-refs" and _ID.fullmatch(text.strip()):
            found[name] = text.strip()
    return found


def keep(folder: str, heads: Mapping[str, str], label: str, *, branches: bool) -> list[str]:
    """Name those of ``heads`` that no reference leads to any more; say what was done."""
    known = set(ours(folder).values())
    said: list[str] = []
    left = {name: number for name, number in heads.items() if number not in known}
    for name, number in [*left.items()][:_MOST]:
        if number in known:
            continue
        known.add(number)
        short = name.removeprefix("refs/heads/").removeprefix("refs/")
        branch = branches and (name == "HEAD" or name.startswith("refs/heads/"))
        target = f"refs/heads/{label}/{short}" if branch else f"refs/mnix/{label}/{short}"
        try:
            if not _git(folder, "rev-list", "-n", "1", number, "--not", "--all"):
                continue
            _git(folder, "-c", "core.hooksPath=/dev/null", "update-ref", target, number)
        except git.GitRefused:
            said.append(f"{printable(short)} was at {number}, which nothing names any more")
        else:
            said.append(f"{printable(short)} was at {number[:12]}: kept as {printable(target)}")
    return said


def _git(folder: str, *args: str) -> bytes:
    """Run git on this very repository, and none around it."""
    return git.run(folder, f"--git-dir={GIT}", *args)


async def _text(ask: Ask, path: str) -> str:
    try:
        text = (await ask(path)).get("text")
    except MnixError:
        return ""
    return text if isinstance(text, str) else ""
