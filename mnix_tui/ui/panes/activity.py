"""What mnix itself did for a project or server, newest last."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.widgets import Static

from mnix_tui.ui import words
from mnix_tui.ui.widgets.log_panel import LogPanel
from mnix_tui.ui.widgets.log_view import LogLine, LogView

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mnix_tui.ui.activity import Entry

_TONES = {"idle": "", "good": "good", "busy": "busy", "bad": "bad"}


class ActivityPane(Vertical):
    """Shows entries of the activity log."""

    def compose(self) -> ComposeResult:
        """Lay out the log, and what stands there while it is empty."""
        yield Static(
            "Nothing yet: what mnix does here is noted, with what went wrong.", id="log-empty"
        )
        yield LogPanel()

    def show(self, entries: list[Entry]) -> None:
        """Show ``entries`` instead of what was shown."""
        self.query_one("#log-empty", Static).display = not entries
        panel = self.query_one(LogPanel)
        panel.display = bool(entries)
        lines = [line for entry in entries for line in _lines(entry)]
        if lines != panel.view.lines:
            panel.clear()
            panel.extend(lines)

    def focus_main(self) -> None:
        """Put the keyboard into the log."""
        self.query_one(LogView).focus()


def _lines(entry: Entry) -> list[LogLine]:
    time = datetime.fromtimestamp(entry.at).strftime("%H:%M:%S")
    lines = [LogLine(f"{time}  {words.plain(entry.text)}", _TONES[entry.tone])]
    lines += [
        LogLine(f"          {words.plain(part)}", "quiet")
        for part in entry.detail.splitlines()
        if part.strip()
    ]
    return lines
