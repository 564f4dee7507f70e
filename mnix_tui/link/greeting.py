"""What a port says before it turns out to be an SSH server, for the message where it does not.

An SSH server may send lines before its version. asyncssh gives up at 1,024 of them, or at one of
8 KiB, and the time-out ends the rest; here only their beginning is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncssh
from asyncssh.packet import PacketDecodeError

from mnix_tui.errors import Refused, Unreachable
from mnix_tui.link.preface import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mnix_tui.errors import MnixError

_KEPT = 512
_VERSIONS = (b"SSH-2.0-", b"SSH-1.99-")
_ANOTHER = "is the port right? A proxy or the login page of a network may answer in its place"
_HANGS = "sshd hangs there or has too much to do, or something else listens on that port"
_CLOSES = "sshd may have too many logins at once (MaxStartups), or keep this address out"


class Greeting:
    """Listens until the peer names its version of SSH."""

    def __init__(self) -> None:
        self.version = ""
        """What it calls itself, once it did."""
        self.said = bytearray()
        """The beginning of what came before that."""
        self.size = 0
        self._line = b""

    @property
    def over(self) -> bool:
        """Whether it is known to be an SSH server."""
        return bool(self.version)

    def feed(self, data: bytes) -> None:
        """Take what came."""
        if self.over:
            return
        self.size += len(data)
        self.said += data[: _KEPT - len(self.said)]
        *lines, rest = (self._line + data).split(b"\n")
        self._line = rest[:_KEPT]
        for line in lines:
            if line.startswith(_VERSIONS):
                self.version = line[:_KEPT].decode("ascii", "replace").strip()
                return

    def objection(
        self, error: Exception, server: str, host: str, *, shaken: bool
    ) -> MnixError | None:
        """Return what is wrong with a peer that took the connection and gave no login.

        ``None`` where the error says more; ``shaken``: the peer has shown a host key.
        """
        late = isinstance(error, TimeoutError)
        # asyncssh raises whatever it stumbles over while it reads.
        odd = isinstance(error, PacketDecodeError if shaken else (ValueError, LookupError))
        closed = not shaken and isinstance(error, (asyncssh.DisconnectError, ConnectionError))
        if not (odd or closed or (late and not shaken)):
            return None
        reason = "" if late else shorten(str(getattr(error, "reason", error)), 120)
        if self.version:
            name = shorten(self.version[:80])
            if late:
                return _unreachable(server, "no answer", f"{host}: {name} fell silent", _HANGS)
            if odd or isinstance(error, (asyncssh.ProtocolError, asyncssh.MACError)):
                said = f"{host} calls itself {name}, and sends what is not SSH: {reason}"
                return _unreachable(server, "not an SSH server", said, _ANOTHER)
            return None
        if not self.size:
            if late:
                said = f"{host} takes the connection and says nothing"
                return _unreachable(server, "no answer", said, _HANGS)
            said = f"{host} takes the connection and closes it without a word"
            return _unreachable(server, "connection closed", said, _CLOSES)
        begin = shorten(bytes(self.said[:120]).decode("utf-8", "replace"), 120)
        amount = "" if self.size <= _KEPT else f" in {self.size:,} bytes"
        said = f"{host} names no SSH version{amount}; it says: {begin or 'control characters'}"
        return _unreachable(server, "not an SSH server", said, _ANOTHER)


def foreign_kinds(offer: bytes, ours: Iterable[str]) -> str:
    """Return which kinds of host keys a server has, where none of them is among ours.

    ``offer`` is its first message of the key exchange. OpenSSH ends the connection without a word
    then, and asyncssh doesn't look.
    """
    at, lists = 17, []  # after the message's number and 16 random bytes
    for _ in range(2):
        size = int.from_bytes(offer[at : at + 4], "big")
        lists.append(offer[at + 4 : at + 4 + size].decode("ascii", "replace"))
        at += 4 + size
    theirs = [each for each in lists[1].split(",") if each]
    return "" if {*theirs} & {*ours} else shorten(", ".join(theirs), 120)


def no_common_kind(server: str, host: str, kinds: str) -> Refused:
    """Return why a server can't be checked that has only such kinds of keys."""
    hint = "have it make a key of today's kind: ssh-keygen -A there"
    if "ssh-rsa" in kinds:
        hint = "update its sshd; until then, HostKeyAlgorithms +ssh-rsa for this host takes its key"
    return Refused(f"{server}: no common kind of host key", f"{host} has only these: {kinds}", hint)


def _unreachable(server: str, title: str, detail: str, hint: str) -> Unreachable:
    return Unreachable(f"{server}: {title}", detail, hint)
