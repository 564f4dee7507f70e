"""What happened in shells while nobody looked at them: one mark for each. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LONG = 10.0
"""Seconds from which on a command's end is told by a toast, too."""


class Kind(IntEnum):
    """What a mark stands for; of several, the greatest is shown."""

    NONE = 0
    STALE = 1
    ACTIVITY = 2
    DONE = 3
    BELL = 4
    FAILED = 5
    BUILD_FAILED = 6
    ENDED = 7


@dataclass(frozen=True)
class Mark:
    """What to show for a shell, a tab or a project: a shape as well as a colour."""

    kind: Kind = Kind.NONE
    text: str = ""
    """``•`` output, ``!`` bell, ``✓`` done, ``✕ 2`` failed with that status, ``↻`` another
    generation is ready."""
    tone: str = ""

    @property
    def sign(self) -> str:
        """The shape alone, one cell wide."""
        return self.text[:1]


NOTHING = Mark()
STALE = Mark(Kind.STALE, "↻", "accent")
"""A shell runs in another generation than new ones get."""
BUILT = Mark(Kind.DONE, "✓", "good")
BUILD_FAILED = Mark(Kind.BUILD_FAILED, "✕", "bad")


@dataclass(frozen=True)
class _Happened:
    activity: bool = False
    bell: bool = False
    finished: bool = False
    status: int | None = None
    ended: bool = False
    built: bool | None = None

    def mark(self) -> Mark:
        if self.built is not None:
            return BUILT if self.built else BUILD_FAILED
        status = "" if self.status is None else f" {self.status}"
        if self.ended:
            bad = bool(self.status)
            return Mark(Kind.ENDED, f"✕{status}" if bad else "■", "bad" if bad else "note")
        if self.finished and self.status:
            return Mark(Kind.FAILED, f"✕{status}", "bad")
        if self.bell:
            return Mark(Kind.BELL, "!", "busy")
        if self.finished:
            return Mark(Kind.DONE, "✓", "good")
        return Mark(Kind.ACTIVITY, "•", "accent") if self.activity else NOTHING


class Marks:
    """Keeps what happened in each shell since it was last looked at."""

    def __init__(self) -> None:
        self._happened: dict[str, _Happened] = {}

    def activity(self, job: str) -> None:
        """Note output."""
        self._note(job, activity=True)

    def bell(self, job: str) -> None:
        """Note that the program rang, or notified."""
        self._note(job, bell=True)

    def finished(self, job: str, status: int | None) -> None:
        """Note that a command finished; the newest one's status counts."""
        self._note(job, finished=True, status=status)

    def built(self, job: str, ok: bool) -> None:
        """Note how a rebuild ended that nobody looked at."""
        self._note(job, built=ok)

    def ended(self, job: str, status: int | None) -> None:
        """Note that the shell itself is over: this stays until its tab is closed."""
        self._note(job, ended=True, status=status)

    def _note(self, job: str, **what: object) -> None:
        before = self._happened.get(job, _Happened())
        if not before.ended:
            self._happened[job] = replace(before, **what)  # type: ignore[arg-type]

    def seen(self, job: str) -> bool:
        """Forget what happened in a shell that is in sight; say whether there was anything."""
        happened = self._happened.get(job)
        if happened is None or happened.ended:
            return False
        del self._happened[job]
        return True

    def drop(self, job: str) -> None:
        """Forget a shell that has no pane any more."""
        self._happened.pop(job, None)

    def of(self, job: str) -> Mark:
        """Return a shell's mark."""
        happened = self._happened.get(job)
        return happened.mark() if happened is not None else NOTHING

    def all(self) -> dict[str, Mark]:
        """Return all marks by their shells."""
        return {job: happened.mark() for job, happened in self._happened.items()}

    def strongest(self, jobs: Iterable[str]) -> Mark:
        """Return the mark to show for several shells together."""
        return strongest(self.of(job) for job in jobs)


def strongest(marks: Iterable[Mark]) -> Mark:
    """Return the greatest of several marks."""
    return max(marks, key=lambda mark: mark.kind, default=NOTHING)
