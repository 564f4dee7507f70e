"""How busy servers and containers were lately: short histories, for sparklines. Pure."""

from __future__ import annotations

from dataclasses import dataclass

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
