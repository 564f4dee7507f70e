"""Says that something builds already, and offers to follow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from mnix_tui.ui import words
from mnix_tui.ui.dialogs.base import Dialog

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.errors import Busy


class BusyDialog(Dialog[bool]):
    """Dismisses with ``True`` when the running rebuild is to be shown."""

    HEADING = "Busy"
    YES = "Follow it"
    NO = "Close"
    AUTO_FOCUS = "#yes"

    def __init__(self, view: ProjectView, error: Busy, job: Job, now: float) -> None:
        super().__init__(classes="-careful")
        self._view = view
        self._error = error
        self._job = job
        self._now = now

    def body(self) -> ComposeResult:
        """Say what holds it, and since when."""
        project = words.plain(self._view.project.name)
        cause = "warm-up" if self._job.cause == "warm-up" else "rebuild"
        since = words.took(max(self._now - self._job.started, 0))
        lines = [Content.styled(words.plain(self._error.title), "bold $warning")]
        if detail := words.plain(self._error.detail):
            lines.append(Content.styled(detail, "$foreground-muted"))
        lines.append(Content(f"A {cause} of {project} has run for {since}."))
        yield Static(Content("\n").join(lines), classes="text")

    def accept(self) -> None:
        """Follow it."""
        self.dismiss(True)
