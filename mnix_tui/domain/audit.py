"""What this machine did on a server: one record for each command, with its time and result."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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


def calling(names: Mapping[str, str]) -> Callable[[Ran], Ran]:
    """Return what calls projects by their ``names`` in a record, instead of by their ids."""
    ids = re.compile("|".join(re.escape(id_) for id_ in names if id_) or r"(?!)")

    def called(ran: Ran) -> Ran:
        detail = ids.sub(lambda found: names[found[0]], ran.detail)
        return ran if detail == ran.detail else replace(ran, detail=detail)

    return called
