"""A command's output as lines for the log view, and which tone a line of a log has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mnix_tui.nixlog.cutter import Cutter
from mnix_tui.nixlog.text import clean
from mnix_tui.ui.widgets.log_lines import LogLine

if TYPE_CHECKING:
    from mnix_tui.nixlog import Line

_TONES = {"step": "step", "error": "bad", "warning": "busy", "message": "quiet"}
_START = 200
_ERROR = re.compile(
    r"(?:^|[\s:])(?:fatal )?error(?:\[\w+\])?: |^\s*error\b[:\[]|^make(?:\[\d+\])?: \*\*\* ",
    re.IGNORECASE,
)
"""How compilers and make begin, or name the place before it."""


class Output:
    """Takes a log's bytes, split anywhere; gives lines to show. Pure."""

    def __init__(self) -> None:
        self._cutter = Cutter()

    def feed(self, data: bytes) -> list[LogLine]:
        """Return the lines that ``data`` completes."""
        return [_shown(text) for text in self._cutter.feed(data)]

    def end(self) -> list[LogLine]:
        """Return what was left without a line end."""
        return [_shown(text) for text in self._cutter.rest()]


def _shown(text: str) -> LogLine:
    text = clean(text)
    return LogLine(text, _own_tone(text))


def tone_of(line: Line) -> str:
    """Return the tone of a rebuild's line."""
    return _own_tone(line.text) or _TONES.get(line.kind, "")


def _own_tone(text: str) -> str:
    """Return the tone of a line that says itself what it is: a builder's error stands out too."""
    start = text[:_START]
    if ("rror" in start or "*** " in start or "RROR" in start) and _ERROR.search(start):
        return "bad"
    return "busy" if start.lstrip()[:8].lower() == "warning:" else ""
