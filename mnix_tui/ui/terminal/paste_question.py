"""Asks before text is pasted where every line end is the enter key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from textual import on
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from mnix_tui.ui.dialogs.base import Dialog

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mnix_tui.ui.terminal.paste import Pasted

Answer = Literal["paste", "line"]


class PasteQuestion(Dialog[Answer]):
    """Shows the beginning of what would be typed; dismisses with how to paste it, or None."""

    AUTO_FOCUS = "#no"

    def __init__(self, pasted: Pasted) -> None:
        super().__init__(classes="-careful")
        self._pasted = pasted

    def compose(self) -> ComposeResult:
        """Lay out what would be typed, and the three answers."""
        pasted = self._pasted
        with VerticalScroll(classes="dialog", can_focus=False) as frame:
            frame.border_title = f"Paste {pasted.summary()}?"
            yield Static(Content(self._why()), classes="text")
            yield Static(Content("\n".join(pasted.beginning())), classes="paste-text")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="no")
                if pasted.lines > 1:
                    yield Button("As one line", id="line")
                yield Button("Paste", id="yes", variant="primary")

    def _why(self) -> str:
        pasted, why = self._pasted, []
        if pasted.runs:
            why.append("The program takes each line end as the enter key: lines run at once.")
        if pasted.dropped:
            marks = f"{pasted.dropped:,} control character{'s' if pasted.dropped != 1 else ''}"
            why.append(f"{marks} will be left out.")
        return "\n".join(why) or "That is a lot to type."

    def accept(self) -> None:
        """Paste it as it is."""
        self.dismiss("paste")

    @on(Button.Pressed, "#line")
    def _as_line(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss("line")
