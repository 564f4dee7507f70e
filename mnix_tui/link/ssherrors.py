"""What went wrong while connecting, in words that help."""

from __future__ import annotations

import errno
import os
import shlex
import socket

import asyncssh

from mnix_tui.errors import (
    AgentUnusable,
    ConfigError,
    LoginRefused,
    LoginWaits,
    MnixError,
    Refused,
    Unreachable,
)
from mnix_tui.link.login.findings import Findings
from mnix_tui.link.sshconfig.config import DEFAULT_PORT, UserConfig, config_path
from mnix_tui.link.sshconfig.tokens import tilded

_MAX_PROBLEMS = 4
_ERRNO = {
    errno.ECONNREFUSED: ("connection refused", "is sshd running there, and is the port right?"),
    errno.EHOSTUNREACH: ("no route", "is the machine on, and the network (or VPN) up?"),
    errno.ENETUNREACH: ("no network", "is this machine online?"),
    errno.ETIMEDOUT: ("no answer", "is the machine on, and the network (or VPN) up?"),
    errno.ECONNRESET: ("connection reset", "sshd may be overloaded; it is tried again"),
}


def explain(error: BaseException, server: str, config: UserConfig) -> MnixError:
    """Return the exception that tells a person what happened to ``server``, and what to do."""
    host = config.host
    where = f"{host} port {config.port}"
    if isinstance(error, TimeoutError) and not getattr(error, "errno", None):
        hint = "is the machine on, and the network (or VPN) up?"
        return Unreachable(f"{server}: no answer", f"{where}: no answer in time", hint)
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return Unreachable(
            f"{server}: no name service",
            f"{host} can't be looked up now: {error.strerror}",
            "is this machine online, and the VPN up that knows the name?",
        )
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
        return login_refused(server, config, _default(config))
    if isinstance(error, asyncssh.KeyExchangeFailed):
        return Refused(
            f"{server}: no common algorithm", f"{where}: {error.reason}", "update its sshd"
        )
    if isinstance(error, asyncssh.DisconnectError):
        if too_many(error):
            return login_refused(server, config, _default(config), too_many=True)
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


def too_many(error: BaseException) -> bool:
    """Say whether sshd ended a login because of too many keys or answers (MaxAuthTries)."""
    reason = error.reason.lower() if isinstance(error, asyncssh.DisconnectError) else ""
    return "authentication failures" in reason


def login_refused(
    server: str, config: UserConfig, found: Findings, *, too_many: bool = False
) -> LoginRefused:
    """Return why nobody was let in: by what was tried, what was wrong with it, what was missing."""
    account = f"{config.user}@{config.host}"
    copy = _copy_id(config)
    tried, needed, stopped, fix = found.tried, found.needed, found.stopped, ""
    if stopped:
        detail, hint = stopped, "connect again to be asked again"
    elif needed:
        wants = f"{account} wants {' or '.join(dict.fromkeys(needed))}"
        detail = f"{wants}, and accepts none of: {', '.join(tried)}" if tried else wants
        hint = f"connect where somebody can be asked, or {copy}"
        if any("passphrase" in each for each in needed):
            hint = "connect where somebody can be asked, or ssh-add the key"
        elif config.flag("BatchMode", default=False):
            hint += "; BatchMode yes of the SSH configuration has nobody asked"
    elif tried:
        detail = f"{account} accepts none of: {', '.join(tried)}"
        hint = f"{copy}, or ssh-add if the key has a passphrase"
        fix = copy
    elif found.exposed:
        detail, hint = f"{account}: there is no key that can be used", ""
    else:
        detail = f"{account}: there is no key in ~/.ssh and no SSH agent"
        hint = f"make one: ssh-keygen -t ed25519, then {copy}"
    if too_many and not stopped:
        hint = "too many keys were offered: set IdentityFile and IdentitiesOnly yes for this host"
    if found.exposed and not stopped:
        fix = f"chmod 600 {shlex.join(found.exposed)}"
        hint = hint if needed else f"only you may read a private key: {fix}"
    more = found.problems[:_MAX_PROBLEMS]
    if needed and found.unasked and not stopped:
        what = "a passphrase" if any("passphrase" in each for each in needed) else "a password"
        return LoginWaits(f"{server}: wants {what}", "; ".join([detail, *more]))
    more += [f"the server says: {found.banner}"] if found.banner else []
    error = LoginRefused(f"{server}: login refused", "; ".join([detail, *more]), hint)
    error.fix = fix if found.exposed or not too_many else ""
    return error


def _copy_id(config: UserConfig) -> str:
    """Return the command that has this machine's key accepted, by way of a password."""
    port = f"-p {config.port} " if config.port != DEFAULT_PORT else ""
    return f"ssh-copy-id {port}{shlex.quote(f'{config.user}@{config.given}')}"


def _default(config: UserConfig) -> Findings:
    agent = ["the keys of the SSH agent"] if config.agent() else []
    return Findings(tried=agent + [tilded(path) for path in config.identities()])
