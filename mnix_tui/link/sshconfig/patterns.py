"""OpenSSH's patterns: ``*``, ``?``, lists with commas, ``!`` for what must not match. Pure."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    runs = re.sub(r"\*+", "*", pattern)  # many stars in a row take for ever otherwise
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(char) or re.escape(char) for char in runs), re.DOTALL)


def matches(text: str, pattern: str) -> bool:
    """Say whether ``text`` fits one pattern."""
    return _compiled(pattern).fullmatch(text) is not None


def in_list(text: str, patterns: str, *, fold: bool = False) -> bool:
    """Say whether ``text`` fits a list with commas; one that is negated and fits says no.

    ``fold`` compares without regard to upper and lower case, as OpenSSH does with host names.
    """
    if fold:
        text, patterns = text.lower(), patterns.lower()
    return any_of(text, patterns.split(","))


def any_of(text: str, patterns: list[str]) -> bool:
    """Say whether ``text`` fits one of ``patterns``, and none that is negated."""
    found = False
    for pattern in patterns:
        if pattern.startswith("!"):
            if matches(text, pattern[1:]):
                return False
        elif matches(text, pattern):
            found = True
    return found
