"""Dialogs that nobody opened: a server asks something while somebody may be typing elsewhere."""

from __future__ import annotations

import time
from typing import TypeVar

from mnix_tui.ui.dialogs.base import Dialog

Answer = TypeVar("Answer")

QUIET = 0.6
"""Seconds without a key after which keys are meant for a dialog that came up by itself."""


class SuddenDialog(Dialog[Answer]):
    """Takes no key until nobody has typed for a moment; goes when its answer is not wanted."""

    def __init__(self, *, sudden: bool = False, classes: str = "") -> None:
        super().__init__(classes=classes)
        self._sudden = sudden
        self._last_key = time.monotonic()
        self._withdrawn = self._left = False

    def swallows_key(self) -> bool:
        """Take note of a key; say whether it was meant for what was there before."""
        now = time.monotonic()
        quiet, self._last_key = now - self._last_key >= QUIET, now
        self._sudden = self._sudden and not quiet
        return self._sudden

    def withdraw(self) -> None:
        """Go, now or as soon as nothing lies over this: nobody waits for the answer any more."""
        self._withdrawn = True
        self._leave()

    def on_screen_resume(self) -> None:
        """Count from when it is seen; go, if the answer was given up meanwhile."""
        self._last_key = time.monotonic()
        self.call_next(self._leave)

    def _leave(self) -> None:
        if self._withdrawn and not self._left and self.app.screen is self:
            self._left = True
            self.dismiss(None)
