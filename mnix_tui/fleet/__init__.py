"""All servers at once: every link kept, one snapshot of everything, coalesced changes."""

from mnix_tui.fleet.fleet import Fleet
from mnix_tui.fleet.model import FleetSnapshot, ServerView

__all__ = ["Fleet", "FleetSnapshot", "ServerView"]
