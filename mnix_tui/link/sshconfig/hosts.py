"""The hosts that the SSH configuration names: offered with where they lead, never interpreted."""

from __future__ import annotations

import stat
from pathlib import Path

_LIMIT = 500
"""Hosts that are offered, at most."""
_DEPTH = 4
"""How deep files include each other."""
_LONGEST = 1 << 20
"""Bytes of a file that are read."""
_FILES = 200
"""Files that are read, in all."""


def hosts(config: Path) -> dict[str, str]:
    """Return the names of ``Host`` lines without a pattern, in their order, included files too.

    Each comes with what its own lines say of where it leads (``dev@host:2222 via bastion``), ""
    where they say nothing. It reads files: not for the event loop.
    """
    found: dict[str, dict[str, str]] = {}
    _read(config, config.parent, found, set(), _DEPTH)
    return {name: _place(name, lines) for name, lines in list(found.items())[:_LIMIT]}


def _read(
    file: Path, base: Path, found: dict[str, dict[str, str]], read: set[Path], depth: int
) -> None:
    if file in read or len(read) >= _FILES:
        return
    read.add(file)
    now: list[dict[str, str]] = []
    for line in _lines(file):
        key, _, rest = line.strip().replace("=", " ", 1).partition(" ")
        key, rest = key.lower(), rest.strip().strip('"')
        if key == "include" and depth:
            for path in (path for word in rest.split() for path in _included(word, base)):
                _read(path, base, found, read, depth - 1)
        elif key == "host":
            names = [word.strip('"') for word in rest.split()]
            now = [found.setdefault(name, {}) for name in names if not set(name) & set("*?!%")]
        elif key == "match":
            now = []
        elif key in ("hostname", "user", "port", "proxyjump"):
            for lines in now:
                lines.setdefault(key, rest)  # the first one counts


def _place(name: str, lines: dict[str, str]) -> str:
    host, user, port = lines.get("hostname", ""), lines.get("user", ""), lines.get("port", "")
    jump = lines.get("proxyjump", "")
    where = host.replace("%h", name) or (name if user or port else "")
    where = (f"{user}@" if user else "") + where + (f":{port}" if port not in ("", "22") else "")
    via = f"via {jump}" if jump and jump.lower() != "none" else ""
    return " ".join(filter(None, ("" if where == name else where, via)))


def _lines(file: Path) -> list[str]:
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            return []  # what is no file could keep us waiting for ever
        with file.open("rb") as opened:
            return opened.read(_LONGEST).decode("utf-8", "replace").splitlines()
    except (OSError, ValueError):
        return []


def _included(pattern: str, base: Path) -> list[Path]:
    try:
        path = Path(pattern).expanduser()
        if path.is_absolute():
            return sorted(Path("/").glob(str(path.relative_to("/"))))[:_FILES]
        return sorted(base.glob(pattern))[:_FILES]
    except (OSError, ValueError, NotImplementedError, RuntimeError):
        return []
