"""How busy a server and its containers are, as its agent says: checked before anybody counts with it.

Pure. What is no number, negative or beyond all reason was not measured.
"""

from __future__ import annotations

import itertools
from typing import Any

from mnix_tui.link.model import Stats, Usage

MOST = 4096
"""Containers that are taken from one event."""
_BYTES = 1 << 62
_CORES = 100_000.0
_LONGEST_ID = 64
_SIZES = ("memory_total", "memory_available", "disk_total", "disk_free", "store")


def stats(wire: dict[str, Any], seen: float) -> Stats:
    """Return the ``Stats`` of a ``stats`` event or of ``server.info``."""
    sizes = {name: _size(wire.get(name)) for name in _SIZES}
    return Stats(
        load1=_number(wire.get("load1"), 1e9),
        cpus=_count(wire.get("cpus")),
        seen=seen,
        usage=usages(wire.get("usage")),
        **sizes,
    )


def usages(wire: Any) -> dict[str, Usage]:
    """Return what containers use, by project id, from ``{id: [cpu, memory, limit]}``."""
    if not isinstance(wire, dict):
        return {}
    found = {}
    for name, row in itertools.islice(wire.items(), MOST):
        usage = _usage(row)
        if usage is not None and len(name) <= _LONGEST_ID:
            found[name] = usage
    return found


def _usage(row: Any) -> Usage | None:
    if not isinstance(row, list) or len(row) < 2:
        return None
    cpu, memory = _number(row[0], _CORES), _size(row[1])
    if cpu is None or memory is None:
        return None
    return Usage(cpu, memory, _size(row[2]) or None if len(row) > 2 else None)


def _number(value: Any, most: float) -> float | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value <= most else None


def _size(value: Any) -> int | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return int(value) if 0 <= value <= _BYTES else None


def _count(value: Any) -> int | None:
    found = _size(value)
    return found if found is not None and found <= _CORES else None
