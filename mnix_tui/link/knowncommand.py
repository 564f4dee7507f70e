"""KnownHostsCommand: a program that the user's configuration has say which keys a host has.

It is asked once, before connecting, as OpenSSH asks it to order the kinds of keys (``%I`` is
``ORDER``; ``%t``, ``%K`` and ``%f`` are ``NONE``).
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from mnix_tui.link.knownhosts import KnownHosts, KnownKey
from mnix_tui.link.preface import shorten

if TYPE_CHECKING:
    from mnix_tui.link.sshconfig import UserConfig

PATIENCE = 10.0
"""Seconds that the program has."""
MAX_OUTPUT = 1 << 20
_TOKEN = re.compile(r"%(.)")


class Told:
    """What the program said."""

    def __init__(self, output: bytes = b"", failed: str = "") -> None:
        self._known = KnownHosts(Path("KnownHostsCommand"), output)
        self.failed = failed
        """Why nothing can be known from it, "" where all went well."""

    def match(self, name: str) -> list[KnownKey]:
        """Return the lines for a host."""
        return self._known.match(name)


def said_by_command(config: UserConfig, host: str, port: int, name: str) -> Told:
    """Run the program, where there is one; ``name`` is the host as known_hosts writes it."""
    command = config.get("KnownHostsCommand")
    text = " ".join(map(str, command)) if isinstance(command, list) else str(command or "")
    if not text or text.lower() == "none":
        return Told()
    user = config.get("User")
    tokens = {
        "%": "%",
        "H": name,
        "I": "ORDER",
        "K": "NONE",
        "d": str(Path("~").expanduser()),
        "f": "NONE",
        "h": host,
        "i": str(os.getuid()),
        "k": host,
        "n": host,
        "p": str(port),
        "r": user if isinstance(user, str) else os.environ.get("USER", ""),
        "t": "NONE",
        "u": os.environ.get("USER", ""),
    }
    try:
        words = shlex.split(text)
        argv = [_TOKEN.sub(lambda found: tokens[found[1]], word) for word in words]
        return Told(_output(argv))
    except (KeyError, ValueError, OSError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Told(failed=f"KnownHostsCommand {shorten(text, 80)}: {shorten(said, 120)}")


def _output(argv: list[str]) -> bytes:
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            output, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise ValueError(f"no answer within {PATIENCE:.0f} s") from error
    if process.returncode:
        raise ValueError(f"exit code {process.returncode}")
    return output[:MAX_OUTPUT]
