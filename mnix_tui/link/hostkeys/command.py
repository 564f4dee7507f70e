"""KnownHostsCommand: a program that the user's configuration has say which keys a host has.

It is asked once, before connecting, as OpenSSH asks it to order the kinds of keys (``%I`` is
``ORDER``; ``%t``, ``%K`` and ``%f`` are ``NONE``).
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import threading
from typing import TYPE_CHECKING

from mnix_tui.link.hostkeys.known import KnownHosts, KnownKey
from mnix_tui.link.hostkeys.words import COMMAND
from mnix_tui.link.preface import shorten
from mnix_tui.link.sshconfig.tokens import home, local_user

if TYPE_CHECKING:
    from mnix_tui.link.sshconfig.config import UserConfig

PATIENCE = 10.0
"""Seconds that the program has."""
MAX_OUTPUT = 1 << 20
_TOKEN = re.compile(r"%(.)")


class Told:
    """What the program said."""

    def __init__(self, output: bytes = b"", failed: str = "") -> None:
        self._known = KnownHosts(COMMAND, output)
        self.failed = failed
        """Why nothing can be known from it, "" where all went well."""

    def match(self, name: str) -> list[KnownKey]:
        """Return the lines for a host."""
        return self._known.match(name)


def said_by_command(config: UserConfig, name: str) -> Told:
    """Run the program, where there is one; ``name`` is the host as known_hosts writes it."""
    text = config.text("KnownHostsCommand")
    if not text:
        return Told()
    tokens = {
        "%": "%",
        "H": name,
        "I": "ORDER",
        "K": "NONE",
        "d": str(home()),
        "f": "NONE",
        "h": config.host,
        "i": str(os.getuid()),
        "k": config.text("HostKeyAlias") or config.given,
        "n": config.given,
        "p": str(config.port),
        "r": config.user,
        "t": "NONE",
        "u": local_user(),
    }
    try:
        words = shlex.split(text)
        argv = [_TOKEN.sub(lambda found: tokens[found[1]], word) for word in words]
        return Told(_output(argv))
    except (KeyError, ValueError, OSError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Told(failed=f"KnownHostsCommand {shorten(text, 80)}: {shorten(said, 120)}")


def _output(argv: list[str]) -> bytes:
    late = threading.Event()
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(PATIENCE, end)
        timer.start()
        output = process.stdout.read(MAX_OUTPUT + 1)
        if len(output) > MAX_OUTPUT:
            process.kill()
        process.wait()
        timer.cancel()
    if late.is_set():
        raise ValueError(f"no answer within {PATIENCE:.0f} s")
    if len(output) > MAX_OUTPUT:
        raise ValueError(f"it says more than {MAX_OUTPUT >> 20} MiB")
    if process.returncode:
        raise ValueError(f"exit code {process.returncode}")
    return output
