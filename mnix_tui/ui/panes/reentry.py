"""A shell whose project has another generation by now: it is told, and may enter that one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.ui import keys

if TYPE_CHECKING:
    from mnix_tui.ui.behind import Ready
    from mnix_tui.ui.panes.shell import ShellPane

COMMAND = b" mnix-reenter\r"
"""Typed into the shell; the blank keeps it out of the history of most shells."""


class Reentry:
    """Tells one pane's shell once of each generation, and types what enters it."""

    def __init__(self, pane: ShellPane, leader: str) -> None:
        self._pane = pane
        self._keys = keys.after_leader(leader, "leader.reenter")
        self._ready: Ready | None = None
        self._later = 0

    @property
    def ready(self) -> Ready | None:
        """What the shell could enter, said or not."""
        return self._ready

    def know(self, ready: Ready | None) -> None:
        """Take note of what is ready, and say it beside the screen unless it was put off."""
        self._ready = ready
        said = ready.generation if ready is not None and ready.generation != self._later else 0
        self._pane.set_status(ready=said, reenter=self._keys if said else "")

    def later(self) -> bool:
        """Say no more of this generation; return whether one was ready."""
        if self._ready is None:
            return False
        self._later = self._ready.generation
        self.know(self._ready)
        return True

    def obstacle(self) -> str:
        """Say why nothing can be typed into the shell now; "" when it waits for a command."""
        from mnix_tui.terminal import Standing

        pane, view = self._pane, self._pane.view
        if view is None or pane.over:
            return "this shell is over"
        if pane.link.down:
            return "its server is out of reach"
        if view.replaying:
            return "its screen is still being read"
        if pane.typing.waiting:
            return "what was typed is still on its way"
        return {
            Standing.UNKNOWN: "it does not say when it waits for a command",
            Standing.BUSY: "a program runs in it",
            Standing.TYPED: "something is typed at its prompt",
            Standing.PROMPT: "",
        }[view.emulator.standing]

    def enter(self) -> None:
        """Type what makes the shell one of the newest generation."""
        self._pane.typing.write(COMMAND)
