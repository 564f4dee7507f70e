"""The link to one server: connecting, the agent's delivery, requests, streams, reconnecting.

Cheap to import: each part is loaded when it is first used, and asyncssh by the first connection
over SSH.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
_HOMES = {
    "agent": ("AgentClient",),
    "connection": ("Connection", "connect"),
    "link": ("Link", "open_link"),
    "wire": ("project_status",),
}


def __getattr__(name: str) -> Any:
    """Import a part when it is first used."""
    if name not in __all__:
        raise AttributeError(name)
    home = next((home for home, names in _HOMES.items() if name in names), "model")
    return getattr(import_module(f"mnix_tui.link.{home}"), name)
