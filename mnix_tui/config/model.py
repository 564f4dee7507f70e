"""The client's settings, each with its meaning and its default."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mnix_tui.config import paths

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class ClientConfig:
    """What ``client.toml`` can say. Every key is optional."""

    default_server: str = ""
    """The server that commands mean when ``--server`` is not given."""
    database_path: Path = field(default_factory=paths.default_database_path)
    """The database of servers and projects; ``~`` is expanded."""
    remote_binary: str = ""
    """The agent's program on servers that have their own; empty: mnix brings its agent along."""
    accept_host_keys: bool = False
    """Save the key of a server that was never seen before without asking. Changed keys are
    refused in any case."""
    connect_timeout: float = 15.0
    """Seconds to wait for a server to answer."""
    keepalive_interval: float = 5.0
    """Seconds between signs of life on a connection; four missing ones end it."""
    keep_ready: float = 600.0
    """Seconds for which a small process stays ready to dial after a command, so that the next ones
    connect sooner; 0: none does. The variable MNIX_KEEP_READY comes before it."""
    connect: str = "used"
    """Which servers the dashboard stays connected to: ``used``, those that have projects or that
    somebody looks at, or ``all``. ``mnix server set NAME --connect`` says it for one server."""
    leader: str = "ctrl+backslash"
    """The one key that the dashboard keeps for itself inside a shell."""
    theme: str = ""
    """The dashboard's theme; empty: mnix's own dark one."""
    scrollback_mib: int = 192
    """Mebibytes that the history of each shell may take before it is compressed, to a few per
    cent of that: 192 hold 100,000 lines."""
    warm_up: bool = True
    """Build a new project's environment at once, so that its first shell opens warm."""
    notify_after: float = 30.0
    """Seconds after which the end of a rebuild is worth a notification; 0: never."""
    ssh_binary: str = ""
    """Understood for PyPI mnix's sake, and unused: mnix speaks SSH itself."""
    remote_podman_binary: str = ""
    """Understood for PyPI mnix's sake, and unused: ``podman_binary`` in a server's own
    ``server.toml`` names its Podman."""

    path: Path | None = field(default=None, metadata={"key": False})
    """The file that was read; not a key."""
    warnings: tuple[str, ...] = field(default=(), metadata={"key": False})
    """What was odd in the file, one sentence each; not a key."""


LIMITS: dict[str, tuple[float, float]] = {
    "connect_timeout": (0.1, 3600),
    "keepalive_interval": (0.1, 3600),
    "keep_ready": (0, 86400),
    "scrollback_mib": (1, 4096),
    "notify_after": (0, 86400),
}
"""The smallest and the largest value of the settings that are numbers."""

CHOICES: dict[str, tuple[str, ...]] = {"connect": ("used", "all")}
"""What the settings can be that are one of a few words."""

UNUSED: dict[str, tuple[str, str]] = {
    "ssh_binary": ("ssh", "mnix speaks SSH itself, by your SSH configuration"),
    "remote_podman_binary": ("podman", "set podman_binary in the server's server.toml instead"),
}
"""Keys of PyPI mnix without effect: the value that asks for nothing, and what to do instead."""
