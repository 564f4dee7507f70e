"""Having a connection made while a command still imports what it needs. Imports little itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnix_tui.cli.context import Context
    from mnix_tui.domain.servers import Server


def begin(context: Context, server: Server, *first: str) -> None:
    """Ask for a connection, if a process is ready to make one; never waits.

    ``first`` is what the agent is going to be started with, if it can wait for what follows.
    """
    if server.is_local or not keep_ready(context):
        return
    from mnix_tui.link.dialler import early, words

    early.begin(words.dial_request(server, dialling(context)), *first)


def dialling(context: Context) -> dict[str, Any]:
    """Return how to connect, but for what needs a person: options of a link."""
    config = context.config
    return {
        "accept_host_keys": context.accept_host_key or config.accept_host_keys,
        "connect_timeout": config.connect_timeout,
        "keepalive_interval": config.keepalive_interval,
        "remote_binary": config.remote_binary,
        "deliver_otherwise": True,
    }


def keep_ready(context: Context) -> float:
    """Return for how many seconds a process shall stay ready to dial."""
    try:
        return float(os.environ["MNIX_KEEP_READY"])
    except (KeyError, ValueError):
        return context.config.keep_ready
