"""The user's own SSH configuration, read by asyncssh's parser with its gaps to OpenSSH closed.

asyncssh raises for some lines that OpenSSH accepts, and for key files that don't exist. What
still can't be read is a ``ConfigError`` that names the file and the line.
"""

from __future__ import annotations

import getpass
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asyncssh import SSHClientConnectionOptions
from asyncssh.config import ConfigParseError, SSHClientConfig

from mnix_tui.errors import ConfigError

if TYPE_CHECKING:
    from mnix_tui.domain.servers import Endpoint

_TIME = re.compile(r"(\d+)([smhdw]?)", re.IGNORECASE)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def config_path() -> Path:
    """Return where the user's configuration is."""
    return Path("~/.ssh/config").expanduser()


class UserConfig(SSHClientConfig):
    """What OpenSSH's client configuration says of one host."""

    def _set_time(self, option: str, args: list[str]) -> None:
        """Set seconds; OpenSSH takes ``1m``, ``1h30m`` and ``none`` too."""
        text = args.pop(0)
        parts = _TIME.findall(text)
        if text.lower() == "none":
            seconds = None
        elif parts and "".join(a + b for a, b in parts) == text:
            seconds = sum(int(number) * _UNITS[unit.lower()] for number, unit in parts)
        else:
            self._error(f"Invalid {option} value: {text}")
        if seconds is not None:
            self._options.setdefault(option, seconds)

    def _set_tokens(self) -> None:
        super()._set_tokens()
        self._tokens["k"] = str(self._options.get("HostKeyAlias") or self._orig_host)
        self._tokens["j"] = str(self._options.get("ProxyJump") or "")

    _handlers = {  # noqa: RUF012 - as asyncssh's own
        **SSHClientConfig._handlers,
        "connecttimeout": ("ConnectTimeout", _set_time),
        "serveraliveinterval": ("ServerAliveInterval", _set_time),
    }

    def text(self, option: str) -> str:
        """Return an option as text, "" when it is not set."""
        value = self.get(option)
        return value if isinstance(value, str) else ""

    def texts(self, option: str) -> list[str] | None:
        """Return a list option, ``None`` when it is not set; ``none`` gives an empty list."""
        value = self.get(option)
        return [str(item) for item in value] if isinstance(value, list) else None

    def tidy(self) -> None:
        """Drop what OpenSSH ignores silently and asyncssh stumbles over."""
        for option in ("IdentityFile", "CertificateFile"):
            files = self.texts(option)
            if files is not None:
                there = [f for f in files if Path(f).expanduser().is_file()]
                self._options[option] = there
        agent = self.text("IdentityAgent")
        if agent == "SSH_AUTH_SOCK":
            del self._options["IdentityAgent"]
        elif agent.startswith("$"):
            self._options["IdentityAgent"] = os.environ.get(agent[1:].strip("{}"), "")


def load(endpoint: Endpoint) -> UserConfig:
    """Read the user's configuration for ``endpoint``; raise ``ConfigError``. It may run programs
    (``Match exec``), so it belongs into a thread."""
    path = config_path()
    paths = [path] if os.access(path, os.R_OK) else []
    empty: Any = ()
    try:
        config = UserConfig.load(
            None,
            paths,
            False,
            False,
            False,
            getpass.getuser(),
            endpoint.user or empty,
            endpoint.host,
            endpoint.port or empty,
        )
    except (ConfigParseError, UnicodeDecodeError, OSError, ValueError) as error:
        raise ConfigError(
            f"{path} can't be used", str(error), "change or remove that line"
        ) from error
    assert isinstance(config, UserConfig)
    config.tidy()
    return config


def seed(config: UserConfig) -> SSHClientConnectionOptions:
    """Return asyncssh options that start from ``config`` instead of reading the file again."""
    options = SSHClientConnectionOptions(config=None, client_keys=None)
    options.config = config
    return options
