"""What a person should know before it is sent for the first time: secrets, and very large things."""

# Paths are strings here: there are many of them, and not all are UTF-8.
# ruff: noqa: PTH118

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from mnix_tui.sync.gitdirs import unit_of
from mnix_tui.sync.model import Warned, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mnix_tui.sync.model import Plan
    from mnix_tui.sync.verdicts import Triple

LARGE = 100 << 20
"""Bytes of a file from which on it is worth a word."""
_HEAVY = frozenset(
    {"node_modules", ".venv", "venv", "target", "__pycache__", ".direnv", "dist", ".tox", ".cache"}
)
_MANY = 1000
"""Files in folders that are usually ignored, from which on they are worth a word."""
_NEW = (None, None, None)
_NAMED = 50
_SAID = 10
_LOOKED_INTO = 200
"""Files that are opened to see whether they hold a key, at most."""
_HEAD = 4096

_SECRET_NAMES = frozenset(
    {
        ".env",
        ".envrc.local",
        ".netrc",
        "_netrc",
        ".pgpass",
        ".npmrc",
        ".pypirc",
        ".htpasswd",
        ".git-credentials",
        "id_rsa",
        "id_dsa",
        "id_ecdsa",
        "id_ed25519",
    }
)
_SECRET_STARTS = (".env.", "credentials", "service-account", "id_")
_SECRET_ENDS = (".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".env")
_PLACES = (".aws/credentials", ".docker/config.json", ".kube/config", ".config/gh/hosts.yml")
_HARMLESS = (".example", ".sample", ".template", ".dist", ".pub")
_GIT_CONFIG = ".git/config"
_LOGIN = re.compile(
    rb"://[^/\s:@]*:[^/\s@]+@|://[^/\s:@]{30,}@|(?i:extraheader\s*=.*authorization)"
)
_KEYS = (".pem", ".key", ".ppk", ".asc")


def warnings(
    plan: Plan, triples: Mapping[str, Triple], root: str
) -> tuple[tuple[Warned, ...], int]:
    """Return what to beware of among what is sent first now, and how many more there are."""
    first = [
        (action.path, action.state.size)
        for action in plan.send
        if action.before is None
        and action.state is not None
        and action.state[0] == "f"
        and not action.late
        and (not unit_of(action.path) or action.path.endswith(_GIT_CONFIG))
        and triples.get(action.path, _NEW)[0] is None
    ]
    found = [*_secrets((path for path, _ in first), root)]
    found += [
        Warned(path, "large", f"{size >> 20} MiB, sent for the first time")
        for path, size in first
        if size >= LARGE
    ]
    found += _heavy(path for path, _ in first)
    return tuple(found[:_NAMED]), max(0, len(found) - _NAMED)


def as_notes(plan: Plan, triples: Mapping[str, Triple], root: str) -> list[str]:
    """Return the warnings as lines for people."""
    found, more = warnings(plan, triples, root)
    lines = [f"{printable(each.path)}: {each.text}" for each in found[:_SAID]]
    more += len(found) - len(lines)
    return [*lines, f"{more} more like these: mnix push --dry-run"] if more else lines


def _secrets(paths: Iterable[str], root: str) -> Iterable[Warned]:
    looked = 0
    for path in paths:
        name = path.rpartition("/")[2].lower()
        if name.endswith(_HARMLESS):
            continue
        if path.endswith(_GIT_CONFIG):
            if _LOGIN.search(_head(os.path.join(root, path))):
                yield Warned(path, "secret", "holds a password for a git server")
            continue
        if _is_secret(name) or path.endswith(_PLACES):
            yield Warned(path, "secret", "may hold secrets: an ignore rule can leave it out")
        elif name.endswith(_KEYS) and looked < _LOOKED_INTO:
            looked += 1
            if b"PRIVATE KEY" in _head(os.path.join(root, path)):
                yield Warned(path, "secret", "holds a private key")


def _is_secret(name: str) -> bool:
    """Say whether a file of this name usually is one."""
    if name in _SECRET_NAMES or name.endswith(_SECRET_ENDS):
        return True
    if not name.startswith(_SECRET_STARTS):
        return False
    if name.startswith(".env."):
        return True
    if name.startswith("id_"):
        return name.startswith(("id_rsa", "id_ecdsa_", "id_ed25519_")) and "." not in name
    return name.endswith(".json")


def _head(path: str) -> bytes:
    """Return the beginning of a file; nothing where there is none to read."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    try:
        return os.read(handle, _HEAD)
    except OSError:
        return b""
    finally:
        os.close(handle)


def _heavy(paths: Iterable[str]) -> list[Warned]:
    folders: dict[str, int] = {}
    for path in paths:
        folder = path.rpartition("/")[0]
        folders[folder] = folders.get(folder, 0) + 1
    counts: dict[str, int] = {}
    for folder, count in folders.items():
        parts = folder.split("/")
        at = next((depth for depth, part in enumerate(parts) if part in _HEAVY), -1)
        if at >= 0:
            top = "/".join(parts[: at + 1])
            counts[top] = counts.get(top, 0) + count
    return [
        Warned(folder, "heavy", f"{count} files of a folder that is usually ignored")
        for folder, count in sorted(counts.items())
        if count >= _MANY
    ]
