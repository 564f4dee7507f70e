"""What this machine did on a server: one record for each command, with its time and result."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST = 2000
"""Characters of a record's detail, at most."""


@dataclass(frozen=True)
class Ran:
    """Something that mnix did on a server."""

    server: str
    at: float
    """When it began, seconds since the epoch."""
    what: str
    """``connect``, ``deliver`` (the agent), ``request`` (to the agent) or ``command``."""
    detail: str
    """The address, the method with short parameters, or the arguments; never a secret."""
    result: str
    """``ok``, ``exit 3``, or what went wrong, in a few words."""
    seconds: float
    """How long it took; of a connection: until it was up."""

    @property
    def ok(self) -> bool:
        """Say whether it worked."""
        return self.result == "ok"
