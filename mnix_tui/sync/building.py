"""A plan while it is made: what each side is told to do, and what is never told. Pure."""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter
from typing import TYPE_CHECKING, Literal

from mnix_tui.sync.gitdirs import is_junk, is_obeyed
from mnix_tui.sync.model import Action, Conflict, Plan
from mnix_tui.sync.verdicts import alike
from server_agent.trees.model import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mnix_tui.sync.model import ConflictKind
    from mnix_tui.sync.verdicts import Triple

Direction = Literal["push", "pull", "both"]
Choice = Literal["here", "there", "both"]

_FOLDER = State("d", 0, 0, 0, "")


class Builder:
    """Collects a plan."""

    def __init__(
        self,
        triples: Mapping[str, Triple],
        direction: Direction,
        choices: Mapping[str, Choice],
    ) -> None:
        self.triples = triples
        self.choices = choices
        self.sends = direction != "pull"
        self.fetches = direction != "push"
        self.paths = sorted(triples)
        self.done: set[str] = set()
        """Paths that need no further thought."""
        self.plan = Plan()
        self._unknown: set[str] = set()

    def below(self, folder: str) -> list[str]:
        """Return the paths in ``folder``, at any depth."""
        first = bisect_left(self.paths, folder + "/")
        return self.paths[first : bisect_left(self.paths, folder + "0", first)]

    def to_there(self, path: str) -> None:
        """Make the server's side of a path like ours."""
        _, here, there = self.triples[path]
        if here is not None:
            self.send(path, here, there)
        elif there is not None:
            self.delete_there(path, there)
        else:
            self.settle(path)

    def to_here(self, path: str) -> None:
        """Make our side of a path like the server's."""
        _, here, there = self.triples[path]
        if there is not None:
            self.fetch(path, there, here)
        elif here is not None:
            if self._known(path, here):
                self.plan.delete_here.append(Action(path, None, here))
        else:
            self.settle(path)

    def send(self, path: str, state: State, before: State | None) -> None:
        """Have the server get something."""
        if self._known(path, before) and not is_junk(path):
            self.plan.send.append(Action(path, state, before))

    def delete_there(self, path: str, before: State) -> None:
        """Have the server delete something."""
        if self._known(path, before):
            self.plan.delete_there.append(Action(path, None, before))

    def fetch(self, path: str, state: State, before: State | None, *, source: str = "") -> bool:
        """Get something of the server's; say whether it comes."""
        if is_obeyed(path, state):
            if not ("/hooks/" in path and path.endswith(".sample")):  # nobody misses examples
                self.plan.withheld.append(Action(path, state, before, source))
            if before is None and self.triples.get(path, (None,))[0] is not None:
                # That it is not here must not look as if it had been deleted here.
                self.plan.agreed.append(path)
            return False
        if is_junk(path) or not self._known(path, before):
            return False
        self.plan.fetch.append(Action(path, state, before, source))
        return True

    def copy(self, path: str, target: str) -> None:
        """Have the server's side of ``path`` at ``target``, on both sides."""
        there = self.triples[path][2]
        if there is not None and self.fetch(target, there, None, source=path):
            self.plan.send.append(Action(target, there, None, late=True))

    def new_folder(self, path: str, like: str) -> None:
        """Have a folder on both sides that neither has; ``like``: one that the server has."""
        self.plan.fetch.append(Action(path, _FOLDER, None, source=like))
        self.plan.send.append(Action(path, _FOLDER, None, late=True))

    def keep(self, path: str, *, there: bool) -> None:
        """Leave what only one side did as it is, on both."""
        (self.plan.keep_there if there else self.plan.keep_here).append(path)

    def conflict(self, path: str, kind: ConflictKind, paths: int = 1) -> None:
        """Leave both sides as they are until somebody chooses."""
        # A folder that is the same on both sides need not be among the triples.
        _, here, there = self.triples.get(path, (_FOLDER, _FOLDER, _FOLDER))
        self.plan.conflicts.append(Conflict(path, kind, here, there, paths))

    def ask(self, paths: Iterable[str]) -> None:
        """Have the server compute digests first."""
        self._unknown.update(paths)

    def settle(self, path: str) -> None:
        """Note that both sides are alike, where that is news."""
        base, here, there = self.triples[path]
        if not alike(base, here) or not alike(base, there):
            self.plan.agreed.append(path)

    def finish(self) -> Plan:
        """Return the plan, sorted."""
        plan = self.plan
        plan.unknown = sorted(self._unknown)
        by_path = attrgetter("path")
        for actions in (
            plan.send,
            plan.fetch,
            plan.delete_there,
            plan.delete_here,
            plan.postponed,
            plan.withheld,
        ):
            actions.sort(key=by_path)
        plan.conflicts.sort(key=by_path)
        plan.keep_there.sort()
        plan.keep_here.sort()
        plan.agreed.sort()
        return plan

    def _known(self, path: str, before: State | None) -> bool:
        """Say whether we can tell what to expect at ``path``."""
        if before is None or before.kind != "f" or before.value:
            return True
        self._unknown.add(path)
        return False
