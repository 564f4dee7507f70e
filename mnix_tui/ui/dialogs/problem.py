"""An error that must be read: what happened, to what, and the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from mnix_tui.domain.checks import without_command
from mnix_tui.ui import check_words, words
from mnix_tui.ui.dialogs.base import Dialog

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mnix_tui.ui.problems import Problem


class ProblemDialog(Dialog[bool]):
    """Shows a ``Problem``."""

    YES = "Close"
    NO = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "copy", id="problem.copy", tooltip="Copy the command", show=False)
    ]

    def __init__(self, problem: Problem) -> None:
        super().__init__(classes="-bad -wide")
        self._problem = problem
        self.HEADING = words.plain(problem.title)

    def body(self) -> ComposeResult:
        """Show the details and the next step."""
        shown = self._problem
        if shown.detail:
            told = (words.visible(line) for line in shown.detail.splitlines())
            lines = [part for line in told for part in words.apart(line) or [""]]
            yield Static("\n".join(lines), classes="text", markup=False)
        fix = words.plain(shown.fix)
        if hint := without_command(words.plain(shown.hint), fix):
            yield Static(f"→ {hint}", classes="text quiet", markup=False)
        if fix:
            quiet = "$foreground-muted"
            sign = check_words.command_sign(shown.fix_on)
            said = Content.assemble((sign, quiet), (fix, "$accent"), ("   c copies it", quiet))
            yield Static(said, classes="text")

    def action_copy(self) -> None:
        """Copy the command that mends it."""
        if self._problem.fix:
            self.app.copy_to_clipboard(self._problem.fix)
            self.notify(check_words.copied(self._problem.fix_on), timeout=2, markup=False)

    def accept(self) -> None:
        """Close."""
        self.dismiss(True)
