"""The words for host keys: what a server shows, what is known of it, what to do about it."""

from __future__ import annotations

import os
import pwd
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnix_tui.link.preface import shorten
from mnix_tui.link.sshconfig.tokens import home

if TYPE_CHECKING:
    from asyncssh import SSHKey

    from mnix_tui.link.hostkeys.known import KnownKey

MAX_LISTED = 8
COMMAND = Path("KnownHostsCommand")
"""Stands for a file where a program of the user's says which keys are known."""
_BITS = {f"ecdsa-sha2-nistp{bits}": str(bits) for bits in (256, 384, 521)} | {"ssh-ed25519": "256"}


def kind(algorithm: str) -> str:
    """Return a kind of key in the words of ``ssh-keygen -l``."""
    if algorithm.startswith("ecdsa-"):
        return "ECDSA"
    return shorten(algorithm.removeprefix("ssh-").partition("@")[0].upper(), 40)


def title(key: SSHKey) -> str:
    """Return the title of a key's picture, as ``ED25519 256``."""
    algorithm = key.get_algorithm()
    public: Any = key.pyca_key
    bits = _BITS.get(algorithm) or getattr(public, "key_size", "")
    return f"{kind(algorithm)} {bits}".strip()


def shown(key: SSHKey) -> str:
    """Return a key's kind and its fingerprint."""
    return f"{kind(key.get_algorithm())} {key.get_fingerprint()}"


def listed(lines: list[KnownKey]) -> str:
    """Return known keys, each with the places where it stands."""
    places: dict[str, list[str]] = {}
    for line in lines[:MAX_LISTED]:
        places.setdefault(f"{kind(line.kind)} {line.fingerprint}", []).append(line.where)
    return ", ".join(f"{key} ({', '.join(at)})" for key, at in places.items())


def named(line: KnownKey) -> str:
    """Return the names that a line is for, and where it stands."""
    names = "a hashed name" if line.names.startswith("|") else shorten(line.names, 60)
    return f"{names} ({line.where})"


def removal(name: str, lines: list[KnownKey]) -> str:
    """Return the command that removes a host's keys from the files in which they stand, "" where
    they stand in none."""
    files = dict.fromkeys(each.path for each in lines if each.path != COMMAND)
    return " && ".join(_removal(name, path) for path in files)


def shared(lines: list[KnownKey]) -> bool:
    """Say whether one of the lines is for other hosts too."""
    return any(set(each.names) & set("*?,") for each in lines if not each.names.startswith("|"))


def _removal(name: str, path: Path) -> str:
    command = f"ssh-keygen -R {shlex.quote(name)}"
    if path != default_file():
        command += f" -f {shlex.quote(str(path))}"
    return command if os.access(path.parent, os.W_OK) else f"sudo {command}"


def default_file() -> Path:
    """Return the file that ssh-keygen changes when none is named: it doesn't go by $HOME."""
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir) / ".ssh" / "known_hosts"
    except KeyError:
        return home() / ".ssh" / "known_hosts"
