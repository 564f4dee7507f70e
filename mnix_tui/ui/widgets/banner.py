"""One line over a shell's screen, or two where it is narrow; it never changes the shell's size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.timer import Timer

ORDER = ("notice", "link", "clipboard")
"""What is said first when there is more than one thing to say."""
FLASH = 5.0
"""Seconds that a notice stays."""


class Banner(Static):
    """Says the most pressing of what there is to say; hidden while there is nothing."""

    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__(classes="banner", markup=False)
        self._said: dict[str, str] = {}
        self._timer: Timer | None = None
        self.display = False

    def say(self, subject: str, text: str) -> None:
        """Say ``text`` about a subject of ``ORDER``; "" takes it back."""
        if self._said.get(subject, "") == text:
            return
        self._said[subject] = text
        found = next((one for one in ORDER if self._said.get(one)), "")
        for one in ORDER:
            self.set_class(one == found, f"-{one}")
        if found:
            self.update(Content(self._said[found]))
        self.display = bool(found)

    def flash(self, text: str) -> None:
        """Say something that goes by itself."""
        self.say("notice", text)
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(FLASH, lambda: self.say("notice", ""))
