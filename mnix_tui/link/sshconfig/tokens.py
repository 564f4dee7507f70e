"""``%h``, ``~`` and ``${NAME}`` in an OpenSSH configuration, and the home folder that they mean."""

from __future__ import annotations

import getpass
import hashlib
import os
import pwd
import re
import socket
from dataclasses import dataclass
from pathlib import Path

_TOKEN = re.compile(r"%(.?)", re.DOTALL)
_VARIABLE = re.compile(r"\$\{([^}]*)\}")


def home() -> Path:
    """Return the home folder whose ``.ssh`` counts.

    OpenSSH takes it from the password database and not from ``$HOME``. Somebody who sets ``HOME``
    means it, as with every other program; but one that does not exist (as ``/homeless-shelter``)
    is nobody's choice.
    """
    named = os.environ.get("HOME", "")
    if named and Path(named).is_dir():
        return Path(named)
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return Path(named or "/")


def local_user() -> str:
    """Return who runs this program, by name; by number where nobody has that number."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        try:
            return getpass.getuser()
        except (KeyError, OSError):
            return str(os.getuid())


def untilde(path: str) -> str:
    """Expand ``~`` and ``~user``."""
    if path == "~" or path.startswith("~/"):
        return str(home()) + path[1:]
    return os.path.expanduser(path)  # noqa: PTH111 - pathlib raises for users that are not there


def tilded(path: str) -> str:
    """Return a path as people write it, with ``~`` for the home folder."""
    folder = str(home())
    return f"~{path.removeprefix(folder)}" if path.startswith(f"{folder}/") else path


@dataclass(frozen=True)
class Tokens:
    """What the tokens mean for one host."""

    given: str
    """The host as it was typed (``%n``)."""
    host: str
    user: str
    port: int
    alias: str = ""
    jump: str = ""

    def expand(self, text: str, allowed: str = "CLdhijklnpru") -> str:
        """Replace tokens; raise ``ValueError`` for one that is not among the allowed ones."""
        if "%" not in text:
            return text

        def value(match: re.Match[str]) -> str:
            letter = match[1]
            if letter == "%":
                return "%"
            if not letter or letter not in allowed:
                raise ValueError(f"%{letter} means nothing here")
            return self._value(letter)

        return _TOKEN.sub(value, text)

    def path(self, text: str) -> str:
        """Expand a file's name: ``~``, tokens and variables of the environment."""
        return environment(self.expand(untilde(text)))

    def _value(self, letter: str) -> str:
        name = socket.gethostname()
        if letter == "C":
            parts = f"{name}{self.host}{self.port}{self.user}{self.jump}"
            return hashlib.sha1(parts.encode(errors="surrogateescape")).hexdigest()  # noqa: S324
        simple = {
            "L": name.partition(".")[0],
            "d": str(home()),
            "h": self.host,
            "i": str(os.getuid()),
            "j": self.jump,
            "k": self.alias or self.given,
            "l": name,
            "n": self.given,
            "p": str(self.port),
            "r": self.user,
            "u": local_user(),
        }
        return simple[letter]


def environment(text: str) -> str:
    """Replace ``${NAME}``; raise ``ValueError`` for a variable that is not set."""

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if found is None:
            raise ValueError(f"the variable {match[1]} is not set")
        return found

    return _VARIABLE.sub(value, text)
