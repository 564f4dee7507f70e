"""What the app does with keys that are typed before what they are for is there."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class HoldsKeys(Protocol):
    """The app, as screens and panes see it here."""

    def hold_keys(self) -> None:
        """Hold what is typed for the shell that is being opened, until it has the keyboard."""

    def release_keys(self) -> None:
        """Hand what was held to whatever has the keyboard now."""

    def drop_keys(self) -> None:
        """Forget what was held, and say so: what it was typed for did not open."""

    def leader_done(self) -> None:
        """What the leader asked for is done: go on with what was typed behind it."""
