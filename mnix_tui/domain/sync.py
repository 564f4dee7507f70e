"""What is shown of a project's synchronisation, and of what its trash holds. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Choice = Literal["here", "there", "both"]
"""Which copy of a conflict stays: ours, the server's, or both beside each other."""

Direction = Literal["push", "pull", "both"]
"""Which way changes go."""


@dataclass(frozen=True)
class SyncSummary:
    """How a project's folder here stands to its workspace, as the last look found it."""

    at: float | None = None
    """When it was last looked at, seconds since the epoch; ``None``: never."""
    conflicts: int = 0
    """Paths that were changed on both sides."""
    kept: int = 0
    """Paths that were changed only on the server, and not fetched yet."""
    watching: bool = False
    """Whether the folder is watched, and its changes are sent as they come."""


@dataclass(frozen=True)
class Trashed:
    """Something that a transfer replaced or deleted."""

    id: str
    """The transfer that did it: all that it replaced has one id."""
    time: float
    """When, in seconds since the epoch."""
    by: str
    """Which client it was, or what it was done for."""
    path: str
    kind: str
    """``f`` a file, ``l`` a link, ``d`` a folder."""
    size: int
    of: int = 0
    """How many paths its transfer has in the trash; 0 where nobody counted."""


@dataclass(frozen=True)
class Side:
    """One side of a conflict, in words for people."""

    kind: str = ""
    """``f``, ``l``, ``d``; "" when there is nothing."""
    size: int = 0
    mtime: float | None = None
    mode: int = 0


@dataclass(frozen=True)
class ConflictDiff:
    """How the two copies of a conflict differ, to read."""

    path: str
    lines: tuple[str, ...]
    """A unified difference from the server's text to ours; empty where texts can't be compared."""
    here: Side
    there: Side
    binary: bool = False
    """Whether one of them is no text, or too long to compare."""
    more: int = 0
    """Lines of the difference beyond those."""
