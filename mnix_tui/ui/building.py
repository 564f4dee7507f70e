"""How far rebuilds are, in few words: for the fleet, the title and the overview. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mnix_tui.ui import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mnix_tui.fleet import FleetSnapshot
    from mnix_tui.nixlog import Summary

BAR = 8
"""Cells of a rebuild's bar."""
_NAMED = 10
"""Cells from which on a part of what is built is worth to be said."""
_PHASES = {
    "prepare": "preparing",
    "evaluate": "evaluating",
    "build": "building",
    "download": "fetching",
    "warm-up": "warming up",
    "switch": "switching",
    "done": "done",
    "failed": "failing",
}


@dataclass(frozen=True)
class Building:
    """A rebuild that runs, or several of them together."""

    count: int = 1
    fraction: float | None = None
    """0 to 1; ``None`` while nobody can know."""
    eta: float | None = None
    """Seconds that it takes yet."""
    phase: str = "building"
    """What goes on, in a word."""
    what: str = ""
    """What is built right now."""
    failed: int = 0
    """Builds in it that failed already."""
    over: bool = False
    """Its log has ended, and it will in a moment."""

    @property
    def percent(self) -> str:
        """How much is done, "" while nobody can know. Never 100: it would be over."""
        return "" if self.fraction is None else f"{min(int(self.fraction * 100), 99)}%"

    @property
    def left(self) -> str:
        """How long it takes yet, in at most four characters; "" while nobody can know."""
        if self.eta is None:
            return ""
        return "<5s" if self.eta < 5 else words.span(self.eta)

    @property
    def bar(self) -> str:
        """How much is done, as a bar."""
        return "" if self.fraction is None else words.meter(self.fraction, BAR)

    @property
    def brief(self) -> str:
        """How far it is, in a few cells: for a list."""
        left = f"{self.left} left" if self.left else ""
        return " · ".join(part for part in (self.percent or self.phase, left) if part)

    def note(self, room: int) -> str:
        """Return as much as fits beside a name into ``room`` cells."""
        if self.fraction is None:
            return words.fit(self.doing if len(self.doing) <= room else self.phase, room)
        share = " ".join(part for part in (f"{self.percent:>3}", f"{self.left:>4}") if part.strip())
        with_bar = f"{self.bar} {share}"
        left = room - len(with_bar) - 2
        if left >= _NAMED:
            return f"{words.fit(self.doing, left)}  {with_bar}"
        tight = " ".join(part for part in (self.percent, self.left) if part)
        fitting = (one for one in (with_bar, share, tight, self.percent) if len(one) <= room)
        return next(fitting, words.fit(self.percent, room))

    @property
    def doing(self) -> str:
        """What is built, else what goes on."""
        return self.what.removeprefix("building ") or self.phase

    @property
    def lines(self) -> tuple[str, str]:
        """How far it is, and what is being done: for the overview."""
        parts = [f"{self.bar} {self.percent}" if self.fraction is not None else self.phase]
        parts += [f"{words.took(self.eta)} left" if self.eta is not None else ""]
        parts += [f"{self.failed} failed" if self.failed else ""]
        return " · ".join(part for part in parts if part), self.what


def of(summary: Summary | None) -> Building:
    """Return what to say of one rebuild; ``None``: it runs, and that is all that is known."""
    if summary is None:
        return Building()
    if summary.ok is not None:
        phase = "done" if summary.ok else "failed"
        return Building(phase=phase, failed=summary.builds_failed, over=True)
    return Building(
        1,
        summary.fraction,
        summary.eta,
        _PHASES.get(summary.phase, words.plain(summary.phase)),
        words.plain(summary.what),
        summary.builds_failed,
    )


def together(buildings: Iterable[Building]) -> Building | None:
    """Sum several up: as far as they are on average, and as long as the longest takes."""
    each = list(buildings)
    if not each:
        return None
    if len(each) == 1:
        return each[0]
    each = [replace(one, fraction=1.0, eta=0.0) if one.over else one for one in each]
    shares = [one.fraction for one in each if one.fraction is not None]
    ends = [one.eta for one in each if one.eta is not None]
    return Building(
        len(each),
        sum(shares) / len(each) if len(shares) == len(each) else None,
        max(ends) if len(ends) == len(each) else None,
        failed=sum(one.failed for one in each),
    )


def running(snapshot: FleetSnapshot) -> dict[tuple[str, str], Building]:
    """Return the rebuilds that run, by their project's id and the server that told of it."""
    summaries: Mapping[tuple[str, str], Summary] = snapshot.builds
    return {
        (job.project_id, job.server): of(summaries.get(job.key))
        for job in snapshot.jobs
        if job.kind == "rebuild" and job.live
    }
