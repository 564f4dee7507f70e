"""Writes a rebuild's log as nix and the agent write it: for the pictures, and to look at."""

from __future__ import annotations

import hashlib
import json
from typing import Any

_BUILD_LINE, _SET_PHASE, _PROGRESS = 101, 104, 105
_COPY_PATH, _BUILD, _SUBSTITUTE = 100, 105, 108
_CACHE = "https://nix.example.org"
_RED, _MAGENTA, _OFF = "\x1b[31;1m", "\x1b[35;1m", "\x1b[0m"


def store_path(name: str, suffix: str = "") -> str:
    """Return a path that the store could have for ``name``."""
    return f"/nix/store/{hashlib.sha256(name.encode()).hexdigest()[:32]}-{name}{suffix}"


def drv(name: str) -> str:
    """Return the derivation of ``name``."""
    return store_path(name, ".drv")


class LogMaker:
    """Adds what happens, in the order in which it happens; ``data`` is the log so far."""

    def __init__(self, began: float) -> None:
        self._now = began
        self._parts: list[bytes] = []
        self._ids: dict[str, list[int]] = {}
        self._next = 1
        self.after(0)

    @property
    def data(self) -> bytes:
        """The log."""
        return b"".join(self._parts)

    def after(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds
        self.ours("at", time=round(self._now, 3))

    def ours(self, action: str, **fields: Any) -> None:
        """Add a line of the agent's."""
        self._add("@mnix", {"action": action, **fields})

    def step(self, text: str) -> None:
        """Add a step, for people."""
        self._parts.append(f"mnix: {text}\n".encode())

    def plan(self, inputs: dict[str, list[str]], fetched: dict[str, float]) -> None:
        """Tell what will be built, from what, and what will be fetched (in MiB)."""
        self._say(f"these {len(inputs)} derivations will be built:")
        for name in inputs:
            self._say(f"  {drv(name)}")
        size = sum(fetched.values())
        self._say(f"these {len(fetched)} paths will be fetched ({size:.2f} MiB download):")
        for name in fetched:
            self._say(f"  {store_path(name)}")
        self.ours("graph", inputs={drv(k): [drv(each) for each in v] for k, v in inputs.items()})

    def build(self, *names: str) -> None:
        """Begin to build."""
        for name in names:
            text = f"building '{drv(name)}'"
            self._start(name, _BUILD, text, [drv(name), "", 1, 1])

    def phase(self, name: str, phase: str) -> None:
        """Let a builder reach a phase."""
        self._result(name, _SET_PHASE, [phase])

    def lines(self, name: str, *lines: str) -> None:
        """Let a builder print."""
        for line in lines:
            self._result(name, _BUILD_LINE, [line])

    def fetch(self, name: str, done: float, total: float) -> None:
        """Begin to fetch, or tell how many MiB have come."""
        if name not in self._ids:
            path = store_path(name)
            text = f"copying path '{path}' from '{_CACHE}'"
            self._start(name, _SUBSTITUTE, "", [path, _CACHE])
            self._start(name, _COPY_PATH, text, [path, _CACHE, "local"])
        self._result(name, _PROGRESS, [int(done * 2**20), int(total * 2**20), 0, 0])

    def fetched(self, name: str, total: float) -> None:
        """Fetch all of it."""
        self.fetch(name, total, total)
        self.stop(name)

    def stop(self, *names: str) -> None:
        """End what was begun."""
        for name in names:
            for ident in reversed(self._ids.pop(name)):
                self._add("@nix", {"action": "stop", "id": ident})

    def warn(self, text: str) -> None:
        """Let nix warn."""
        self._add("@nix", {"action": "msg", "level": 1, "msg": f"warning: {text}"})

    def fail(self, name: str, *last: str, above: str) -> None:
        """Let a builder fail, and with it what needs it."""
        self.stop(name)
        shown = "\n".join(f"       > {line}" for line in last)
        self.error(
            f"builder for '{_MAGENTA}{drv(name)}{_OFF}' failed with exit code 1;\n"
            f"       last {len(last)} log lines:\n{shown}\n"
            f"       For full logs, run '\x1b[1mnix log {drv(name)}{_OFF}'."
        )
        self.error(f"1 dependencies of derivation '{_MAGENTA}{drv(above)}{_OFF}' failed to build")

    def error(self, text: str, **where: Any) -> None:
        """Let nix tell an error."""
        message = f"{_RED}error:{_OFF} {text}"
        self._add("@nix", {"action": "msg", "level": 0, "msg": message, **where})

    def _say(self, text: str) -> None:
        self._add("@nix", {"action": "msg", "level": 3, "msg": text})

    def _start(self, name: str, kind: int, text: str, fields: list[Any]) -> None:
        ident, self._next = self._next, self._next + 1
        self._ids.setdefault(name, []).append(ident)
        event = {"action": "start", "id": ident, "level": 3, "type": kind, "text": text}
        self._add("@nix", {**event, "fields": fields, "parent": 0})

    def _result(self, name: str, kind: int, fields: list[Any]) -> None:
        ident = self._ids[name][-1]
        self._add("@nix", {"action": "result", "fields": fields, "id": ident, "type": kind})

    def _add(self, prefix: str, event: dict[str, Any]) -> None:
        line = json.dumps(event, separators=(",", ":"), ensure_ascii=False)
        self._parts.append(f"{prefix} {line}\n".encode())
