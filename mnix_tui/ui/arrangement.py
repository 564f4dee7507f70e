"""The tabs that a project's shells have: their order, their splits, which is in front. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mnix_tui.ui import splits
from mnix_tui.ui.splits import Leaf, Split

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_KEPT = 64
"""Shells of a project whose places are remembered."""


@dataclass(frozen=True)
class Arrangement:
    """What a person made of a project's tabs. Shells that are gone may still be named in it."""

    windows: tuple[Leaf | Split, ...] = ()
    """A tab each."""
    active: str = ""
    """The tab in front: a shell's or job's id, or one of the fixed tabs'."""
    closed: frozenset[str] = frozenset()
    """Shells that run on without a tab."""

    @property
    def jobs(self) -> tuple[str, ...]:
        """All shells that have a place, in the tabs' order."""
        return tuple(job for window in self.windows for job in splits.jobs(window))

    def window(self, job: str) -> Leaf | Split | None:
        """Return the tab that a shell is in."""
        return next((one for one in self.windows if job in splits.jobs(one)), None)

    def fitted(self, shells: Sequence[str]) -> Arrangement:
        """Leave out what is gone; give what is new a tab of its own, behind the others."""
        kept = [splits.keep(window, shells) for window in self.windows]
        windows = [window for window in kept if window is not None]
        placed = {job for window in windows for job in splits.jobs(window)}
        new = [Leaf(job) for job in shells if job not in placed and job not in self.closed]
        closed = self.closed.intersection(shells)  # else those that are gone crowd out the others
        return replace(self, windows=(*windows, *new), closed=closed)

    def split(self, job: str, new: str, *, beside: bool) -> Arrangement:
        """Put ``new`` next to ``job``, wherever it was before."""
        if job == new or self.window(job) is None:
            return self.shown(new)
        there = self.without(new)
        window = there.window(job)
        assert window is not None
        return replace(
            there._with(job, splits.split(window, job, new, beside=beside)),
            active=new,
            closed=there.closed - {new},
        )

    def alone(self, job: str) -> Arrangement:
        """Take a shell out of its split: it gets a tab of its own, behind that one."""
        window = self.window(job)
        rest = splits.without(window, job) if window is not None else None
        if window is None or rest is None:
            return self
        at = self.windows.index(window)
        windows = (*self.windows[:at], rest, Leaf(job), *self.windows[at + 1 :])
        return replace(self, windows=windows, active=job)

    def without(self, job: str, *, closed: bool = False) -> Arrangement:
        """Take a shell's place away; ``closed``: it runs on, and gets no new one by itself."""
        kept = [splits.without(w, job) if job in splits.jobs(w) else w for w in self.windows]
        return replace(
            self,
            windows=tuple(window for window in kept if window is not None),
            closed=self.closed | {job} if closed else self.closed - {job},
        )

    def shown(self, job: str) -> Arrangement:
        """Bring a shell to the front; a closed one gets a tab again."""
        windows = self.windows
        if self.window(job) is None and job in self.closed:
            windows = (*windows, Leaf(job))
        return replace(self, windows=windows, active=job, closed=self.closed - {job})

    def moved(self, job: str, by: int) -> Arrangement:
        """Move a shell's tab to the left (negative) or to the right."""
        window = self.window(job)
        if window is None:
            return self
        windows = list(self.windows)
        at = windows.index(window)
        windows.insert(max(min(at + by, len(windows) - 1), 0), windows.pop(at))
        return replace(self, windows=tuple(windows))

    def reshaped(self, job: str, tree: Leaf | Split) -> Arrangement:
        """Replace the tab that a shell is in."""
        return self._with(job, tree)

    def _with(self, job: str, tree: Leaf | Split) -> Arrangement:
        old = self.window(job)
        return replace(self, windows=tuple(tree if one is old else one for one in self.windows))

    def to_json(self) -> str:
        """Return a text that ``from_json`` understands."""
        windows, count = [], 0
        for window in self.windows:
            count += len(splits.jobs(window))
            if count > MAX_KEPT:
                break
            windows.append(splits.to_json(window))
        said = {
            "windows": windows,
            "active": self.active,
            "closed": sorted(self.closed)[:MAX_KEPT],
        }
        return json.dumps(said, separators=(",", ":"))


def from_json(text: str) -> Arrangement:
    """Return what was kept; whatever can't be understood of it counts as nothing."""
    try:
        said = json.loads(text)
    except ValueError:
        return Arrangement()
    if not isinstance(said, dict):
        return Arrangement()
    windows: list[Leaf | Split] = []
    placed: set[str] = set()
    listed, closed = said.get("windows"), said.get("closed")
    for item in listed[:MAX_KEPT] if isinstance(listed, list) else ():
        tree = splits.from_json(item)
        rest = splits.keep(tree, set(splits.jobs(tree)) - placed) if tree is not None else None
        if rest is not None:
            placed |= set(splits.jobs(rest))
            windows.append(rest)
    hidden = [job for job in closed if isinstance(job, str)] if isinstance(closed, list) else []
    active = said.get("active")
    return Arrangement(
        tuple(windows),
        active if isinstance(active, str) else "",
        frozenset(hidden[:MAX_KEPT]) - placed,
    )
