"""A job's log as lines for the screen: nix's internal-json becomes readable, the rest passes. Pure."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any

from mnix_tui.ui.widgets.log_view import LogLine

_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b\[[0-?]*[ -/]*[@-~]?|\x1b[PX^_].*?(?:\x1b\\|$)|\x1b."
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
_MAX_LINE = 8192
_LEVEL_ERROR, _LEVEL_WARN, _LEVEL_INFO = 0, 1, 3
_BUILD, _BUILD_LOG_LINE, _SET_PHASE, _POST_BUILD_LOG_LINE = 105, 101, 104, 107


class LogLines:
    """Takes a log's bytes, split anywhere; gives lines to show."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._builds: dict[int, str] = {}

    def feed(self, data: bytes) -> list[LogLine]:
        """Return the lines that ``data`` completes."""
        text = self._rest + self._decoder.decode(data)
        *lines, self._rest = text.split("\n")
        if len(self._rest) > 1024 * 1024:
            lines, self._rest = [*lines, self._rest], ""
        return [shown for line in lines if (shown := self._line(line)) is not None]

    def end(self) -> list[LogLine]:
        """Return what was left without a line end."""
        rest, self._rest = self._rest + self._decoder.decode(b"", final=True), ""
        shown = self._line(rest) if rest else None
        return [shown] if shown else []

    def _line(self, line: str) -> LogLine | None:
        if line.startswith("@nix "):
            try:
                event = json.loads(line[5:])
            except ValueError:
                event = None
            if isinstance(event, dict):
                return self._event(event)
        return _plain(line)

    def _event(self, event: dict[str, Any]) -> LogLine | None:
        action, kind = event.get("action"), event.get("type")
        if action == "msg":
            level = event.get("level")
            tone = (
                {_LEVEL_ERROR: "bad", _LEVEL_WARN: "busy"}.get(level, "")
                if isinstance(level, int)
                else ""
            )
            if isinstance(level, int) and level > _LEVEL_INFO:
                return None
            line = _plain(str(event.get("msg", "")).replace("\n", " "))
            return LogLine(line.text, tone or line.tone)
        if action == "start":
            return self._start(event, kind)
        if action == "stop" and isinstance(event.get("id"), int):
            self._builds.pop(event["id"], None)
        fields = event.get("fields")
        if action == "result" and isinstance(fields, list) and fields:
            name = self._builds.get(event.get("id", 0), "")
            if kind in (_BUILD_LOG_LINE, _POST_BUILD_LOG_LINE):
                line = _plain(str(fields[0]))
                return LogLine(f"{name}> {line.text}" if name else line.text, line.tone)
            if kind == _SET_PHASE and name:
                return LogLine(f"{name}: {clean(str(fields[0]))}", "quiet")
        return None

    def _start(self, event: dict[str, Any], kind: object) -> LogLine | None:
        fields = event.get("fields")
        if (
            kind == _BUILD
            and isinstance(fields, list)
            and fields
            and isinstance(event.get("id"), int)
        ):
            self._builds[event["id"]] = _derivation(str(fields[0]))
        text = clean(str(event.get("text", "")))
        level = event.get("level")
        if not text or not isinstance(level, int) or level > _LEVEL_INFO:
            return None
        return LogLine(text, "quiet")


def clean(text: str) -> str:
    """Return ``text`` without escape sequences and control characters, tabs as spaces."""
    line = _ESCAPES.sub("", text.rstrip("\r").rpartition("\r")[2])
    return _CONTROL.sub("", line.expandtabs())[:_MAX_LINE]


def _plain(line: str) -> LogLine:
    text = clean(line)
    start = text.lstrip().lower()
    if text.startswith("mnix: "):
        return LogLine(text[6:], "step")
    if start.startswith("error"):
        return LogLine(text, "quiet" if start.startswith("error (ignored)") else "bad")
    if start.startswith("warning"):
        return LogLine(text, "busy")
    return LogLine(text)


def _derivation(path: str) -> str:
    name = path.rpartition("/")[2].removesuffix(".drv")
    digest, dash, rest = name.partition("-")
    return clean(rest if dash and len(digest) == 32 else name)
