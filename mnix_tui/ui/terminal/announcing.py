"""What the program tells beside its picture, as messages; what is replayed rings no bell again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mnix_tui.terminal import (
    Bell,
    Clipboard,
    CommandEnded,
    CommandStarted,
    Directory,
    Event,
    Notification,
    Reply,
    Title,
)
from mnix_tui.ui.terminal import messages

if TYPE_CHECKING:
    from mnix_tui.ui.terminal.view import TerminalView


class Announcer:
    """Turns one emulator's events into messages of its view."""

    def __init__(self, view: TerminalView) -> None:
        self._view = view
        self._kept: dict[type, messages.ViewMessage] = {}
        self._started: float | None = None
        self._active = False

    def events(self, happened: list[Event], replay: bool) -> None:
        """Tell what happened, in order."""
        for event in happened:
            if isinstance(event, Reply):
                if self._view.answers and not replay:
                    self._view.send(event.data)
                continue
            self._clock(event)
            message = self._message(event)
            if message is None:
                continue
            if not replay:
                self._view.post_message(message)
            elif isinstance(event, (Title, Directory)):
                self._keep(message)

    def _clock(self, event: Event) -> None:
        if isinstance(event, CommandStarted):
            self._started = time.monotonic()

    def _message(self, event: Event) -> messages.ViewMessage | None:
        view = self._view
        match event:
            case Title(text=text):
                return messages.TitleChanged(view, text)
            case Directory(host=host, path=path):
                return messages.DirectoryChanged(view, host, path)
            case Bell():
                return messages.Bell(view)
            case Clipboard(text=text):
                # Of several clients, the one that typed last: nobody else's clipboard changes.
                return messages.ClipboardWanted(view, text) if view.answers else None
            case CommandStarted():
                return messages.CommandStarted(view)
            case CommandEnded(status=status):
                started, self._started = self._started, None
                seconds = time.monotonic() - started if started is not None else 0.0
                return messages.CommandEnded(view, status, seconds)
            case Notification(title=title, body=body):
                return messages.Notified(view, title, body)
        return None

    def _keep(self, message: messages.ViewMessage) -> None:
        """Of what is replayed, only the last title and directory still hold."""
        if self._view.replaying:
            self._kept[type(message)] = message
        else:
            self._view.post_message(message)

    def live(self) -> None:
        """Tell what was kept: the replay is over."""
        kept, self._kept = self._kept, {}
        for message in kept.values():
            self._view.post_message(message)

    def output(self, in_sight: bool) -> None:
        """Tell that there was output where nobody looks, once."""
        if not in_sight and not self._active and not self._view.replaying:
            self._active = True
            self._view.post_message(messages.Activity(self._view))

    def shown(self) -> None:
        """Take note that the view is looked at."""
        self._active = False
