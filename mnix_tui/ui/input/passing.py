"""Keys on their way from the outer terminal to whoever has the keyboard, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from textual import events
from textual.message import Message

from mnix_tui.ui.input.outer_keyboard import OuterKeyboard

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from textual.app import App

    from mnix_tui.keyboard.keys import KeyEvent


class TakesKeys(Protocol):
    """A widget that wants keys as they were sent."""

    def take_key(self, event: KeyEvent) -> None:
        """Take a key."""

    def _context(self) -> AbstractContextManager[None]: ...


class RawKey(events.Key):
    """A key as Textual knows it, with what the terminal sent for it."""

    def __init__(self, raw: KeyEvent, passing: Passing, number: int) -> None:
        from mnix_tui.ui.input.keymap import textual_key

        super().__init__(*textual_key(raw))
        self.raw = raw
        self._passing = passing
        self._number = number

    def arrived(self) -> None:
        """Tell that a view has it: what is typed next may go there directly."""
        self._passing.caught_up(self._number)


# To the handlers and bindings of all widgets it is a key like any other.
RawKey.handler_name = events.Key.handler_name


class Passing:
    """Hands what the input thread read to the app. Lives on the event loop."""

    def __init__(self, app: App[Any], keyboard: OuterKeyboard) -> None:
        self._app = app
        self._keyboard = keyboard
        self._sent = 0
        self._behind = True

    def arrived(self, batch: Sequence[KeyEvent | Message]) -> None:
        """Take keys and messages, in the order in which they were read."""
        for item in batch:
            if isinstance(item, OuterKeyboard.Answered):
                self._keyboard.supported()
            elif isinstance(item, OuterKeyboard.PasteRefused):
                text = f"It has more than {item.most >> 20} MiB."
                self._app.notify(text, title="Not pasted", severity="warning")
            elif isinstance(item, Message):
                self._send(item)
            else:
                self._key(item)

    def _send(self, message: Message) -> None:
        self._sent += 1
        self._behind = True
        self._app.post_message(message)

    def _key(self, event: KeyEvent) -> None:
        view = None if self._behind else self._view()
        if view is None:
            self._send(RawKey(event, self, self._sent + 1))
            return
        try:
            with view._context():
                view.take_key(event)
        except Exception as error:  # as Textual treats what a handler raises
            self._app._handle_exception(error)

    def _view(self) -> TakesKeys | None:
        app = self._app
        if not app.app_focus or getattr(app, "holds_keys", False):
            return None
        focused = app.focused
        return cast("TakesKeys", focused) if hasattr(focused, "take_key") else None

    def caught_up(self, number: int) -> None:
        """Take note that a view got a key through the queues, and so all that came before it."""
        if number == self._sent:
            self._behind = False
