"""Jobs as a client sees them: their streams, resumed by offset after a lost connection."""

from mnix_tui.sessions.attachment import Attachment
from mnix_tui.sessions.events import (
    Attached,
    AttachedClient,
    AttachEvent,
    Clients,
    Exited,
    Gap,
    Leads,
    LinkDown,
    LinkUp,
    LinkWaiting,
    Live,
    Output,
    Preamble,
    Silent,
    Speaks,
)
from mnix_tui.sessions.logs import log_chunks

__all__ = [
    "AttachEvent",
    "Attached",
    "AttachedClient",
    "Attachment",
    "Clients",
    "Exited",
    "Gap",
    "Leads",
    "LinkDown",
    "LinkUp",
    "LinkWaiting",
    "Live",
    "Output",
    "Preamble",
    "Silent",
    "Speaks",
    "log_chunks",
]
