"""Which adapter stands behind a project's isolation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from server_agent.protocol.errors import AgentError

if TYPE_CHECKING:
    from server_agent.core.config import ServerConfig
    from server_agent.core.ports import Isolation

KINDS = ("container", "host")


def of(kind: str, config: Optional[ServerConfig] = None) -> Isolation:
    """Return the adapter for ``container`` or ``host``; raise ``usage`` for another word."""
    from server_agent.core import config as settings

    if kind == "container":
        from server_agent.adapters.podman import Podman

        return Podman(config or settings.load())
    if kind == "host":
        from server_agent.adapters.host import Host

        return Host()
    raise AgentError("usage", f"the isolation {kind!r} is unknown", "use container or host")
