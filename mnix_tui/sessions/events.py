"""What an attachment tells, in the order in which it happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnix_tui.domain.jobs import Job


@dataclass(frozen=True)
class Attached:
    """The stream is open, for the first time or again."""

    job: Job
    offset: int
    """Where in the log the output goes on."""
    end: int
    """How long the log is now."""
    mine: bool
    """Whether this client leads: its size is the PTY's, and only it answers queries."""
    cols: int
    rows: int
    """The PTY's size."""


@dataclass(frozen=True)
class Preamble:
    """Bytes that set a fresh terminal's modes, before the first output."""

    data: bytes


@dataclass(frozen=True)
class Output:
    """Bytes of the log, each once and in order."""

    data: bytes
    offset: int
    """Where in the log they begin."""


@dataclass(frozen=True)
class Gap:
    """The log between two offsets is no longer kept."""

    start: int
    end: int


@dataclass(frozen=True)
class Live:
    """The replay is over; what follows happens now."""


@dataclass(frozen=True)
class Leads:
    """Another client leads, or this one does, and the PTY has that one's size."""

    mine: bool
    cols: int
    rows: int


@dataclass(frozen=True)
class LinkDown:
    """The stream broke; it is opened again as soon as the link is up."""

    reason: str


@dataclass(frozen=True)
class LinkUp:
    """The stream is there again, and goes on where it broke."""


@dataclass(frozen=True)
class Exited:
    """The job has ended; nothing follows."""

    code: int | None
    """The exit code; ``None`` when nobody knows it."""
    reason: str


AttachEvent = Attached | Preamble | Output | Gap | Live | Leads | LinkDown | LinkUp | Exited
