"""``mnix.toml`` in a project's folder, as the client reads it.

The agent reads the file too, on the server, with the same rules: they are the protocol's. The
client needs the flake and the isolation of a new project, and names a mistake before anything
is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.config import read
from mnix_tui.errors import ConfigError
from server_agent.protocol import mnixtoml
from server_agent.protocol.errors import AgentError

if TYPE_CHECKING:
    from pathlib import Path

    from server_agent.protocol.mnixtoml import Settings


def load_project(folder: Path) -> Settings:
    """Load ``folder/mnix.toml``; a missing file means all defaults. Raises ``ConfigError``."""
    path = folder / mnixtoml.FILE_NAME
    try:
        return mnixtoml.check(read.read_toml(path))
    except AgentError as error:
        title = error.message.removeprefix(f"{mnixtoml.FILE_NAME}: ")
        raise ConfigError(f"{path}: {title}", error.detail, "correct that line") from error
