"""How far rebuilds are, in few words: for the fleet, the title and the overview. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnix_tui.ui import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mnix_tui.fleet import FleetSnapshot
    from mnix_tui.nixlog import Summary

BAR = 8
"""Cells of a rebuild's bar."""
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
    def notes(self) -> tuple[str, ...]:
        """What can be said of it beside a name, the longest first."""
        doing = words.fit(self.what or self.phase, 24)
        if self.fraction is None:
            return (doing, self.phase) if self.what else (self.phase,)
        left = f"{self.left:>4}" if self.left else ""
        share = " ".join(part for part in (f"{self.percent:>3}", left) if part)
        tight = " ".join(part for part in (self.percent, self.left) if part)
        with_bar = f"{self.bar} {share}"
        return (f"{doing}  {with_bar}", with_bar, share, tight, self.percent)

    @property
    def line(self) -> str:
        """All of it: for the overview."""
        parts = [f"{self.bar} {self.percent}" if self.fraction is not None else ""]
        parts += [self.what or self.phase]
        parts += [f"{words.took(self.eta)} left" if self.eta is not None else ""]
        parts += [f"{self.failed} failed" if self.failed else ""]
        return " · ".join(part for part in parts if part)


def of(summary: Summary | None) -> Building:
    """Return what to say of one rebuild; ``None``: it runs, and that is all that is known."""
    if summary is None:
        return Building()
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
    shares = [one.fraction for one in each if one.fraction is not None]
    ends = [one.eta for one in each if one.eta is not None]
    return Building(
        len(each),
        sum(shares) / len(each) if len(shares) == len(each) else None,
        max(ends) if len(ends) == len(each) else None,
        failed=sum(one.failed for one in each),
    )


def running(snapshot: FleetSnapshot) -> dict[str, Building]:
    """Return the rebuilds that run, by their project's id on its server."""
    summaries: Mapping[str, Summary] = snapshot.builds
    return {
        job.project_id: of(summaries.get(job.id))
        for job in snapshot.jobs
        if job.kind == "rebuild" and job.live
    }
