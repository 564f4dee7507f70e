"""How drift is told, to read. (Beside ``drift``, which every listing imports.)"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FileDrift:
    """How one file differs between two places."""

    name: str
    diff: tuple[str, ...] = ()
    """A unified diff, without the ends of lines and safe to show; empty for a lock file that
    could be compared by its inputs."""
    inputs: tuple[str, ...] = ()
    """For a lock file: a line for each input that differs (``nixpkgs: abc1234 (2026-01-02) → …``)."""
    more: int = 0
    """Lines that were left out."""


@dataclass(frozen=True)
class DriftReport:
    """What differs, to read."""

    unpushed: tuple[FileDrift, ...] = ()
    """What a push would change on the server; empty too when no local folder is known."""
    unbuilt: tuple[FileDrift, ...] = ()
    """What a rebuild would build that the running generation was not built from."""

    def __bool__(self) -> bool:
        return bool(self.unpushed or self.unbuilt)
