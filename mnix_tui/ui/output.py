"""A job's log as lines for the log view: what the log's parser gives, with a tone for each kind."""

from __future__ import annotations

from mnix_tui.actions.loglines import Line, LogLines
from mnix_tui.ui import words
from mnix_tui.ui.widgets.log_view import LogLine

_MAX_LINE = 8192
_TONES = {"step": "step", "error": "bad", "message": "quiet"}


class Output:
    """Takes a log's bytes, split anywhere; gives lines to show. Pure."""

    def __init__(self) -> None:
        self._lines = LogLines()

    def feed(self, data: bytes) -> list[LogLine]:
        """Return the lines that ``data`` completes."""
        return [shown(line) for line in self._lines.feed(data)]

    def end(self) -> list[LogLine]:
        """Return what was left without a line end."""
        return [shown(line) for line in self._lines.rest()]


def shown(line: Line) -> LogLine:
    """Return a line with its tone; a builder's own errors and warnings stand out, too."""
    text = words.visible(line.plain)[:_MAX_LINE]
    tone = _TONES.get(line.kind, "")
    start = text.lstrip().lower()
    if start.startswith(("error:", "error[")):
        tone = "bad"
    elif start.startswith("warning:"):
        tone = "busy"
    return LogLine(text, tone)
