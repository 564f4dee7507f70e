"""What a push is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A file or a symbolic link below the folder."""

    path: str
    """Relative, with forward slashes; bytes that are not UTF-8 are surrogates."""
    size: int = 0
    mode: int = 0o644
    mtime: int = 0
    target: str | None = None
    """Where a symbolic link points; ``None`` for a file."""


@dataclass(frozen=True)
class Scan:
    """What would be sent, in the order of the paths, and what a person should know of it."""

    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()
    """What was left out without any rule saying so, and what looks like a mistake."""

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(entry.size for entry in self.entries)


@dataclass(frozen=True)
class PushReport:
    """What a push did."""

    files: int
    """How many files and links were sent."""
    bytes: int
    """How long their archive was."""
    changed: int
    """How many of them the server did not have like that."""
    trashed: int
    """How many older versions went to the project's trash."""
    seconds: float
    notes: tuple[str, ...] = ()
