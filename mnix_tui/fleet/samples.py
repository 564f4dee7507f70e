"""How busy servers and containers were lately: short histories, for sparklines. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnix_tui.link.readings import MOST

if TYPE_CHECKING:
    from mnix_tui.link import Stats
    from mnix_tui.link.model import Usage

KEPT = 60
"""Samples that each history has at most."""
GAP = 60.0
"""Seconds without a sample after which a history begins anew: what lies between is not known."""

Series = tuple[float, ...]
"""Samples, the newest last."""


@dataclass(frozen=True)
class Samples:
    """How busy a server was; a series is empty where nothing could be measured."""

    load: Series = ()
    """Shares of all its processors; more than 1.0 when more wants to run than can."""
    memory: Series = ()
    """Shares that are in use, 0 to 1."""
    disk: Series = ()
    """Shares that are in use, 0 to 1."""
    store: Series = ()
    """Bytes."""
    seen: float = 0.0
    """When the newest was observed, seconds since the epoch."""


@dataclass(frozen=True)
class UsageSamples:
    """What the container of one project used."""

    cpu: Series = ()
    """Processor cores."""
    memory: Series = ()
    """Bytes."""
    limit: int | None = None
    """Bytes of memory that it may use; ``None``: all there is."""
    seen: float = 0.0
    """When the newest was observed, seconds since the epoch."""


def longer(series: Series, value: float | None) -> Series:
    """Return ``series`` with one sample more, and its oldest dropped when there are enough."""
    return series if value is None else (*series[1 - KEPT :], value)


class History:
    """The samples of one server and of its containers."""

    def __init__(self) -> None:
        self.samples = Samples()
        self.usage: dict[str, UsageSamples] = {}
        """By project's id; only of containers that were heard of lately."""

    def add(self, stats: Stats) -> None:
        """Take what a server said."""
        old = self.samples if stats.seen - self.samples.seen <= GAP else Samples()
        self.samples = Samples(
            longer(old.load, stats.load),
            longer(old.memory, _used(stats.memory_available, stats.memory_total)),
            longer(old.disk, _used(stats.disk_free, stats.disk_total)),
            longer(old.store, stats.store),
            stats.seen,
        )
        kept = {  # an agent that has just begun tells none, and others skip one now and then
            project: used
            for project, used in self.usage.items()
            if stats.seen - used.seen <= GAP and project not in stats.usage
        }
        self.usage = {
            project: _more(self.usage.get(project), used, stats.seen)
            for project, used in stats.usage.items()
        }
        for project in list(kept)[: max(0, MOST - len(self.usage))]:
            self.usage[project] = kept[project]


def _more(old: UsageSamples | None, used: Usage, seen: float) -> UsageSamples:
    if old is None or seen - old.seen > GAP:
        old = UsageSamples()
    return UsageSamples(
        longer(old.cpu, used.cpu), longer(old.memory, used.memory), used.memory_limit, seen
    )


def _used(free: int | None, total: int | None) -> float | None:
    return None if free is None or not total else min(1.0, max(0.0, 1 - free / total))
