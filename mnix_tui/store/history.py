"""How long things took to build: what is kept of it, and what is expected from it. Pure."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LAST = 5
"""Times that are kept of one thing on one server."""
MOST = 5000
"""Things that are kept of one server; those not built for the longest time go."""
LONGEST = 30 * 86400.0
_NAME = 300


def medians(rows: Iterable[Sequence[Any]]) -> dict[str, float]:
    """Return what to expect of each thing, from rows of its name and its seconds."""
    times: dict[str, list[float]] = {}
    for what, seconds in rows:
        times.setdefault(what, []).append(seconds)
    return {what: _median(sorted(found)) for what, found in times.items()}


def to_keep(server: str, times: Mapping[str, float], job: str) -> list[tuple[Any, ...]]:
    """Return the values of ``PUT_BUILD_TIME`` for what can be believed of ``times``.

    A log says what it likes: names are bounded, and so is how long a thing can have taken.
    """
    now = time.time()
    believable = [
        (server, what, job or f"at {now}", float(seconds), now)
        for what, seconds in times.items()
        if what and len(what) <= _NAME and 0 <= seconds <= LONGEST
    ]
    return believable[:MOST]


def _median(times: list[float]) -> float:
    # Not the library's: that one takes as long to import as all the rest of the store.
    middle = len(times) // 2
    return times[middle] if len(times) % 2 else (times[middle - 1] + times[middle]) / 2
