"""Says that a shell is over; the keyboard goes here, because the shell takes no more keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from mnix_tui.ui import keys, words

if TYPE_CHECKING:
    from textual import events
    from textual.binding import BindingType

    from mnix_tui.ui.problems import Problem


class EndBar(Static, can_focus=True):
    """Below the last screen of a shell that has ended."""

    BINDINGS: ClassVar[list[BindingType]] = list(keys.ENDED)

    class Dismissed(Message):
        """It was read: the tab can go."""

    class AnotherWanted(Message):
        """A new shell is wanted in this one's place."""

    @dataclass
    class Leader(Message):
        """The leader was pressed (``active``), or another key followed it."""

        active: bool
        key: str = ""

    def __init__(self, leader: str) -> None:
        super().__init__(classes="shell-end")
        self._leader = leader
        self._leading = False

    def on_key(self, event: events.Key) -> None:
        """Let the leader work here as in a shell that lives."""
        if self._leading or event.key == self._leader:
            event.stop()
            event.prevent_default()
            self._leading = not self._leading
            key = event.key if event.key != self._leader else ""
            self.post_message(self.Leader(self._leading, key))

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Take the key after the leader before any binding does."""
        return self._leading or key == self._leader

    def on_blur(self) -> None:
        """Wait no longer for the key after the leader."""
        self._leading = False

    def say(self, shown: Problem, unsent: int = 0) -> None:
        """Show why, what was lost, and how to go on."""
        lines = [f"{'✕' if shown.severity == 'error' else '■'} {shown.line}"]
        if unsent:
            size = words.count(unsent, "typed byte")
            lines.append(f"→ {size} never reached it")
        if shown.hint:
            lines.append(f"→ {shown.hint}")
        close = Content.from_markup(
            "\n[b $accent]enter[/] [@click=close]closes this tab[/]   "
            "[b $accent]r[/] [@click=another]runs a new shell[/]"
        )
        self.set_class(shown.severity != "error", "-calm")
        self.update(Content("\n".join(lines)) + close)

    def action_close(self) -> None:
        """Let the tab go."""
        self.post_message(self.Dismissed())

    def action_another(self) -> None:
        """Ask for a new shell here."""
        self.post_message(self.AnotherWanted())
