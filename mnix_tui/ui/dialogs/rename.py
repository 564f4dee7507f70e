"""Asks for a project's other name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.widgets import Button, Input

from mnix_tui.ui.dialogs.base import Check, Dialog
from mnix_tui.ui.dialogs.checks import name_problem

if TYPE_CHECKING:
    from textual.app import ComposeResult


class RenameDialog(Dialog[str]):
    """Dismisses with a valid name that is not taken."""

    YES = "Rename"

    def __init__(self, name: str, taken: set[str]) -> None:
        super().__init__()
        self._old = name
        self._taken = taken
        self.HEADING = f"Rename {name}".replace("[", "\\[")

    def body(self) -> ComposeResult:
        """Show the input and its check."""
        yield Input(self._old, id="name", select_on_focus=True)
        yield Check("name-check")

    @on(Input.Changed, "#name")
    def _changed(self, event: Input.Changed) -> None:
        trouble = name_problem(event.value, "project", self._taken)
        self.query_one(Check).say(trouble or "Shells and builds go on.", "bad" if trouble else "")
        self.query_one("#yes", Button).disabled = bool(trouble)

    @on(Input.Submitted, "#name")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.accept()

    def accept(self) -> None:
        """Dismiss with the name, if it will do."""
        name = self.query_one("#name", Input).value.strip()
        if not name_problem(name, "project", self._taken):
            self.dismiss(name)
