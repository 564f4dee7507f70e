"""A rebuild's log as plain lines: steps, nix's messages, and what the builders print."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_PREFIX = b"@nix "
_STEP = b"mnix: "
_MSG_LEVEL = 3
"""nix's ``info``: what a person wants to read; above it is chatter."""
_BUILD = 105
_COPY = 100
_SUBSTITUTE = 108
_BUILD_LINES = (101, 107)
_NOISE = ("error (ignored): ",)
_MAX_LINE = 1 << 20
_CONTROL = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Line:
    """One line to show."""

    kind: str
    """``step`` (of the rebuild itself), ``message`` (nix's), ``error``, ``build`` or ``text``."""
    text: str
    """Without its end; colours of nix are left in."""

    @property
    def plain(self) -> str:
        """The text without colours."""
        return _CONTROL.sub("", self.text)


class LogLines:
    """Turns a log's bytes, cut anywhere, into lines. Pure; never fails on what it is fed."""

    def __init__(self) -> None:
        self._tail = b""
        self._names: dict[int, str] = {}

    def feed(self, data: bytes) -> list[Line]:
        """Take bytes, return the lines that they end."""
        *whole, self._tail = (self._tail + data).split(b"\n")
        if len(self._tail) > _MAX_LINE:
            whole.append(self._tail)
            self._tail = b""
        return [line for raw in whole for line in self._lines(raw)]

    def rest(self) -> list[Line]:
        """Return the last line, if it has no end."""
        raw, self._tail = self._tail, b""
        return self._lines(raw) if raw else []

    def _lines(self, raw: bytes) -> list[Line]:
        raw = raw.rstrip(b"\r")
        if raw.startswith(_STEP):
            return [Line("step", _text(raw[len(_STEP) :]))]
        if raw.startswith(b"@mnix "):
            return []
        if not raw.startswith(_PREFIX):
            return [Line("text", _text(raw))]
        try:
            event = json.loads(raw[len(_PREFIX) :])
            return self._event(event)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return [Line("text", _text(raw))]

    def _event(self, event: dict[str, Any]) -> list[Line]:
        action = event["action"]
        if action == "msg" and event.get("level", 0) <= _MSG_LEVEL:
            kind = "error" if event.get("level", 0) == 0 else "message"
            lines = str(event.get("msg", "")).split("\n")
            if lines[0] and _CONTROL.sub("", lines[0]).startswith(_NOISE):
                return []
            return [Line(kind, _clean(line)) for line in lines]
        if action == "start":
            return self._start(event)
        if action == "stop":
            self._names.pop(event.get("id", 0), None)
        if action == "result" and event.get("type") in _BUILD_LINES:
            name = self._names.get(event.get("id", 0), "")
            text = _clean(str(event["fields"][0]))
            return [Line("build", f"{name}> {text}" if name else text)]
        return []

    def _start(self, event: dict[str, Any]) -> list[Line]:
        kind, text = event.get("type"), str(event.get("text", ""))
        if kind == _BUILD:
            self._names[event["id"]] = _derivation(str((event.get("fields") or [""])[0]))
        if kind in (_BUILD, _SUBSTITUTE, _COPY) and text and event.get("level", 0) <= _MSG_LEVEL:
            return [Line("message", _clean(text))]
        return []


def _derivation(path: str) -> str:
    """Return the name in a derivation's path: what follows the hash, without ``.drv``."""
    return path.rsplit("/", 1)[-1].partition("-")[2].removesuffix(".drv")


def _text(raw: bytes) -> str:
    return _clean(raw.decode("utf-8", "replace"))


def _clean(text: str) -> str:
    """Keep colours, and nothing else that moves a terminal."""
    text = text.rsplit("\r", 1)[-1]
    if text.isprintable():
        return text
    parts = _CONTROL.split(text)
    colours = _CONTROL.findall(text)
    kept = ["".join(each for each in part if each.isprintable() or each == "\t") for part in parts]
    return "".join(a + b for a, b in zip(kept, [*colours, ""], strict=True))
