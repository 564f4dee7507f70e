"""Values of JSON from elsewhere, each as the kind that it should be, or as nothing. Pure."""

from __future__ import annotations

from typing import Any

LARGEST = 1 << 62
"""Numbers up to here fit into the store, too."""
LONGEST = 4000
"""Characters of a text with several lines."""


def count(value: Any) -> int | None:
    """Return a whole number that is not negative and within reason, or ``None``."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value <= LARGEST else None


def moment(value: Any) -> float | None:
    """Return a time or a duration in seconds, or ``None``."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and -6e10 < value < 1e11:
        return float(value)  # what a calendar has: neither "not a number" nor an infinity
    return None


def lines(value: Any) -> str:
    """Return a text of a few lines without what could move a terminal."""
    text = str(value or "")[:LONGEST]
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in "\n\t" else " " for each in text)


def exact(value: Any, limit: int = 4096) -> str:
    """Return a text that must stay as it is, like a path; "" where it can't be one."""
    fits = isinstance(value, str) and len(value) <= limit and "\0" not in value
    return value if fits else ""


def objects(value: Any, most: int) -> list[dict[str, Any]]:
    """Return the objects of a list, at most so many."""
    if not isinstance(value, list):
        return []
    return [item for item in value[:most] if isinstance(item, dict)]
