"""Asks for the folder here that a project of another client is to have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.widgets import Button, Input, Static

from mnix_tui.ui import folders
from mnix_tui.ui.dialogs.base import Check, Dialog
from mnix_tui.ui.dialogs.checks import new_folder_problem

if TYPE_CHECKING:
    from textual.app import ComposeResult


class AdoptDialog(Dialog[Path]):
    """Dismisses with a folder, which may be there or not."""

    YES = "Adopt"
    AUTO_FOCUS = "#folder"

    def __init__(self, project: str, server: str) -> None:
        super().__init__()
        self._project = project
        self._server = server
        self.HEADING = f"Adopt {project} from {server}"

    def body(self) -> ComposeResult:
        """Show what it means, and where the files will be."""
        yield Static(
            f"Another client made {self._project}, or it was cloned on the server. With a folder "
            "here, its files can be pushed and pulled.",
            classes="text quiet",
            markup=False,
        )
        yield Static("Folder on this machine", classes="label")
        yield Input(_suggested(self._project), id="folder")
        yield Check("folder-check")

    @on(Input.Changed, "#folder")
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        wrong = new_folder_problem(event.value)
        check = self.query_one(Check)
        if wrong:
            check.say(wrong, "bad")
        elif Path(event.value.strip()).expanduser().exists():
            check.say(
                "It is there: equal files agree, what is only on the server is fetched, "
                "what differs becomes a conflict. Nothing is overwritten."
            )
        else:
            check.say("It is new: the files of the workspace are fetched into it.", "good")
        self.query_one("#yes", Button).disabled = bool(wrong)

    @on(Input.Submitted, "#folder")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.accept()

    def accept(self) -> None:
        """Dismiss with the folder, if it will do."""
        text = self.query_one("#folder", Input).value.strip()
        if not new_folder_problem(text):
            self.dismiss(Path(text).expanduser().absolute())


def _suggested(project: str) -> str:
    here = Path.cwd()
    return folders.shown(here if here.name == project else here / project)
