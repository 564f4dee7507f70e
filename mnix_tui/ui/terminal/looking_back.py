"""Looking at the history: by wheel, from prompt to prompt, and in copy mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.ui.terminal import clipboard
from mnix_tui.ui.terminal.copy_mode import CopyMode

if TYPE_CHECKING:
    from mnix_tui.ui.terminal.decorating import Decorating as _Base
else:
    _Base = object


class LookingBack(_Base):
    """The part of TerminalView that leaves the newest output and comes back to it."""

    def copying_changed(self, active: bool) -> None:
        """Tell that copy mode began, or ended."""
        raise NotImplementedError

    @property
    def keeps_keys(self) -> bool:
        """Whether keys move through the history instead of going to the program."""
        return self.copying is not None

    def own_key(self, key: str, character: str | None) -> None:
        """Take a key of copy mode."""
        if self.copying is not None:
            self.copying.key(key, character)

    def scroll_history(self, lines: int) -> None:
        """Move through the history: up if negative."""
        if self.copying is not None:
            self.copying.scroll(lines)
            return
        self.emulator.scroll(lines)
        self._schedule()

    def follow(self) -> None:
        """Show the newest output again."""
        if not self.emulator.scrollbar.at_bottom:
            self.emulator.scroll_to_bottom()
            self._schedule()

    def prompt(self, direction: int) -> None:
        """Go to the prompt before (-1) what is shown, or to the next one (1)."""
        if self.copying is not None:
            self.copying.prompt(direction)
            return
        prompts, top = self.emulator.prompts, self.emulator.scrollbar.offset
        row = prompts.before(top) if direction < 0 else prompts.after(top)
        if row is not None:
            self.emulator.scroll_to(row)
            self._schedule()
        elif direction > 0:
            self.follow()
        else:
            self.tell("no more prompts" if len(prompts) else "this shell marks no prompts")

    def copy_mode(self) -> None:
        """Let the keys move through the history, search, select and copy, until that is left."""
        if self.copying is not None:
            return
        self.selecting.clear()
        self.copying = CopyMode(
            self.emulator,
            self.selecting,
            self._cursor,
            changed=self._schedule,
            copy=self.copy_selection,
            tell=self.tell,
            leave=self.leave_copy_mode,
        )
        self.copying_changed(True)
        self._schedule()

    def leave_copy_mode(self) -> None:
        """Give the keys back to the program, and show the newest output."""
        if self.copying is None:
            return
        self.copying.search.stop()
        self.copying = None
        self.selecting.clear()
        self.emulator.scroll_to_bottom()
        self.copying_changed(False)
        self._schedule()

    def copy_selection(self) -> None:
        """Put what is selected into the clipboard of the terminal around us."""
        text, told = clipboard.fitting(self.selecting.text())
        if text:
            self.app.copy_to_clipboard(text)
            self.tell(told)
