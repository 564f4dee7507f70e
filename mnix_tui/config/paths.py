"""Where the client keeps its files: the XDG folders, as PyPI mnix 0.1.0 and 0.2.0 used them."""

from __future__ import annotations

import os
from pathlib import Path

from mnix_tui.errors import ConfigError


def _folder(variable: str, default: str) -> Path:
    root = os.environ.get(variable, "")
    return expand(root, variable) / "mnix" if root else home() / default / "mnix"


def home() -> Path:
    """Return the user's home folder; raise ``ConfigError`` when there is none."""
    try:
        return Path.home()
    except RuntimeError as error:
        raise ConfigError("there is no home folder", str(error), "set HOME") from error


def expand(text: str, what: str) -> Path:
    """Expand ``~`` and make a path absolute; ``what`` names where it was written."""
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        raise ConfigError(f"{what}: {text!r} can't be expanded", str(error)) from error


def config_dir() -> Path:
    """Return the folder of ``client.toml``: ``$XDG_CONFIG_HOME/mnix`` or ``~/.config/mnix``."""
    return _folder("XDG_CONFIG_HOME", ".config")


def state_dir() -> Path:
    """Return the folder of the database: ``$XDG_STATE_HOME/mnix`` or ``~/.local/state/mnix``."""
    return _folder("XDG_STATE_HOME", ".local/state")


def client_config_path() -> Path:
    """Return where ``client.toml`` is: ``$MNIX_CLIENT_CONFIG``, or in the configuration folder."""
    explicit = os.environ.get("MNIX_CLIENT_CONFIG", "")
    if explicit:
        return expand(explicit, "MNIX_CLIENT_CONFIG")
    return config_dir() / "client.toml"


def default_database_path() -> Path:
    """Return where the database is, unless ``database_path`` says otherwise."""
    return state_dir() / "client.db"


def log_path() -> Path:
    """Return the file that unexpected errors are written to."""
    return state_dir() / "mnix.log"
