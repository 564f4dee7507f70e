"""Asks for another name: a project's, or a shell's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.widgets import Button, Input

from mnix_tui.ui import words
from mnix_tui.ui.dialogs.base import Check, Dialog
from mnix_tui.ui.dialogs.checks import name_problem

if TYPE_CHECKING:
    from textual.app import ComposeResult

SESSION_NAME = 64
"""Characters that a shell's name may have."""


class RenameDialog(Dialog[str]):
    """Dismisses with a valid name that is not taken."""

    YES = "Rename"

    def __init__(self, name: str, taken: set[str]) -> None:
        super().__init__()
        self._old = name
        self._taken = taken
        self.HEADING = f"Rename {name}"

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


class RenameShellDialog(Dialog[str]):
    """Dismisses with a name that no other shell of the project has; "" takes the name away."""

    YES = "Rename"

    def __init__(self, called: str, name: str, taken: set[str]) -> None:
        super().__init__()
        self._given = name
        self._taken = taken
        self.HEADING = f"Name of {called}"

    def body(self) -> ComposeResult:
        """Show the input and its check."""
        yield Input(self._given, id="name", select_on_focus=True, max_length=SESSION_NAME)
        yield Check("name-check")

    def _trouble(self, name: str) -> str:
        if name in self._taken:
            return "Another shell of this project has that name."
        return "" if words.plain(name) == name else "Only printable characters can be in a name."

    @on(Input.Changed, "#name")
    def _changed(self, event: Input.Changed) -> None:
        trouble = self._trouble(event.value.strip())
        hint = "Everybody who looks at this shell sees it; empty: a number again."
        self.query_one(Check).say(trouble or hint, "bad" if trouble else "")
        self.query_one("#yes", Button).disabled = bool(trouble)

    @on(Input.Submitted, "#name")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.accept()

    def accept(self) -> None:
        """Dismiss with the name, if it will do."""
        name = self.query_one("#name", Input).value.strip()
        if not self._trouble(name):
            self.dismiss(name)
