"""Text measured in a terminal's cells."""

from __future__ import annotations

import unicodedata


def cells(text: str) -> int:
    """Return how many cells a text without colours takes."""
    if text.isascii():
        return len(text)
    return sum(_cells(each) for each in text)


def cut(text: str, width: int) -> str:
    """Return a text that takes at most so many cells; a cut one ends in ``…``."""
    if width <= 0:
        return ""
    if cells(text) <= width:
        return text
    kept, used = [], 1
    for each in text:
        used += _cells(each)
        if used > width:
            break
        kept.append(each)
    return "".join(kept) + "…"


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
