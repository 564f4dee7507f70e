"""What somebody who mistyped a word may have meant. Pure."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(key: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for a key that is nearly a known one, else ""."""
    import difflib

    close = difflib.get_close_matches(key, list(known), 1)
    return f"; did you mean {close[0]!r}?" if close else ""
