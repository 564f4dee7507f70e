"""What this client calls itself towards the others that are attached to the same session."""

from __future__ import annotations

import getpass
import os
import socket

VARIABLE = "MNIX_CLIENT_NAME"
"""Environment variable with another name."""


def client_name() -> str:
    """Return ``user@machine``, or what the user chose instead."""
    if chosen := os.environ.get(VARIABLE, "").strip():
        return chosen
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a uid that nobody named
        user = ""
    host = socket.gethostname().partition(".")[0]
    return f"{user}@{host}" if user and host else user or host
