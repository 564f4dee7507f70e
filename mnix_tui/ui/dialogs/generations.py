"""Asks which generation to go back to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from mnix_tui.ui import words
from mnix_tui.ui.dialogs.base import Dialog

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mnix_tui.ui.workbench.port import Generation


class GenerationDialog(Dialog[int]):
    """Dismisses with the number of an earlier generation."""

    YES = "Roll back"
    AUTO_FOCUS = "#generations"

    def __init__(self, project: str, generations: list[Generation], now: float) -> None:
        super().__init__()
        self._generations = generations
        self._now = now
        self.HEADING = f"Roll {project} back".replace("[", "\\[")

    def body(self) -> ComposeResult:
        """List the generations; the one in use can't be chosen."""
        text = "Shells that are open keep their environment; new ones get the chosen one."
        yield Static(text, classes="text quiet")
        options = [
            Option(self._line(one), id=str(one.number), disabled=one.current)
            for one in self._generations
        ]
        yield OptionList(*options, id="generations", markup=False, compact=True)

    def _line(self, one: Generation) -> Content:
        quiet = "$foreground-muted"
        return Content.assemble(
            (f"{'●' if one.current else '○'} ", "$success" if one.current else quiet),
            f"generation {one.number:<4}",
            (f"{words.ago(one.created, self._now):>9}  {words.plain(one.cause)}", quiet),
            ("  in use" if one.current else "", "$success"),
        )

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.accept()

    def accept(self) -> None:
        """Dismiss with what is highlighted."""
        option = self.query_one(OptionList).highlighted_option
        if option is not None and option.id and not option.disabled:
            self.dismiss(int(option.id))
