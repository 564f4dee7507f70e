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
    """The PTY's size: the leader's. A screen of another size than this would be drawn wrongly."""


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
    """Another client leads, or this one does, or the leader's size changed.

    The PTY has the leader's size, and what is printed is made for it: a client that does not lead
    shows a screen of that size. ``Attachment.lead`` takes the lead, as typing does.
    """

    mine: bool
    cols: int
    rows: int


@dataclass(frozen=True)
class AttachedClient:
    """Another client that is attached to the same job."""

    name: str
    """Who it is, as it says itself: ``ann@laptop``."""
    since: float
    """When it came, seconds since the epoch."""


@dataclass(frozen=True)
class Clients:
    """Who else is attached; told when somebody comes or goes."""

    others: tuple[AttachedClient, ...]
    count: int
    """How many are attached, with this one."""


@dataclass(frozen=True)
class Silent:
    """The server gives no sign of life; told once a second until ``Speaks`` or ``LinkDown``."""

    seconds: float
    """For how long."""


@dataclass(frozen=True)
class Speaks:
    """A silent server answers again; nothing was lost."""


@dataclass(frozen=True)
class LinkDown:
    """The stream broke; it is opened again as soon as the link is up."""

    reason: str
    since: float = 0.0
    """When, seconds since the epoch."""


@dataclass(frozen=True)
class LinkWaiting:
    """The link is still down; told with each attempt that failed, and with each that begins."""

    reason: str
    attempt: int
    """How many attempts failed."""
    next_try: float | None
    """When it is tried again, seconds since the epoch; in the past while it is being tried.
    ``None``: only when the user says so (``Link.retry_now``)."""


@dataclass(frozen=True)
class LinkUp:
    """The stream is there again, and goes on where it broke."""


@dataclass(frozen=True)
class Exited:
    """The job has ended; nothing follows."""

    code: int | None
    """The exit code; ``None`` when nobody knows it."""
    reason: str
    unsent: int = 0
    """Bytes that were typed and that the job never confirmed: it ended before them."""


AttachEvent = (
    Attached
    | Preamble
    | Output
    | Gap
    | Live
    | Leads
    | Clients
    | Silent
    | Speaks
    | LinkDown
    | LinkWaiting
    | LinkUp
    | Exited
)
"""What an attachment yields."""
