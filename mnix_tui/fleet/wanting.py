"""Which servers are worth a connection. Pure.

A server in use has projects, or somebody wants it: its row is selected, a tab of it is open, a
project there is watched. One that has never answered is asked once: nobody knows what it has.
"""

from __future__ import annotations

from dataclasses import dataclass

from mnix_tui.domain.servers import ALWAYS, NEVER, Server

USED, ALL = "used", "all"
"""Which servers a fleet keeps links to."""


@dataclass(frozen=True)
class Need:
    """What speaks for a connection to one server."""

    wanted: bool
    """Whether somebody uses or watches it."""
    projects: bool
    """Whether it has projects, as far as is known."""
    unknown: bool
    """Whether it never answered."""


def keeps(server: Server, policy: str, need: Need) -> bool:
    """Say whether a connection is to be kept; ``policy`` is ``USED`` or ``ALL``."""
    if need.wanted or server.connect == NEVER:
        return need.wanted
    if server.connect == ALWAYS or policy == ALL or server.is_local:
        return True
    return need.projects or need.unknown
