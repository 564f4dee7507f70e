"""What the screens can ask of servers: the part of the port that adds, checks and removes them.

Each method raises ``MnixError`` with a title, what happened and the next step.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal, Protocol

from mnix_tui.link.model import AskSecret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mnix_tui.actions.servers import Purged
    from mnix_tui.domain.audit import Ran
    from mnix_tui.domain.checks import Check
    from mnix_tui.domain.projects import Project
    from mnix_tui.domain.servers import Server
    from mnix_tui.errors import MnixError
    from mnix_tui.link import HostKeyQuestion
    from mnix_tui.ui.workbench.port import Progress

__all__ = ["AskHostKey", "AskSecret", "Outcome", "ServersBench", "TellChecks", "Verb"]

AskHostKey = Callable[["HostKeyQuestion"], Awaitable[bool]]
"""Asks the person about a host key that was never seen."""

TellChecks = Callable[[tuple["Check", ...]], None]
"""Takes all checks of a server as they stand; never waits."""

Verb = Literal["start", "stop", "rebuild"]
"""What several projects can be told at once."""

Outcome = tuple["Project", "MnixError | None"]
"""A project, and why it could not be told."""


class ServersBench(Protocol):
    """Adds, checks, labels and removes servers; asks the person what only a person knows."""

    ask_host_key: AskHostKey | None
    """Set by the app: asks about a host key that was never seen; ``None`` refuses such a key."""
    ask_secret: AskSecret | None
    """Set by the app: asks for what a login needs; ``None`` tries nothing that needs a person."""

    async def ssh_hosts(self) -> Mapping[str, str]:
        """Return the hosts that the SSH configuration names, as far as they have no pattern, each
        with where it leads, "" where that is not said."""

    async def add_server(self, name: str, endpoint: str, tags: Sequence[str] = ()) -> Server:
        """Add a server and begin to connect to it, whether it answers or not."""

    async def check_server(
        self, name: str, tell: TellChecks, *, endpoint: str = ""
    ) -> tuple[Check, ...]:
        """Try everything that a server needs, from its address to its disk, and tell each step.

        With ``endpoint`` the server needs not be there: it is what ``add_server`` would add.
        """

    async def server_log(self, name: str, limit: int = 500) -> list[Ran]:
        """Return what this machine ran on the server, newest first."""

    async def purge_server(self, name: str, *, dry_run: bool, force: bool = False) -> Purged:
        """Remove all that is ours from the server, and the server; ``dry_run``: say what that is.

        Raises ``Busy`` while sessions run there, unless ``force`` ends them.
        """

    async def remove_server(self, name: str, *, forget: bool) -> None:
        """Forget a server; with ``forget`` its projects too (they stay on the server)."""

    async def set_tags(self, name: str, tags: Sequence[str]) -> None:
        """Give a server these tags instead of those it has."""

    async def set_connect(self, name: str, mode: str) -> None:
        """Say when to connect to a server: ``auto``, ``always`` or ``never``."""

    def want(self, server: str, on: bool) -> None:
        """Say that somebody looks at a server or uses it, or not any more."""

    def retry(self, server: str) -> None:
        """Try to reach the server again, now."""

    async def bulk(
        self, projects: Sequence[Project], verb: Verb, progress: Progress
    ) -> list[Outcome]:
        """Tell several projects the same, four at a time; what fails for one stops no other."""
