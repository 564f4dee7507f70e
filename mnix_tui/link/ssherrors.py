"""What went wrong while connecting, in words that help."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh

from mnix_tui.errors import (
    AgentUnusable,
    ConfigError,
    LoginRefused,
    MnixError,
    Refused,
    Unreachable,
)
from mnix_tui.link.sshconfig import UserConfig, config_path

if TYPE_CHECKING:
    from mnix_tui.domain.servers import Endpoint

_DEFAULT_KEYS = ("id_ed25519_sk", "id_ecdsa_sk", "id_ed25519", "id_ecdsa", "id_rsa")
_ERRNO = {
    errno.ECONNREFUSED: ("connection refused", "is sshd running there, and is the port right?"),
    errno.EHOSTUNREACH: ("no route", "is the machine on, and the network (or VPN) up?"),
    errno.ENETUNREACH: ("no network", "is this machine online?"),
    errno.ETIMEDOUT: ("no answer", "is the machine on, and the network (or VPN) up?"),
    errno.ECONNRESET: ("connection reset", "sshd may be overloaded; it is tried again"),
}


def explain(error: BaseException, server: str, endpoint: Endpoint, config: UserConfig) -> MnixError:
    """Return the exception that tells a person what happened to ``server``, and what to do."""
    host = config.text("Hostname") or endpoint.host
    port = config.get("Port") or 22
    where = f"{host} port {port}"
    if isinstance(error, TimeoutError) and not getattr(error, "errno", None):
        hint = "is the machine on, and the network (or VPN) up?"
        return Unreachable(f"{server}: no answer", f"{where}: no answer in time", hint)
    if isinstance(error, socket.gaierror):
        return Unreachable(
            f"{server}: unknown host",
            f"{host}: {error.strerror}",
            "check the name, and ~/.ssh/config for an alias",
        )
    if isinstance(error, (PermissionError, FileNotFoundError)) and error.filename:
        return ConfigError(
            f"{server}: a file can't be used",
            f"{error.filename}: {error.strerror}",
            f"it is a key, or a program that {config_path()} names",
        )
    if isinstance(error, OSError):
        return _os_error(error, server, where)
    if isinstance(error, asyncssh.PermissionDenied):
        return _login_refused(error, server, host, config)
    if isinstance(error, asyncssh.KeyExchangeFailed):
        return Refused(
            f"{server}: no common algorithm", f"{where}: {error.reason}", "update its sshd"
        )
    if isinstance(error, asyncssh.DisconnectError):
        if "authentication failures" in error.reason.lower():
            return _login_refused(error, server, host, config)
        return Unreachable(
            f"{server}: connection lost",
            f"{where}: {error.reason}",
            "sshd ended the connection during the login; its log may say why",
        )
    if isinstance(error, asyncssh.ChannelOpenError):  # a jump host could not go on
        return Unreachable(f"{server}: no way through", f"{where}: {error.reason}")
    if isinstance(error, ValueError):
        return ConfigError(
            f"{server}: the SSH configuration can't be used",
            str(error),
            f"look at {config_path()} and the key files that it names",
        )
    return AgentUnusable(f"{server}: SSH failed", f"{where}: {type(error).__name__}: {error}")


def _os_error(error: OSError, server: str, where: str) -> MnixError:
    # When a name has several addresses, asyncio joins the texts and drops the numbers.
    number = error.errno
    if number is None:
        text = str(error)
        number = next((n for n in _ERRNO if f"[Errno {n}]" in text), None)
    reason, hint = _ERRNO.get(number or 0, ("unreachable", ""))
    detail = os.strerror(number) if number else str(error)
    return Unreachable(f"{server}: {reason}", f"{where}: {detail}", hint)


def _login_refused(
    error: asyncssh.DisconnectError, server: str, host: str, config: UserConfig
) -> LoginRefused:
    user = config.text("User") or os.environ.get("USER", "")
    files = config.texts("IdentityFile") or _default_keys()
    tried = ["the keys of the SSH agent"] if os.environ.get("SSH_AUTH_SOCK") else []
    tried += files
    detail = (
        f"{user}@{host} accepts none of: {', '.join(tried)}"
        if tried
        else (f"{user}@{host}: there is no key in ~/.ssh and no SSH agent")
    )
    if "authentication failures" in error.reason.lower():
        hint = "too many keys were offered: set IdentityFile and IdentitiesOnly yes for this host"
    elif tried:
        hint = f"ssh-copy-id {user}@{host}, or ssh-add if the key has a passphrase"
    else:
        hint = f"make one: ssh-keygen -t ed25519, then ssh-copy-id {user}@{host}"
    return LoginRefused(f"{server}: login refused", detail, hint)


def _default_keys() -> list[str]:
    folder = Path("~/.ssh").expanduser()
    return [f"~/.ssh/{name}" for name in _DEFAULT_KEYS if (folder / name).is_file()]
