"""Is this host key the right one? By the user's own known_hosts, which also remembers a yes.

The lookup is asyncssh's (hashed names, ``[host]:port``, wildcards, ``@revoked``,
``@cert-authority``); one bad line in a file doesn't spoil the others. An address alone is never
enough: names are matched, as OpenSSH does.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asyncssh.known_hosts import SSHKnownHosts
from asyncssh.public_key import get_default_certificate_algs

from mnix_tui.errors import HostKeyChanged, HostKeyUnknown, Refused
from mnix_tui.link.model import HostKeyQuestion
from mnix_tui.link.randomart import randomart

if TYPE_CHECKING:
    from asyncssh import SSHKey

    from mnix_tui.link.sshconfig import UserConfig

DEFAULT_PORT = 22
USER_FILES = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
GLOBAL_FILES = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
PREFERRED = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
"""Which key to ask an unknown host for: the first one is what people compare nowadays.

asyncssh alone would ask for RSA.
"""
_TITLES = {"ssh-ed25519": "ED25519 256"} | {
    f"ecdsa-sha2-nistp{bits}": f"ECDSA {bits}" for bits in (256, 384, 521)
}


@dataclass(frozen=True)
class Entry:
    """One usable line of a known_hosts file."""

    path: Path
    line: int
    hosts: SSHKnownHosts


class HostKeys:
    """The host keys that are known for one host."""

    def __init__(self, config: UserConfig, host: str, port: int) -> None:
        user = config.texts("UserKnownHostsFile")
        everyone = config.texts("GlobalKnownHostsFile")
        self.files = [Path(f).expanduser() for f in (USER_FILES if user is None else user)]
        names = GLOBAL_FILES if everyone is None else everyone
        self._entries = [
            entry
            for path in (*self.files, *(Path(f).expanduser() for f in names))
            for entry in _read(path)
        ]
        self.host = config.text("HostKeyAlias") or host
        self.port = port
        self._ports = config.text("HostKeyAlias") == ""
        self.offered: SSHKey | None = None
        """The key that was not trusted, once the server has shown it."""

    @property
    def name(self) -> str:
        """The host as known_hosts writes it."""
        if self.port == DEFAULT_PORT or not self._ports:
            return self.host
        return f"[{self.host}]:{self.port}"

    def trusted(
        self, _host: str, _address: str, _port: int | None
    ) -> tuple[list[Any], list[Any], list[Any]]:
        """Return keys, authorities and revoked keys, in the form that asyncssh asks for."""
        found = self._match(self.name)
        if not any(found[:2]) and self.name != self.host:
            # As OpenSSH: a key that is known for the host itself is good at its other ports.
            plain = self._match(self.host)
            found = (plain[0], plain[1], found[2] + plain[2])
        return found

    def algorithms(self) -> list[str]:
        """Return which kinds of keys to ask for: those that are known, then the others.

        A server that has only other kinds now is heard, and found to be changed.
        """
        keys, authorities, _ = self.trusted("", "", None)
        known = [name.decode() for key in keys for name in key.sig_algorithms]
        certificates = [name.decode() for name in get_default_certificate_algs()]
        wanted = [*(certificates if authorities else []), *known, *PREFERRED]
        return list(dict.fromkeys(wanted))

    def refuse(self, key: SSHKey) -> None:
        """Take note of the key that was not trusted."""
        self.offered = key

    def verdict(self, server: str) -> HostKeyQuestion:
        """Return the question to ask about the offered key; raise if none may be asked."""
        key = self.offered
        known = [
            key for entry in self._entries for key in entry.hosts.match(self.name, "", None)[0]
        ]
        if key is None:
            raise Refused(
                f"{server}: host key revoked",
                f"known_hosts revokes the key of {self.name}, or its certificate is not valid",
                "ask whoever runs the server for its new key",
            )
        if known:
            raise HostKeyChanged(f"{server}: host key changed", *self._changed(key, known))
        kind = key.get_algorithm()
        title = _TITLES.get(kind, kind.removeprefix("ssh-").upper())
        return HostKeyQuestion(
            server=server,
            host=self.name,
            key_type=kind,
            fingerprint=key.get_fingerprint(),
            randomart=randomart(key.public_data, title),
        )

    def _changed(self, now: SSHKey, known: list[SSHKey]) -> tuple[str, str]:
        places = [
            f"{entry.path}:{entry.line}"
            for entry in self._entries
            if entry.hosts.match(self.name, "", None)[0]
        ]
        before = ", ".join(dict.fromkeys(key.get_fingerprint() for key in known))
        where = ", ".join(places)
        detail = f"{self.name} shows {now.get_fingerprint()}; known is {before} ({where})"
        hint = (
            "someone may be listening in. If the key was really changed, remove the old one: "
            f"ssh-keygen -R '{self.name}'"
        )
        return detail, hint

    def _match(self, name: str) -> tuple[list[Any], list[Any], list[Any]]:
        keys: list[SSHKey] = []
        authorities: list[Any] = []
        revoked: list[Any] = []
        for entry in self._entries:
            found = entry.hosts.match(name, "", None)
            keys += found[0]
            authorities += found[1]
            revoked += found[2]
        return keys, authorities, revoked

    def save(self, key: SSHKey) -> None:
        """Remember ``key`` as this host's; raise ``HostKeyUnknown`` when that can't be done."""
        path = self.files[0] if self.files else Path(os.devnull)
        kind, blob = key.export_public_key("openssh").decode().split()[:2]
        try:
            append(path, f"{self.name} {kind} {blob}")
        except OSError as error:
            raise HostKeyUnknown(
                f"The host key can't be saved in {path}",
                f"{error.strerror or error}; the line would be: {self.name} {kind} {blob}",
                host=self.name,
                key_type=kind,
                fingerprint=key.get_fingerprint(),
            ) from error


def append(path: Path, line: str) -> None:
    """Add a line to a known_hosts file: in one write, after a newline, readable to us alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        size = os.fstat(handle).st_size
        start = b"" if not size or os.pread(handle, 1, size - 1) == b"\n" else b"\n"
        os.write(handle, start + line.encode() + b"\n")
    finally:
        os.close(handle)


def _read(path: Path) -> list[Entry]:
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return []
    entries = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            entries.append(Entry(path, number, SSHKnownHosts(line)))
        except ValueError:
            continue  # OpenSSH skips what it can't read too
    return entries
