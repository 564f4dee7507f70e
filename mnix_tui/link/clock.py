"""Clocks that disagree: what a server says of times, in the time of this machine. Pure."""

from __future__ import annotations

from typing import Any

from mnix_tui.link.checked import moment

OFF = 60.0
"""Seconds by which clocks may differ without anybody minding: an age shows no less."""
_TIMES = frozenset({"started", "ended", "active", "pushed", "created", "time"})
_DEEP = 4


def ahead(there: Any, here: float) -> float:
    """Return by how many seconds a server's clock is ahead of ours; 0 for as good as none."""
    now = moment(there)
    return now - here if now is not None and abs(now - here) > OFF else 0.0


def in_our_time(value: Any, off: float, deep: int = _DEEP) -> Any:
    """Return an answer or an event with its times moved by a clock that is ``off``."""
    if deep and isinstance(value, list):
        return [in_our_time(item, off, deep - 1) for item in value]
    if not deep or not isinstance(value, dict):
        return value
    return {
        key: moved - off
        if key in _TIMES and (moved := moment(item))  # 0 says that it never was
        else in_our_time(item, off, deep - 1)
        for key, item in value.items()
    }
