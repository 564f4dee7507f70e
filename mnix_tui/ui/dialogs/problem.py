"""An error that must be read: what happened, to what, and the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Static

from mnix_tui.ui.dialogs.base import Dialog

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mnix_tui.ui.problems import Problem


class ProblemDialog(Dialog[bool]):
    """Shows a ``Problem``."""

    YES = "Close"
    NO = ""

    def __init__(self, problem: Problem) -> None:
        super().__init__(classes="-bad")
        self._problem = problem
        self.HEADING = problem.title.replace("[", "\\[")

    def body(self) -> ComposeResult:
        """Show the details and the next step."""
        if self._problem.detail:
            yield Static(self._problem.detail, classes="text", markup=False)
        if self._problem.hint:
            yield Static(f"→ {self._problem.hint}", classes="text quiet", markup=False)

    def accept(self) -> None:
        """Close."""
        self.dismiss(True)
