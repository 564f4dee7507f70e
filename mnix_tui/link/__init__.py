"""The link to one server: connecting, the agent's delivery, requests, streams, reconnecting.

Cheap to import: asyncssh is loaded by the first connection over SSH, and not before.
"""

from mnix_tui.link.agent import AgentClient
from mnix_tui.link.connection import Connection, connect
from mnix_tui.link.link import Link, open_link
from mnix_tui.link.model import (
    AskSecret,
    Channel,
    CommandChannel,
    Connected,
    HostKeyQuestion,
    LinkEvent,
    LinkOptions,
    SecretQuestion,
    Silence,
    Stage,
    StateSnapshot,
    Stats,
    StatusChanged,
    Trying,
)
from mnix_tui.link.wire import project_status

__all__ = [
    "AgentClient",
    "AskSecret",
    "Channel",
    "CommandChannel",
    "Connected",
    "Connection",
    "HostKeyQuestion",
    "Link",
    "LinkEvent",
    "LinkOptions",
    "SecretQuestion",
    "Silence",
    "Stage",
    "StateSnapshot",
    "Stats",
    "StatusChanged",
    "Trying",
    "connect",
    "open_link",
    "project_status",
]
