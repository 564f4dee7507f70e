"""Trying everything that a server needs, one step after the other, while somebody watches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnix_tui.domain.checks import WAY, Check, CheckState, as_json, passed
from mnix_tui.domain.servers import ServerStatus
from mnix_tui.domain.states import ServerState

if TYPE_CHECKING:
    from mnix_tui.domain.servers import Server
    from mnix_tui.link.checkup import Tell
    from mnix_tui.link.model import LinkOptions


@dataclass(frozen=True)
class Report:
    """What was found of one server."""

    server: Server
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Say whether the server is usable: no check failed."""
        return passed(self.checks)

    @property
    def failed(self) -> Check | None:
        """The first check that failed, if one did."""
        return next((each for each in self.checks if each.state is CheckState.FAILED), None)

    def status(self, now: float) -> ServerStatus | None:
        """Return how the server is, as far as whether it can be reached; ``None`` where it can
        be, and something there is wrong."""
        if self.failed is None:
            return ServerStatus(ServerState.ONLINE, seen=now)
        if self.failed.key not in WAY:
            return None
        state = ServerState.REFUSED if self.failed.refused else ServerState.OFFLINE
        return ServerStatus(state, self.failed.said, self.failed.hint)

    def to_json(self) -> dict[str, Any]:
        """Return the report as an object of ``--json``."""
        return {
            "server": self.server.name,
            "endpoint": self.server.endpoint,
            "ok": self.ok,
            "checks": [as_json(check) for check in self.checks],
        }


def unheard(checks: tuple[Check, ...]) -> None:
    """Take news of checks that nobody watches."""


async def doctor(server: Server, options: LinkOptions, tell: Tell = unheard) -> Report:
    """Try everything on ``server`` and report; ``tell`` hears of each change.

    It raises for nothing that a server does, and may be cancelled.
    """
    from mnix_tui.link.checkup import check

    return Report(server, await check(server, options, tell))
