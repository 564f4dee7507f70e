"""Asking for a connection before anybody needs it, or has imported what a link needs."""

from __future__ import annotations

import hashlib
import os
import socket
from typing import TYPE_CHECKING, Any

from mnix_tui.link.dialler import place, words

if TYPE_CHECKING:
    from collections.abc import Sequence

PATIENCE = 0.25
"""Seconds for a dialler's first sign of life: without one a command dials by itself."""

_begun: dict[str, socket.socket] = {}
_again: dict[str, socket.socket] = {}
"""Where the dialler was told of this command, and by which name for it."""


def again(argv: Sequence[str]) -> None:
    """Tell the dialler that this command begins: it may know what the same one asked for last time,
    and begin that at once. Waits for nobody."""
    if os.environ.get("MNIX_KEEP_READY") == "0":
        return
    try:
        said = "\0".join([os.getcwd(), *argv])  # noqa: PTH109 - a plain text is wanted
        about = hashlib.sha256(said.encode("utf-8", "surrogateescape")).hexdigest()
        _again[about] = _said({"do": "again", "about": about})
    except OSError:
        pass


def begin(request: dict[str, Any], *first: str) -> bool:
    """Have the dialler do what is requested (``words.dial_request``), if there is one.

    It starts the agent with ``first``, which must change nothing before it hears more. Returns
    whether it does; ``line`` gives the connection later. Waits for nobody.
    """
    if str(request) in _begun:
        return False
    about, line = _again.popitem() if _again else ("", None)
    try:
        _begun[str(request)] = _said({**request, "first": first, "about": about}, line)
    except OSError:
        return False
    return True


def _said(message: dict[str, Any], line: socket.socket | None = None) -> socket.socket:
    """Say something to the dialler, on a new socket if there is none."""
    try:
        if line is None:
            line = socket.socket(socket.AF_UNIX)
            line.settimeout(PATIENCE)  # one that was stopped takes nothing
            line.connect(os.fsencode(place.socket_path()))
        line.sendall(words.line(message))
    except OSError:
        if line is not None:
            line.close()
        raise
    return line


def line(request: dict[str, Any]) -> socket.socket | None:
    """Return the socket of a connection that was asked for, now or before; ``None``: no dialler."""
    if str(request) not in _begun and not begin(request):
        return None
    return _begun.pop(str(request))
