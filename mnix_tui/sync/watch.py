"""Watching a folder and its workspace: changes are on the other side as they come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnix_tui.errors import MnixError
    from mnix_tui.sync.model import SyncReport


@dataclass(frozen=True)
class Watching:
    """Both sides are watched now, and as alike as they can be."""


@dataclass(frozen=True)
class Synced:
    """Changes were moved."""

    report: SyncReport


@dataclass(frozen=True)
class Waiting:
    """The server can't be reached; changes are sent once it is there again."""

    reason: str


@dataclass(frozen=True)
class Trouble:
    """Something stands in the way of syncing; watching goes on, and tries again."""

    error: MnixError


WatchEvent = Watching | Synced | Waiting | Trouble
"""What ``actions.sync.watch`` tells."""
