"""What is ours, as JSON between a command and the dialler: options, errors, records."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from mnix_tui import errors
from mnix_tui.domain.audit import Ran
from mnix_tui.domain.servers import Server
from mnix_tui.errors import MnixError
from mnix_tui.link.connection import SessionRefused, SocketRefused
from mnix_tui.link.dialler import words
from mnix_tui.link.model import LinkOptions


def dial_request(server: Server, options: LinkOptions) -> dict[str, Any]:
    """Return the request for a connection with a link's options."""
    return words.dial_request(server, vars(options))


def dialled(request: dict[str, Any]) -> tuple[Server, LinkOptions]:
    """Return what a request was made of."""
    name, endpoint = request["server"]
    return Server(str(name), str(endpoint)), LinkOptions(**request["options"])


def record(ran: Ran) -> bytes:
    """Return the frame that tells of something that was done."""
    return words.frame(words.RECORD, json.dumps(asdict(ran)).encode())


def to_record(payload: bytes) -> Ran:
    """Return what ``record`` was made of."""
    return Ran(**json.loads(payload))


def from_error(error: MnixError) -> dict[str, Any]:
    """Return an error as JSON."""
    said = {"kind": type(error).__name__, "title": error.title, "detail": error.detail}
    more = {name: getattr(error, name) for name in _EXTRA if hasattr(error, name)}
    return {**said, "hint": error.hint, "more": more}


def to_error(said: Any) -> MnixError:
    """Return the error that ``from_error`` was given."""
    kind = _KINDS.get(said["kind"], MnixError)
    error: MnixError = kind.__new__(kind)
    MnixError.__init__(error, said["title"], said["detail"], said["hint"])
    for name, value in said["more"].items():
        setattr(error, name, value)
    return error


_KINDS: dict[str, type[MnixError]] = {
    name: each
    for name, each in vars(errors).items()
    if isinstance(each, type) and issubclass(each, MnixError)
} | {each.__name__: each for each in (SessionRefused, SocketRefused)}
_EXTRA = ("fix", "host", "key_type", "fingerprint", "code", "forbidden")
