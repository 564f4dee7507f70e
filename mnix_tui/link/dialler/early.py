"""Asking for a connection before anybody needs it, or has imported what a link needs."""

from __future__ import annotations

import os
import socket
from typing import Any

from mnix_tui.link.dialler import place, words

PATIENCE = 0.25
"""Seconds for a dialler's first sign of life: without one a command dials by itself."""

_begun: dict[str, socket.socket] = {}


def begin(request: dict[str, Any], *first: str) -> bool:
    """Have the dialler do what is requested (``words.dial_request``), if there is one.

    It starts the agent with ``first``, which must change nothing before it hears more. Returns
    whether it does; ``line`` gives the connection later. Waits for nobody.
    """
    if str(request) in _begun:
        return False
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(PATIENCE)  # one that was stopped takes nothing
    try:
        line.connect(os.fsencode(place.socket_path()))
        line.sendall(words.line({**request, "first": first}))
    except OSError:
        line.close()
        return False
    _begun[str(request)] = line
    return True


def line(request: dict[str, Any]) -> socket.socket | None:
    """Return the socket of a connection that was asked for, now or before; ``None``: no dialler."""
    if str(request) not in _begun and not begin(request):
        return None
    return _begun.pop(str(request))
