"""OpenSSH's patterns: ``*``, ``?``, lists with commas, ``!`` for what must not match. Pure."""

from __future__ import annotations


def matches(text: str, pattern: str) -> bool:
    """Say whether ``text`` fits one pattern, in time that grows with both lengths, whatever stands
    there: no regular expression, which tries all ways to share a text among many stars."""
    at = star = mark = 0
    here, starred = 0, False
    while here < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, mark, starred = at, here, True
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[here]):
            at += 1
            here += 1
        elif starred:
            mark += 1
            at, here = star + 1, mark
        else:
            return False
    return not pattern[at:].strip("*")


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
