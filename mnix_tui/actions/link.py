"""What an action needs of a link, and how it tells how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mnix_tui.domain.servers import Server
    from mnix_tui.link import AgentClient, CommandChannel

Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, how much of it is done, and of how much (``None``: unknown)."""


class ActionLink(Protocol):
    """A server that is connected. ``agent`` raises ``LinkLost`` or ``Unreachable`` if not."""

    server: Server

    @property
    def agent(self) -> AgentClient:
        """The server's agent."""

    async def command(
        self,
        *args: str,
        bulk: bool = False,
        early: bytes = b"",
        forward_agent: bool = False,
    ) -> CommandChannel:
        """Run the agent with ``args``; ``early`` is what it reads first.

        ``forward_agent``: it may use the keys of this machine's SSH agent.
        """


class KeptLink(ActionLink, Protocol):
    """A server whose connection is made again when it is lost."""

    async def ready(self, timeout: float | None = None) -> None:
        """Wait until the link is up, or raise why it won't be."""


def quiet(what: str, done: int, total: int | None) -> None:
    """Take progress that nobody asked for."""
