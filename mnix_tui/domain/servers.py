"""A server: a machine that mnix reaches over SSH, or this one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnix_tui.domain.states import ServerState
from mnix_tui.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

LOCAL = "local"
"""The name of the server that is always there: this machine."""

AUTO, ALWAYS, NEVER = "auto", "always", "never"
CONNECT = (AUTO, ALWAYS, NEVER)
"""When the dashboard keeps a connection to a server: as its policy says, in any case, or only
while somebody asks for it."""
MAX_TAGS = 16
"""Tags that one server may have."""

_TAG = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
_HOST = r"[A-Za-z0-9_:](?:[A-Za-z0-9_.%:-]*[A-Za-z0-9_:])?"
_USER = r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*\$?"


@dataclass(frozen=True)
class Endpoint:
    """Where a server is: ``[user@]host[:port]``; empty parts come from the SSH configuration."""

    host: str
    user: str = ""
    port: int | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host and self.port else self.host
        user = f"{self.user}@" if self.user else ""
        return f"{user}{host}" + (f":{self.port}" if self.port else "")


@dataclass(frozen=True)
class Server:
    """A server as the store knows it."""

    name: str
    endpoint: str
    """As typed, normalised; "" for ``local``."""
    tags: tuple[str, ...] = ()
    """What it is grouped by; lower-case, in the order in which they were given."""
    connect: str = AUTO
    """One of ``CONNECT``."""

    @property
    def is_local(self) -> bool:
        """Say whether this is the machine that mnix itself runs on."""
        return self.name == LOCAL


@dataclass(frozen=True)
class ServerStatus:
    """What was observed of a server, and when."""

    state: ServerState = ServerState.UNKNOWN
    reason: str = ""
    """Why it is not online, in a few words (``no route``, ``host key changed``)."""
    hint: str = ""
    seen: float | None = None
    """When the server last answered, seconds since the epoch; ``None``: never."""
    silent_since: float | None = None
    """Since when a server that is online gives no sign of life; ``None`` while it does."""

    @property
    def shown(self) -> ServerState:
        """The state to show: one that gives no sign of life is not plainly online."""
        silent = self.state is ServerState.ONLINE and self.silent_since is not None
        return ServerState.RECONNECTING if silent else self.state


def parse_endpoint(text: str) -> Endpoint:
    """Parse ``[ssh://][user@]host[:port]`` (IPv6 in brackets); raise ``UsageError`` for others."""
    rest = text.strip().removeprefix("ssh://").rstrip("/")
    user, at, host = rest.rpartition("@")
    if at and not re.fullmatch(_USER, user):
        raise _bad(text, f"{user!r} is not a user name")
    port: int | None = None
    if host.startswith("["):
        host, closed, tail = host[1:].partition("]")
        if not closed or (tail and not tail.startswith(":")):
            raise _bad(text, "an IPv6 address is written [::1]:22")
        port = _port(text, tail[1:]) if tail else None
    elif host.count(":") == 1:
        host, _, digits = host.partition(":")
        port = _port(text, digits)
    if not re.fullmatch(_HOST, host):
        raise _bad(text, f"{host!r} is not a host name")
    return Endpoint(host=host, user=user, port=port)


def parse_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return tags that a server can have, each once; raise ``UsageError`` for others."""
    found = tuple(dict.fromkeys(tag.strip().lower() for tag in tags))
    for tag in found:
        if not _TAG.fullmatch(tag):
            why = "a tag has at most 32 letters, digits, dots, underscores and dashes"
            raise UsageError(f"{tag!r} is not a tag", why, "write one like web or eu-west")
    if len(found) > MAX_TAGS:
        raise UsageError(f"{len(found)} tags are too many", f"a server has at most {MAX_TAGS}")
    return found


def _port(text: str, digits: str) -> int:
    if not (digits.isascii() and digits.isdigit() and 0 < int(digits[:6]) < 65536):
        raise _bad(text, f"{digits!r} is not a port (1 to 65535)")
    return int(digits)


def _bad(text: str, why: str) -> UsageError:
    return UsageError(f"{text!r} is not a server's address", why, "write [user@]host[:port]")
