"""What mnix itself did since it was opened, for the Log tab: a bounded list, nothing more."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEPT = 2000


@dataclass(frozen=True)
class Entry:
    """One thing that mnix did or met."""

    at: float
    subject: str
    """A row's key in the fleet tree; "" for what concerns mnix as a whole."""
    tone: str
    """``good``, ``busy``, ``bad`` or ``idle``."""
    text: str
    detail: str = ""


class Activity:
    """The newest entries, and who wants to hear of new ones."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self.heard: Callable[[Entry], None] = lambda entry: None

    def add(self, subject: str, tone: str, text: str, detail: str = "") -> Entry:
        """Note what happened, now."""
        entry = Entry(self._clock(), subject, tone, text, detail)
        self._entries.append(entry)
        self.heard(entry)
        return entry

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Tell nobody of what is added meanwhile: who adds many draws them at once."""
        heard, self.heard = self.heard, lambda entry: None
        try:
            yield
        finally:
            self.heard = heard

    def of(self, subject: str) -> list[Entry]:
        """Return what concerns a project or server; a server's includes its projects'."""
        if "/" in subject:
            return [entry for entry in self._entries if entry.subject == subject]
        return [
            entry
            for entry in self._entries
            if entry.subject == subject or entry.subject.startswith(f"{subject}/")
        ]
