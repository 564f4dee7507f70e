"""Jobs as a client sees them: their streams, resumed by offset after a lost connection."""

from mnix_tui.sessions.attachment import Attachment
from mnix_tui.sessions.core import InputFull
from mnix_tui.sessions.events import (
    Attached,
    AttachEvent,
    Exited,
    Gap,
    Leads,
    LinkDown,
    LinkUp,
    Live,
    Output,
    Preamble,
)
from mnix_tui.sessions.logs import log_chunks

__all__ = [
    "AttachEvent",
    "Attached",
    "Attachment",
    "Exited",
    "Gap",
    "InputFull",
    "Leads",
    "LinkDown",
    "LinkUp",
    "Live",
    "Output",
    "Preamble",
    "log_chunks",
]
