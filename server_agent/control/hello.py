"""What the agent says first. Lean: the client waits for this line."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from server_agent import __version__
from server_agent.protocol import PROTOCOL
from server_agent.protocol.lines import preface


def hello() -> dict[str, Any]:
    """Return who and where this agent is."""
    from server_agent.jobs.procs import boot_id

    uid = os.getuid()
    return {
        "protocol": PROTOCOL,
        "version": __version__,
        "python": "{}.{}.{}".format(*sys.version_info[:3]),
        "user": _user(uid),
        "uid": uid,
        "hostname": os.uname().nodename,
        "home": os.path.expanduser("~"),
        "boot_id": boot_id(),
        "pid": os.getpid(),
        "now": time.time(),
    }


def say_hello(nonce: str, **more: Any) -> None:
    """Write the preface to stdout."""
    write_all(1, preface(nonce, {**hello(), **more}))


def write_all(handle: int, data: bytes) -> None:
    """Write all of ``data``, waiting for whoever reads."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _user(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
