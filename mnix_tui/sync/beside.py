"""The names that the server's copies get beside ours. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

_ODD = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST = 255
"""Bytes that a file's name may have."""


class Beside:
    """Names copies, each one differently from all that is there."""

    def __init__(self, taken: Container[str], server: str, stamp: str) -> None:
        """Make no name that is in ``taken``."""
        plain = _ODD.sub("-", server).strip("-")[:40] or "server"
        self.label = f"from-{plain}-{stamp}".rstrip("-")
        """What marks the server's copy."""
        self._taken = taken
        self._given: set[str] = set()

    def name(self, path: str) -> str:
        """Return where the server's copy of ``path`` goes."""
        folder, slash, name = path.rpartition("/")
        stem, dot, ending = name.rpartition(".")
        if not stem or len(ending) > 20:
            stem, dot, ending = name, "", ""
        number = 1
        while True:
            label = self.label if number == 1 else f"{self.label}-{number}"
            copy = f"{folder}{slash}{_fit(stem, f'.{label}{dot}{ending}')}"
            if copy not in self._taken and copy not in self._given:
                self._given.add(copy)
                return copy
            number += 1


def _fit(stem: str, end: str) -> str:
    """Return ``stem`` + ``end``, with as much of the stem as a name can hold."""
    room = _LONGEST - len(end.encode("utf-8", "surrogateescape"))
    while len(stem.encode("utf-8", "surrogateescape")) > room:
        stem = stem[:-1]
    return stem + end
