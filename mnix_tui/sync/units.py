"""Each repository's ``.git`` as one unit: half of one repository's state is no repository. Pure.

Objects are named after their content, so they are only ever added. The index, the logs and the
like go along when something else does. HEAD, references and the rest go one way as a whole, or
they are one conflict, and so they are when they are gone on one side. Hooks and settings are sent,
never fetched: git here would obey them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.sync.gitdirs import Part, is_step, part_of
from mnix_tui.sync.verdicts import Verdict, alike, is_folder, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mnix_tui.sync.building import Builder

_HEADS = "refs/heads"


class Unit:
    """One repository's ``.git``, and what of it differs."""

    def __init__(self, root: str, paths: Iterable[str], builder: Builder, label: str) -> None:
        """Take the paths below ``root``; ``label`` names the server's copy of a conflict."""
        self.root = root
        self.flow = ""
        """Where its state goes: ``there``, ``here``, or nowhere."""
        self._both_kept = False
        self._held = False
        """Whether nothing but objects is moved, until somebody chooses or a digest is known."""
        self._even = False
        """Whether both sides are in one state, but for what goes along."""
        self._builder = builder
        self._label = label
        self._parts: dict[Part, list[str]] = {part: [] for part in Part}
        self._all = list(paths)
        for path in self._all:
            if path != root:
                self._parts[part_of(path[len(root) + 1 :])].append(path)

    def plan(self) -> None:
        """Decide what becomes of it."""
        base, here, there = self._builder.triples.get(self.root, (None, None, None))
        if (here is None) == (there is None):  # one that is not listed is on both sides
            self._both()
        else:
            self._one_side(was=is_folder(base), there=here is None)

    def _one_side(self, *, was: bool, there: bool) -> None:
        """Decide what becomes of a repository that only one side has; ``there``: the server."""
        builder = self._builder
        self._builder.done.update(self._all)
        if was:
            verdicts = {path: self._stayed(path, there=there) for path in self._parts[Part.CORE]}
            if unknown := [path for path, stayed in verdicts.items() if stayed is None]:
                builder.ask(unknown)
                return
            if all(verdicts.values()):  # the other side deleted it, and here nothing happened
                self._gone(there=there)
                return
        goes = builder.fetches if there else builder.sends
        self._take(builder.to_here if there else builder.to_there, goes, there=there)

    def _gone(self, *, there: bool) -> None:
        """Delete a repository that is gone on the other side only where somebody chose that."""
        builder = self._builder
        choice = builder.choices.get(self.root)
        if choice is None:
            if builder.sends if there else builder.fetches:
                builder.conflict(self.root, "git", len(self._parts[Part.CORE]))
            else:
                builder.keep(self.root, there=not there)
        elif choice == "both":
            self._take(builder.to_here if there else builder.to_there, True, there=there)
        else:
            self._take(builder.to_there if choice == "here" else builder.to_here, True, there=there)

    def _stayed(self, path: str, *, there: bool) -> bool | None:
        base, here, now = self._builder.triples[path]
        if not there:
            now = here
        return True if is_folder(now) else alike(base, now)

    def _take(self, move: Callable[[str], None], goes: bool, *, there: bool) -> None:
        if not goes:
            self._builder.keep(self.root, there=there)
            return
        for path in self._all:
            move(path)

    def _both(self) -> None:
        """Decide what becomes of a repository that is on both sides."""
        builder = self._builder
        here_changed, there_changed, unknown = [], [], []
        for path in self._files(Part.CORE):
            verdict = judge(*builder.triples[path])
            if verdict in (Verdict.SAME, Verdict.AGREED):
                builder.settle(path)
                continue
            base, here, there = builder.triples[path]
            if verdict is Verdict.UNKNOWN:
                unknown.append(path)
            if not alike(base, here):
                here_changed.append(path)
            if not alike(base, there):
                there_changed.append(path)
        choice = builder.choices.get(self.root)
        if unknown:
            self._held = True
            builder.ask(unknown)
        elif here_changed and there_changed:
            changed = sorted({*here_changed, *there_changed})
            if choice is None:
                self._held = True
                builder.conflict(self.root, "git", len(changed))
            elif choice == "there":
                self._flow_here(changed)
            else:
                if choice == "both":
                    self._both_kept = True
                    self._copy_theirs(changed)
                self._flow_there(changed)
        elif here_changed:
            if builder.sends:
                self._flow_there(here_changed)
            else:
                builder.keep(self.root, there=False)
        elif there_changed:
            if builder.fetches:
                self._flow_here(there_changed)
            else:
                builder.keep(self.root, there=True)
        else:
            self._even = True
        self._rest()

    def _flow_there(self, changed: Iterable[str]) -> None:
        self.flow = "there"
        for path in changed:
            self._builder.to_there(path)

    def _flow_here(self, changed: Iterable[str]) -> None:
        self.flow = "here"
        for path in changed:
            self._builder.to_here(path)

    def _rest(self) -> None:
        """Decide what becomes of everything but the state itself."""
        for path in self._files(Part.OBJECT):
            self._object(path)
        for path in self._files(Part.VOLATILE):
            self._volatile(path)
        for path in self._files(Part.OBEYED):
            self._obeyed(path)
        self._builder.done.update(self._parts[Part.JUNK])

    def _object(self, path: str) -> None:
        builder = self._builder
        base, here, there = builder.triples[path]
        if here is not None and there is not None:
            # The same name is the same content: no digest is needed to know.
            if alike(here, there) is not False and alike(base, here) is False:
                builder.plan.agreed.append(path)
        elif here is None and there is None:
            builder.settle(path)
        elif there is None:
            # What the server had and dropped comes back only for a reference that may need it.
            if self.flow == "there" or (base is None and builder.sends):
                builder.to_there(path)
        elif self.flow == "here" or self._both_kept or (base is None and builder.fetches):
            builder.to_here(path)

    def _volatile(self, path: str) -> None:
        builder = self._builder
        _, here, there = builder.triples[path]
        if alike(here, there):
            builder.settle(path)
            return
        log = "/logs/" in path
        if self.flow == "there" and (here is not None or log):
            builder.to_there(path)
        elif self.flow == "here" and (there is not None or log):
            builder.to_here(path)
        elif self._even and path == f"{self.root}/index":
            self._index(path)

    def _index(self, path: str) -> None:
        """Send what was staged here: git there has to know new files, since nix goes by it.

        The other way it stays where it is, or two machines that look would never come to rest.
        """
        builder = self._builder
        base, here, there = builder.triples[path]
        if base is None or here is None or there is None or alike(base, here) is not False:
            return
        # Looking at a tree rewrites its index, and leaves it as long as it was; staging does not.
        if builder.sends and (alike(base, there) or (base.size, base.kind) == (there.size, "f")):
            builder.to_there(path)

    def _obeyed(self, path: str) -> None:
        builder = self._builder
        verdict = judge(*builder.triples[path])
        base, here, there = builder.triples[path]
        if verdict in (Verdict.SAME, Verdict.AGREED):
            builder.settle(path)
        elif verdict is Verdict.UNKNOWN:
            builder.ask([path])
        elif verdict is Verdict.HERE and alike(base, there):
            if builder.sends and not self._held:
                builder.to_there(path)
        elif there is not None and builder.fetches:
            builder.fetch(path, there, here)  # which withholds it
        elif self.is_over(path) and alike(base, here) and not self._held:
            builder.to_here(path)

    def is_over(self, path: str) -> bool:
        """Say whether ``path`` is of something git was in the middle of, and was ended there."""
        base, _, there = self._builder.triples[path]
        ended = base is not None and there is None and self._builder.fetches
        return ended and is_step(path[len(self.root) + 1 :])

    def _copy_theirs(self, changed: Iterable[str]) -> None:
        """Put the server's state beside ours: its branches under another name, and its files."""
        builder, root = self._builder, self.root
        folders: dict[str, str] = {}
        for path in changed:
            there = builder.triples[path][2]
            if there is None or is_folder(there):
                continue
            rest = path[len(root) + 1 :]
            within = _HEADS if rest.startswith(f"{_HEADS}/") else ""
            top, beside = _join(root, within), _join(root, within, self._label)
            below = path[len(top) + 1 :]
            builder.copy(path, f"{beside}/{below}")
            while below:
                below = below.rpartition("/")[0]
                folders[_join(beside, below)] = _join(top, below)
        for folder, like in folders.items():
            builder.new_folder(folder, like)

    def _files(self, part: Part) -> list[str]:
        """Return the part's paths that are not folders on every side that has them."""
        found = []
        for path in self._parts[part]:
            _, here, there = self._builder.triples[path]
            states = [state for state in (here, there) if state is not None]
            if not states or not all(is_folder(state) for state in states):
                found.append(path)
                self._builder.done.add(path)
        return found


def _join(*parts: str) -> str:
    return "/".join(part for part in parts if part)
