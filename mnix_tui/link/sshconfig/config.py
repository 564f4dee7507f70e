"""The user's own SSH configuration, as OpenSSH reads it: ``~/.ssh/config``, then everyone's.

A reader of our own, because asyncssh's stops at lines that OpenSSH takes (and at lines that
concern other hosts), reads others differently, and leaves many out. What ``ssh -G HOST`` says is
what counts; a test holds the two together.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mnix_tui.errors import ConfigError
from mnix_tui.link.sshconfig.patterns import in_list
from mnix_tui.link.sshconfig.reader import SYSTEM, Reader
from mnix_tui.link.sshconfig.tokens import Tokens, home
from mnix_tui.link.sshconfig.words import unusable

if TYPE_CHECKING:
    from mnix_tui.domain.servers import Endpoint
    from mnix_tui.link.sshconfig.options import Value

DEFAULT_PORT = 22
DEFAULT_KEYS = ("id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk")
"""Key files that OpenSSH tries where none is named, in its order."""
LONGEST = 43_200.0
"""Seconds for which a connection that nobody uses is kept at most."""


def config_path() -> Path:
    """Return where the user's configuration is."""
    return home() / ".ssh" / "config"


@dataclass
class UserConfig:
    """What OpenSSH's client configuration says of one host."""

    given: str
    """The host as it was typed."""
    tokens: Tokens
    values: dict[str, Value] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    """Where each option was set, as ``FILE:LINE``."""
    missing: tuple[str, ...] = ()
    """Key files that are named but not there."""
    raw: dict[str, Value] = field(default_factory=dict)
    """The values as they stand in the files, before anything is replaced in them."""

    @property
    def host(self) -> str:
        """The machine's real name or address."""
        return self.tokens.host

    @property
    def port(self) -> int:
        """Its port."""
        return self.tokens.port

    @property
    def user(self) -> str:
        """Who logs in."""
        return self.tokens.user

    def get(self, option: str, default: Value | None = None) -> Value | None:
        """Return an option's value; yes and no are texts."""
        return self.values.get(option, default)

    def text(self, option: str) -> str:
        """Return an option as text, "" when it is not set or ``none``."""
        value = self.values.get(option)
        return value if isinstance(value, str) and value.lower() != "none" else ""

    def texts(self, option: str) -> list[str] | None:
        """Return a list option, ``None`` when it is not set; ``none`` gives an empty list."""
        value = self.values.get(option)
        return value if isinstance(value, list) else None

    def number(self, option: str) -> int | None:
        """Return an option that is a number or a time; ``None`` when it is not set or ``none``."""
        value = self.values.get(option)
        return value if isinstance(value, int) else None

    def flag(self, option: str, *, default: bool) -> bool:
        """Return an option that is yes or no; anything else that it says counts as yes."""
        value = self.values.get(option)
        return default if value is None else value != "no"

    def identities(self) -> list[str]:
        """Return the key files to try: those that are named, or OpenSSH's own."""
        named = self.texts("IdentityFile")
        if named is not None:
            return named
        folder = home() / ".ssh"
        return [str(folder / name) for name in DEFAULT_KEYS if (folder / name).is_file()]

    def proxy_command(self) -> str:
        """Return the command that is the way to the host, "" for none; raise ``ConfigError``."""
        command = self.text("ProxyCommand")
        try:
            return self.tokens.expand(command, "hknpr")
        except ValueError as error:
            where, said = self.origins.get("ProxyCommand", ""), f"{command}: {error}"
            raise unusable(where, "ProxyCommand", said, "%% is a percent sign") from error

    def family(self) -> int:
        """Return the kind of addresses to connect to, 0 for any."""
        families = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}
        return families.get(self.text("AddressFamily"), 0)

    def persists(self) -> float:
        """Return for how many seconds a connection is kept when nobody uses it; 0: not at all.

        OpenSSH's "for ever" is half a day: nothing of ours stays longer unasked.
        """
        lasts = self.values.get("ControlPersist", "no")
        if self.text("ControlMaster") not in ("yes", "auto") or lasts == "no":
            return 0.0
        return LONGEST if not isinstance(lasts, int) or not lasts else min(float(lasts), LONGEST)

    def agent(self) -> str:
        """Return the socket of the SSH agent, "" for none."""
        named = self.values.get("IdentityAgent")
        if not isinstance(named, str):
            return os.environ.get("SSH_AUTH_SOCK", "")
        return "" if named.lower() == "none" else named


