"""Is this host key the right one? By the user's own known_hosts, which also remembers a yes.

Names are matched as OpenSSH does (hashed, ``[host]:port``, wildcards, ``@revoked``,
``@cert-authority``); an address alone is never enough. A known key is right; a changed or a
revoked one is refused, whatever StrictHostKeyChecking says; any other is a question, and
``asking`` decides who answers it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncssh
from asyncssh.public_key import (
    decode_ssh_certificate,
    decode_ssh_public_key,
    get_certificate_algs,
    get_default_certificate_algs,
    get_public_key_algs,
)

from mnix_tui.errors import (
    ConfigError,
    HostKeyChanged,
    HostKeyRevoked,
    Refused,
)
from mnix_tui.link.hostkeys import known as knownhosts
from mnix_tui.link.hostkeys import revoked
from mnix_tui.link.hostkeys import words as hostwords
from mnix_tui.link.hostkeys.command import said_by_command
from mnix_tui.link.hostkeys.randomart import randomart
from mnix_tui.link.model import HostKeyQuestion
from mnix_tui.link.preface import shorten
from mnix_tui.link.sshconfig import algorithms
from mnix_tui.link.sshconfig.config import DEFAULT_PORT
from mnix_tui.link.sshconfig.tokens import untilde

if TYPE_CHECKING:
    from asyncssh import SSHKey

    from mnix_tui.link.hostkeys.known import KnownKey
    from mnix_tui.link.sshconfig.config import UserConfig

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
_UNREADABLE = (ValueError, OverflowError)
"""What asyncssh and the libraries below it raise for keys that make no sense."""


class HostKeys:
    """The host keys that are known for one host. Making one reads files: in a thread."""

    def __init__(self, config: UserConfig) -> None:
        alias = config.text("HostKeyAlias")
        self.host = (alias or config.host).lower()
        self.port = config.port
        self._ports = not alias
        self.strict = _strictness(config.text("StrictHostKeyChecking"))
        """``yes``, ``ask`` or ``accept-new``; ``no`` counts as the last."""
        self._hash = config.flag("HashKnownHosts", default=False)
        self._algorithms = config.text("HostKeyAlgorithms")
        self._signing = algorithms.signatures(config.text("CASignatureAlgorithms"))
        self.files = _paths(config, "UserKnownHostsFile", USER_FILES)
        self._files = [*self.files, *_paths(config, "GlobalKnownHostsFile", GLOBAL_FILES)]
        self._told = said_by_command(config, self.name)
        self._list, self._revoked = _revoked(config.text("RevokedHostKeys"))
        self._accepted: list[SSHKey] = []
        self._unsaved = False
        self.offered: SSHKey | None = None
        """The key that the server has shown."""
        self._signer: SSHKey | None = None
        """Who signed the certificate that it came with, if it did."""
        self._mark: revoked.Certificate | None = None
        self._plain = False
        """Whether to ask for keys alone: the certificate was no good."""
        self._complaint = ""
        self.reread()

    @property
    def name(self) -> str:
        """The host as known_hosts writes it."""
        if self.port == DEFAULT_PORT or not self._ports:
            return self.host
        return f"[{self.host}]:{self.port}"

    @property
    def forgetful(self) -> bool:
        """Whether a yes is kept in no file: UserKnownHostsFile is none, or /dev/null, or can't be
        written."""
        return self._unsaved or not self.files or self.files[0] == Path(os.devnull)

    @property
    def unsaved(self) -> str:
        """Say that a yes could not be kept in its file, "" where that is not so."""
        return f"not kept: {self.files[0]} can't be written" if self._unsaved else ""

    def reread(self) -> None:
        """Look into the files again: somebody may have said yes meanwhile."""
        self._lines = self._match(self.name)
        self._found = self._lines
        if self.name != self.host and all(each.marker == "revoked" for each in self._lines):
            # As OpenSSH: a key that is known for the host itself is good at its other ports.
            plain = [each for each in self._match(self.host) if each not in self._lines]
            self._found = [*self._lines, *plain]

    def _match(self, name: str) -> list[KnownKey]:
        lines = [line for path in self._files for line in knownhosts.read(path).match(name)]
        return [line for line in lines + self._told.match(name) if _readable(line)]

    # -- what dialling asks

    def trusted(
        self, _host: str, _address: str, _port: int | None
    ) -> tuple[list[Any], list[Any], list[Any]]:
        """Return keys, authorities and revoked keys, in the form that asyncssh asks for."""
        return (
            [*self._accepted, *self._keys("")],
            self._keys("cert-authority"),
            self._keys("revoked"),
        )

    def algorithms(self) -> list[str]:
        """Return which kinds of keys to ask for: those that are known, then the others.

        A server that has only other kinds now is heard, and told from what is known.
        """
        keys, authorities, _ = self.trusted("", "", None)
        named = [name.decode() for key in keys for name in key.sig_algorithms]
        # Signatures with SHA-1 (ssh-rsa) are only for who configures them.
        known = [a for a in named if a in PREFERRED or a.startswith("sk-")]
        known.sort(key=lambda a: a == "rsa-sha2-256")
        certified = authorities and not self._plain
        certificates = [a.decode() for a in get_default_certificate_algs()] if certified else []
        return self._configured(list(dict.fromkeys([*certificates, *known, *PREFERRED])))

    def show(self, data: bytes) -> None:
        """Take the host key that the server shows; raise where RevokedHostKeys has it, and where its
        certificate is signed in a way that CASignatureAlgorithms doesn't allow.

        It is shown again, and may be another one, whenever session keys are made anew.
        """
        self.offered, self._signer, self._mark = _decoded(data)
        if self._revocation() is not None:
            raise asyncssh.HostKeyNotVerifiable("Host key is revoked")
        if self._signer is not None and (by := _signed_by(data, self._signer)) not in self._signing:
            how = by or "a signature that can't be read"
            raise asyncssh.HostKeyNotVerifiable(f"CASignatureAlgorithms doesn't allow {how}")

    def verdict(self, server: str, reason: str = "") -> HostKeyQuestion | None:
        """Return the question to ask about the key that was not trusted; raise if none may be.

        ``None``: connect once more, without certificates. ``reason`` is what asyncssh said.
        """
        key = self.offered
        if key is None:
            raise Refused(f"{server}: no host key", f"{self.name} shows none that can be read")
        if (revoked_by := self._revocation()) is not None:
            hint = "it may be in wrong hands: ask whoever runs the server for its new key"
            raise HostKeyRevoked(f"{server}: host key revoked", revoked_by, hint)
        if self._signer is not None and not self._plain:
            self._plain = True
            self._complaint = f"its certificate can't be used: {shorten(reason, 120)}"
            return None
        kind = key.get_algorithm()
        if any(line.kind == kind for line in self._known()):
            raise self.changed(server)
        return HostKeyQuestion(
            server=server,
            host=self.name,
            key_type=kind,
            fingerprint=key.get_fingerprint(),
            randomart=randomart(key.public_data, hostwords.title(key)),
            others=tuple(
                f"{hostwords.kind(line.kind)} {line.fingerprint} ({line.where})"
                for line in self._known()[: hostwords.MAX_LISTED]
            ),
            hint="; ".join(self._remarks(key)),
        )

    def changed(self, server: str) -> HostKeyChanged:
        """Return why the key that was shown is refused, where others are known for the host."""
        assert self.offered is not None
        known = self._known()
        same = [line for line in known if line.kind == self.offered.get_algorithm()] or known
        detail = f"{self.name} shows {hostwords.shown(self.offered)}"
        detail += f"; known is {hostwords.listed(same)}"
        if self._complaint:
            detail += f"; {self._complaint}"
        command = hostwords.removal(self.name, known)
        hint = "someone may be listening in"
        if self.strict == "accept-new":
            hint += " (StrictHostKeyChecking is about new keys: it lets no changed one pass)"
        if command:
            old = "the old one"
            if hostwords.shared(known):
                old += " (it is known for other hosts too, and would be gone for them)"
            hint += f". If the key was really changed, remove {old}: {command}"
        error = HostKeyChanged(f"{server}: host key changed", detail, hint)
        error.fix = command
        return error

    def accept(self, key: SSHKey) -> None:
        """Take ``key`` for this host's, and remember it; where no file keeps it, as long as this
        process lives, as OpenSSH does."""
        kind, blob = key.export_public_key("openssh").decode().split()[:2]
        name = knownhosts.hashed(self.name) if self._hash else self.name
        if self.files:
            try:
                knownhosts.append(self.files[0], f"{name} {kind} {blob}")
            except OSError:
                self._unsaved = True
        self._accepted.append(key)

    # -- what is known

    def _known(self) -> list[KnownKey]:
        """Return the keys that stand for this very name."""
        return [line for line in self._lines if not line.marker]

    def _keys(self, marker: str) -> list[SSHKey]:
        return [decode_ssh_public_key(line.blob) for line in self._found if line.marker == marker]

    def _revocation(self) -> str | None:
        """Say who revokes what the server has shown; ``None`` where nobody does."""
        for key in filter(None, (self.offered, self._signer)):
            places = [
                line.where
                for line in self._found
                if line.marker == "revoked" and line.blob == key.public_data
            ]
            if self._revoked.has(key.public_data):
                places.append(f"{self._list} (RevokedHostKeys)")
            if places:
                signs = "a certificate signed by " if key is self._signer else ""
                return self._revokes(f"{signs}{hostwords.shown(key)}", places, key.public_data)
        if self._mark is not None and self._revoked.has_certificate(self._mark):
            number = f"certificate {self._mark.serial} ({shorten(self._mark.key_id, 60)})"
            return self._revokes(number, [f"{self._list} (RevokedHostKeys)"], b"")
        return None

    def _revokes(self, what: str, places: list[str], blob: bytes) -> str:
        detail = f"{self.name} shows {what}, which {' and '.join(places)} revokes"
        others = [line for line in self._known() if line.blob != blob]
        return f"{detail}; known is {hostwords.listed(others)}" if others else detail

    def _remarks(self, key: SSHKey) -> list[str]:
        """Return what else a person should know who is asked about ``key``."""
        found = []
        if self._known():
            found.append("other keys of this host are known, and it did not show them")
        if gone := [line for line in self._found if line.marker == "revoked"]:
            found.append(f"another key of it is revoked ({gone[0].where})")
        if self._complaint:
            found.append(self._complaint)
        lines = (line for path in self._files for line in knownhosts.read(path).lines)
        same = [line for line in lines if line.blob == key.public_data and not line.marker]
        if same:
            found.append(f"the same key is known as {', '.join(map(hostwords.named, same[:3]))}")
        if self._told.failed:
            found.append(self._told.failed)
        if self.files and not knownhosts.writable(self.files[0]):
            found.append(f"{self.files[0]} can't be written: a yes counts until mnix ends")
        return found

    def _configured(self, ours: list[str]) -> list[str]:
        """Return the kinds of keys after HostKeyAlgorithms had its say."""
        spec = self._algorithms
        if not spec:
            return ours
        every = [a.decode() for a in (*get_certificate_algs(), *get_public_key_algs())]
        named = algorithms.chosen(spec, ours, every)
        if self._plain:
            named = [a for a in named if "-cert-" not in a]
        if not named:
            raise ConfigError(
                f"HostKeyAlgorithms {shorten(spec, 80)}",
                f"it leaves no kind of key by which {self.name} could be checked",
                "ssh -Q HostKeyAlgorithms lists their names",
            )
        return named


def _strictness(word: str) -> str:
    if word == "yes":
        return word
    return "accept-new" if word in ("no", "off", "accept-new") else "ask"


def _paths(config: UserConfig, option: str, otherwise: tuple[str, ...]) -> list[Path]:
    named = config.texts(option)
    names = [name for name in (otherwise if named is None else named) if name.lower() != "none"]
    return [Path(untilde(name)) for name in names]


def _revoked(name: str) -> tuple[str, revoked.Revoked]:
    """Read RevokedHostKeys; raise where it can't be read: OpenSSH trusts nobody then."""
    if not name:
        return "", revoked.Revoked(b"")
    path = Path(name)
    try:
        return str(path), revoked.read(path)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(
            f"RevokedHostKeys {path}",
            f"{said}; without it no host key can be trusted",
            "have the file made again, or take that line out of the SSH configuration",
        ) from error


def _readable(line: KnownKey) -> bool:
    """Say whether a line has a key; OpenSSH passes others over too."""
    try:
        decode_ssh_public_key(line.blob)
    except _UNREADABLE:
        return False
    return True


def _decoded(data: bytes) -> tuple[SSHKey | None, SSHKey | None, revoked.Certificate | None]:
    """Return a key that was shown; of a certificate also who signed it, and its number."""
    try:
        certificate: Any = decode_ssh_certificate(data)
    except _UNREADABLE:
        pass
    else:
        signer = getattr(certificate, "signing_key", None)
        if signer is None:
            return certificate.key, None, None
        mark = revoked.Certificate(signer.public_data, certificate._serial, certificate._key_id)
        return certificate.key, signer, mark
    try:
        return decode_ssh_public_key(data), None, None
    except _UNREADABLE:
        return None, None, None


def _signed_by(certificate: bytes, signer: SSHKey) -> str:
    """Return the algorithm of a certificate's signature: the last text in it, behind who signed."""
    _, found, signature = certificate.rpartition(_field(signer.public_data))
    name = signature[8 : 8 + int.from_bytes(signature[4:8], "big")]
    return name.decode("ascii", "replace") if found else ""


def _field(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data
