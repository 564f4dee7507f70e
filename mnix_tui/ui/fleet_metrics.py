"""How busy servers and containers are, as the tree and the overview show it: with its age. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mnix_tui.ui import words

if TYPE_CHECKING:
    from mnix_tui.fleet import FleetSnapshot, Samples, ServerView, UsageSamples

FRESH = 15.0
"""Seconds after which a value's age is said, and it is drawn dim."""
_LEAST_MEMORY = 256 << 20
"""What a container's memory is drawn against, at least, where nothing limits it."""


class Metric(NamedTuple):
    """One value with what it was lately."""

    column: str
    """``load``, ``memory``, ``disk`` or ``store``: a container's processors stand in ``load``."""
    shares: tuple[float, ...]
    """0 to 1, the newest last."""
    text: str
    """In at most five characters."""
    tone: str
    """``good``, ``busy`` or ``bad``; ``idle`` when it is stale."""
    age: float
    """Seconds since it was observed."""

    @property
    def stale(self) -> bool:
        """Say whether it is too old to be taken for how things are now."""
        return self.age > FRESH


def of_server(snapshot: FleetSnapshot, view: ServerView, now: float) -> tuple[Metric, ...]:
    """Return what is known of a server, also from before it was out of reach."""
    samples = snapshot.samples.get(view.server.name) or _single(view)
    if samples is None:
        return ()
    age = max(now - samples.seen, 0.0)
    found = []
    for column, shares in (
        ("load", samples.load),
        ("memory", samples.memory),
        ("disk", samples.disk),
    ):
        if shares:
            text = f"{min(round(shares[-1] * 100), 999)}%"
            found.append(Metric(column, shares, text, _tone(column, shares[-1], age), age))
    if samples.store:
        found.append(_store(samples, view, age))
    return tuple(found)


def _single(view: ServerView) -> Samples | None:
    """Return the one sample that a server told, where no history is kept."""
    stats = view.stats
    if stats is None:
        return None
    from mnix_tui.fleet import Samples

    memory = _used(stats.memory_available, stats.memory_total)
    disk = _used(stats.disk_free, stats.disk_total)
    load = () if stats.load is None else (stats.load,)
    return Samples(load, memory, disk, seen=stats.seen)


def _used(free: int | None, total: int | None) -> tuple[float, ...]:
    return () if free is None or not total else (1 - free / total,)


def _store(samples: Samples, view: ServerView, age: float) -> Metric:
    """Return how large the store is, drawn against the disk that it is on."""
    total = view.stats.disk_total if view.stats is not None else None
    most = total or max(samples.store) or 1.0
    shares = tuple(size / most for size in samples.store)
    text = words.brief_size(samples.store[-1])
    return Metric("store", shares, text, "idle" if age > FRESH else "good", age)


def of_project(usage: UsageSamples, now: float) -> tuple[Metric, ...]:
    """Return what a container uses."""
    age = max(now - usage.seen, 0.0)
    found = []
    if usage.cpu:
        most = max(1.0, *usage.cpu)  # an idle one shall look idle
        shares = tuple(cores / most for cores in usage.cpu)
        tone = "idle" if age > FRESH else "good"
        found.append(Metric("load", shares, words.cores(usage.cpu[-1]), tone, age))
    if usage.memory:
        limit = usage.limit or max(_LEAST_MEMORY, *(size * 1.25 for size in usage.memory))
        shares = tuple(size / limit for size in usage.memory)
        tone = _tone("memory", shares[-1], age) if usage.limit else "good"
        tone = "idle" if age > FRESH else tone
        found.append(Metric("memory", shares, words.brief_size(usage.memory[-1]), tone, age))
    return tuple(found)


def _tone(column: str, share: float, age: float) -> str:
    if age > FRESH:
        return "idle"
    if column == "load":  # a machine may well be as busy as it can be
        return "bad" if share > 2 else "busy" if share > 1 else "good"
    return "bad" if share > 0.95 else "busy" if share > 0.85 else "good"
