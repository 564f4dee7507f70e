"""How the outer terminal is told to send its keys: as the program in focus asked for them.

A program that turns on the kitty keyboard protocol or the application's keypad gets those keys
only if the outer terminal tells them apart. So while such a program has the keyboard the outer
terminal is set the same way; the dashboard's own setting comes back with its focus, and what was
there before mnix when Textual drops its entry of the terminal's stack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.keyboard.keys import KeyModes

DASHBOARD_FLAGS = 1 | 8 | 16
"""What Textual turns on: every key as a sequence, with its text."""
ALWAYS_FLAGS = 1 | 4
"""What every view needs: escape told from the beginning of a sequence, and of a keyboard in
another script the key's place, which is what ctrl goes by."""


class OuterKeyboard:
    """Keeps the outer terminal's keyboard modes; writes only what differs."""

    class Answered(Message, bubble=False):
        """The outer terminal has the kitty protocol."""

    class PasteRefused(Message, bubble=False):
        """Something was pasted that has more than ``most`` bytes; nothing of it comes."""

        def __init__(self, most: int) -> None:
            super().__init__()
            self.most = most

    def __init__(self, write: Callable[[str], None], *, enabled: bool = True) -> None:
        self._write = write
        self._enabled = enabled
        self._wanted: KeyModes | None = None
        self._running = False
        self._has_kitty = False
        self._flags = DASHBOARD_FLAGS
        self._keypad = False

    @property
    def unambiguous(self) -> bool:
        """Whether an escape byte is never the escape key itself."""
        return self._has_kitty

    def started(self) -> None:
        """The terminal was just set up, by Textual's defaults: ask what it can."""
        self._running = True
        self._flags, self._keypad = DASHBOARD_FLAGS, False
        if self._enabled:
            self._write("\x1b[?u")
        self._apply()

    def supported(self) -> None:
        """The terminal answered: it has the kitty protocol."""
        self._has_kitty = self._enabled
        self._apply()

    def follow(self, modes: KeyModes | None) -> None:
        """Set the keyboard as a program wants it, or as the dashboard does (None)."""
        self._wanted = modes
        self._apply()

    def stopped(self) -> None:
        """Leave the terminal's keypad as it was, and then alone; the rest is Textual's."""
        self._running = False
        if self._keypad:
            self._keypad = False
            self._write("\x1b>")

    def _apply(self) -> None:
        if not self._running:
            return  # the terminal is somebody else's: views may still lose the keyboard
        wanted = self._wanted
        flags = DASHBOARD_FLAGS if wanted is None else wanted.kitty | ALWAYS_FLAGS
        if self._has_kitty and flags != self._flags:
            self._flags = flags
            self._write(f"\x1b[={flags};1u")
        keypad = wanted is not None and wanted.keypad
        if keypad != self._keypad:
            self._keypad = keypad
            self._write("\x1b=" if keypad else "\x1b>")