def load(endpoint: Endpoint, system: Path = SYSTEM) -> UserConfig:
    """Read the configuration for ``endpoint``; raise ``ConfigError``. It may run programs
    (``Match exec``) and ask for names, so it belongs into a thread."""
    preset: dict[str, Value] = {}
    if endpoint.user:
        preset["User"] = endpoint.user
    if endpoint.port:
        preset["Port"] = endpoint.port
    reader = _read(Reader(endpoint.host, preset), system)
    canonical = _canonical(reader, _lower(reader.host()))
    again = reader.values.get("CanonicalizeHostname") in ("yes", "always")
    if reader.wants_final or again:
        values = dict(reader.values)
        values["Hostname"] = (canonical or _lower(reader.host())).replace("%", "%%")
        last = Reader(endpoint.host, values, final=True)
        last.origins = dict(reader.origins)
        reader = _read(last, system)
    return _finished(reader)


def _read(reader: Reader, system: Path) -> Reader:
    reader.read(config_path(), users=True)
    reader.read(system, users=False)
    return reader


def _finished(reader: Reader) -> UserConfig:
    """Replace tokens, and drop key files that are not there."""
    values = dict(reader.values)
    raw = reader.tokens()
    tokens = Tokens(raw.given, _lower(raw.host), raw.user, raw.port, raw.alias, raw.jump)
    missing: list[str] = []
    for option in ("IdentityFile", "CertificateFile", "UserKnownHostsFile"):
        named = values.get(option)
        if isinstance(named, list):
            files = [each for each in named if each.lower() != "none"]
            files = [_at(reader, option, tokens, each) for each in files]
            if option != "UserKnownHostsFile":
                missing += [each for each in files if not _is_there(each)]
                files = [each for each in files if _is_there(each)]
            values[option] = files
    everyone = values.get("GlobalKnownHostsFile")
    if isinstance(everyone, list) and [each.lower() for each in everyone] == ["none"]:
        values["GlobalKnownHostsFile"] = []
    for option in ("RevokedHostKeys", "IdentityAgent", "ForwardAgent"):
        text = values.get(option)
        if isinstance(text, str) and text.lower() not in ("none", "yes", "no"):
            values[option] = _agent_or_file(reader, option, tokens, text)
    if values.get("IdentityAgent") == "SSH_AUTH_SOCK":
        del values["IdentityAgent"]
    values["Hostname"] = tokens.host
    return UserConfig(reader.given, tokens, values, reader.origins, tuple(missing), reader.values)


def _agent_or_file(reader: Reader, option: str, tokens: Tokens, text: str) -> str:
    if text.startswith("$") and not text.startswith("${"):
        return os.environ.get(text[1:], "")
    if text == "SSH_AUTH_SOCK":
        return text
    return _at(reader, option, tokens, text)


def _at(reader: Reader, option: str, tokens: Tokens, text: str) -> str:
    try:
        return tokens.path(text)
    except ValueError as error:
        where, said = reader.origins.get(option, ""), f"{option} {text}: {error}"
        raise unusable(where, option, said, "change that line") from error


def _is_there(key: str) -> bool:
    """Say whether there is a key, or its public half: the other one may be in the agent."""
    return Path(key).is_file() or Path(f"{key}.pub").is_file()


def _lower(host: str) -> str:
    """Fold a name as OpenSSH does: before it is looked up, and not if it is an address."""
    return host if _is_address(host) else host.lower()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _canonical(reader: Reader, host: str) -> str:
    """Return the full name of ``host`` by the CanonicalDomains, "" where there is none."""
    values = reader.values
    how = values.get("CanonicalizeHostname")
    proxied = any(
        str(values.get(option) or "none").lower() != "none"
        for option in ("ProxyCommand", "ProxyJump")
    )
    if how not in ("yes", "always") or (proxied and how != "always") or _is_address(host):
        return ""
    most = values.get("CanonicalizeMaxDots", 1)
    domains = values.get("CanonicalDomains")
    if not isinstance(domains, list) or not isinstance(most, int):
        return ""
    if host.count(".") > most or host.endswith("."):
        return ""
    for domain in domains:
        full = f"{host}.{domain}".rstrip(".").lower()
        try:  # the dot at the end: this name, and none that the resolver makes of it
            found = socket.getaddrinfo(
                f"{full}.", 0, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME
            )
        except (OSError, UnicodeError):
            continue
        return _permitted(values.get("CanonicalizePermittedCNAMEs"), full, found[0][3])
    if values.get("CanonicalizeFallbackLocal") == "no":
        raise ConfigError(
            f"{host} has no full name",
            f"none of the CanonicalDomains ({', '.join(domains)}) knows it",
            f"CanonicalizeFallbackLocal yes in {config_path()} takes it as it is",
        )
    return ""


def _permitted(rules: Value | None, name: str, alias: str) -> str:
    alias = alias.lower().rstrip(".")
    if alias and alias != name and isinstance(rules, list):
        for rule in rules:
            source, _, target = rule.partition(":")
            if in_list(name, source, fold=True) and in_list(alias, target, fold=True):
                return alias
    return name
