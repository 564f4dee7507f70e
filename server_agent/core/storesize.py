"""How much the stores hold that this user's projects use: measured seldom, and for all agents once.

A process of its own measures, at the lowest priority: nix's database says it at once; without that
(or without Python's sqlite3) it is counted file by file.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from typing import Any, Optional

from server_agent.core import paths, selfcmd

EVERY = 600.0
"""Seconds from one measurement to the next, at least."""
SOON = 60.0
"""The same while there was no store to measure yet: the first rebuild makes one."""
SHARE = 50.0
"""What takes long is measured more seldom: it works for at most one fiftieth of the time."""
_CALM = 3
"""The call that may measure first: when a client connects, there is enough to do."""
_QUERY = 5.0  # seconds for asking nix's database
PATIENCE = 300
"""Seconds of processor time that measuring may take."""


class StoreSize:
    """Tells what was measured last, and has it measured again when that is old."""

    def __init__(self) -> None:
        self._seen: Any = None
        self._known: dict[str, Any] = {}
        self._child: Optional[subprocess.Popen[bytes]] = None
        self._began = 0.0
        self._calls = 0

    def told(self) -> Optional[int]:
        """Return the bytes of all stores; ``None`` while nobody knows."""
        self._calls += 1
        self._read()
        if self._child is not None and self._child.poll() is not None:
            self._child = None
        at, took = _number(self._known, "at"), _number(self._known, "took")
        size = self._known.get("bytes")
        pause = max(SOON if size is None else EVERY, SHARE * took)
        if abs(time.time() - at) > pause and self._child is None and self._due(pause):
            self._began = time.monotonic()
            try:
                self._child = _start()
            except OSError:
                pass  # too many processes, say: the next time
        return size if type(size) is int else None

    def close(self) -> None:
        """Leave nobody behind."""
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
            self._child.wait()

    def _due(self, pause: float) -> bool:
        if self._calls < _CALM:
            return False
        # Also where nothing can be written down (a full disk) it is not tried all the time.
        return not self._began or time.monotonic() - self._began > pause

    def _read(self) -> None:
        try:
            found = os.stat(_path())
            seen = (found.st_mtime_ns, found.st_ino)
            if seen != self._seen:
                with open(_path(), "rb") as file:
                    known = json.loads(file.read(65536))
                self._seen, self._known = seen, known if isinstance(known, dict) else {}
        except (OSError, ValueError):
            self._known = {}


def measure() -> int:
    """Measure, and write down what was found; return an exit code."""
    import fcntl
    import resource

    os.nice(19)
    resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
    paths.private_dir(os.path.dirname(_path()))
    with open(_path() + ".lock", "ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return 0  # another agent is at it
        began = time.monotonic()
        sizes = [size(place) for place in sorted(_stores())]
        total = sum(filter(None, sizes)) if sizes and None not in sizes else None
        told = {"bytes": total, "at": time.time(), "took": time.monotonic() - began}
        paths.write_atomic(_path(), json.dumps(told).encode())
    return 0


def _stores() -> set[str]:
    from server_agent.core import projects

    found = set()
    for project in projects.every():
        place = str(project.box.get("mountpoint") or "")
        if project.isolation == "host" or project.box.get("daemon"):
            place = "/nix"
        if os.path.isdir(os.path.join(place, "store") if place else ""):
            found.add(os.path.realpath(place))
    return found


def size(place: str, timeout: Optional[float] = None) -> Optional[int]:
    """Return the bytes of one store, by the folder that is its /nix; ``None``: nobody can tell."""
    told = _from_database(place)
    return _counted(os.path.join(place, "store"), timeout) if told is None else told


def _from_database(place: str) -> Optional[int]:
    from server_agent.core import within

    try:
        with within.opened(place, "var", "nix", "db"):  # no link leads elsewhere
            path = os.path.join(place, "var/nix/db/db.sqlite")
            if os.path.islink(path) or not os.path.isfile(path):
                return None
        # One that somebody else writes can't always be opened as one that changes.
        return _asked(path, "mode=ro") or _asked(path, "mode=ro&immutable=1")
    except (ImportError, OSError):
        return None


def _asked(path: str, mode: str) -> Optional[int]:
    import sqlite3

    try:
        database = sqlite3.connect(f"file:{_quoted(path)}?{mode}", uri=True, timeout=_QUERY)
        # A container writes that file: what is in it may be made to take forever.
        until = time.monotonic() + _QUERY
        database.set_progress_handler(lambda: time.monotonic() > until, 10_000)
        try:
            (told,) = database.execute("select sum(narSize) from ValidPaths").fetchone()
        finally:
            database.close()
    except sqlite3.Error:
        return None
    return told if type(told) is int and told > 0 else None


def _counted(place: str, timeout: Optional[float]) -> Optional[int]:
    from server_agent.adapters import programs
    from server_agent.protocol.errors import AgentError

    try:
        done = programs.run(["du", "-skx", "--", place], timeout or PATIENCE * 10)
    except (OSError, AgentError):
        return None
    number = done.out.partition("\t")[0]
    return int(number) * 1024 if number.isdigit() else None


def _start() -> subprocess.Popen[bytes]:
    null = subprocess.DEVNULL
    return subprocess.Popen(selfcmd.argv("_measure"), stdin=null, stdout=null, stderr=null, cwd="/")


def _number(known: dict[str, Any], name: str) -> float:
    value = known.get(name)
    return float(value) if isinstance(value, (int, float)) else 0.0


def _quoted(path: str) -> str:
    from urllib.parse import quote

    return quote(os.fsencode(path))


def _path() -> str:
    return os.path.join(os.path.dirname(paths.jobs()), "stores.json")
