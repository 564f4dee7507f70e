"""All servers at once: every link kept, one snapshot of everything, coalesced changes."""

from mnix_tui.fleet.builds import BuildWatch
from mnix_tui.fleet.fleet import Fleet
from mnix_tui.fleet.model import FleetSnapshot, ServerView
from mnix_tui.fleet.samples import Samples, UsageSamples

__all__ = ["BuildWatch", "Fleet", "FleetSnapshot", "Samples", "ServerView", "UsageSamples"]
