"""What happened while output was interpreted: in order, made safe, and bounded.

A program that floods us with requests gets less than it asked for, and the newest title, directory
and clipboard win: they replace the ones before them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.terminal.cells import safe
from mnix_tui.terminal.directory import parse_directory
from mnix_tui.terminal.events import (
    Bell,
    Clipboard,
    Directory,
    Event,
    Notification,
    Reply,
    Title,
)

if TYPE_CHECKING:
    from mnix_tui.terminal.native import Requests, Terminal

REPLY_BYTES = 64 * 1024
"""The most that is answered to the queries of one ``feed``; the rest of a flood is not."""
CLIPBOARD_BYTES = 1024 * 1024
TITLE_LENGTH = 256
_BODY_LENGTH = 1024
_MOST_EVENTS = 1000
_LATEST = (Title, Directory, Clipboard)


class Mailbox:
    """Collects a terminal's events until they are taken."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._newest: dict[type[Event], Event] = {}
        self._reply_bytes = 0

    def listen(self, terminal: Terminal, requests: Requests) -> None:
        """Have the terminal's events put here."""
        terminal.on_reply(self._reply)
        terminal.on_bell(lambda: self.put(Bell()))
        terminal.on_title(lambda text: self.put(Title(shown(text, TITLE_LENGTH))))
        requests.on_directory(self._directory)
        requests.on_clipboard(self._clipboard)
        requests.on_notification(self._notification)

    def take(self) -> list[Event]:
        """Return what happened since the last time."""
        events = [*self._events, *self._newest.values()]
        self._events, self._newest = [], {}
        self._reply_bytes = 0
        return events

    def put(self, event: Event) -> None:
        """Add an event. In a flood, of titles and the like only the newest is kept."""
        if len(self._events) < _MOST_EVENTS:
            self._events.append(event)
        elif isinstance(event, _LATEST):
            self._newest[type(event)] = event

    def _reply(self, data: bytes) -> None:
        # An answer is left out whole: half of one would be typed text.
        if self._reply_bytes + len(data) <= REPLY_BYTES:
            self._reply_bytes += len(data)
            self._events.append(Reply(data))

    def _directory(self, raw: bytes) -> None:
        directory = parse_directory(raw)
        if directory is not None:
            self.put(directory)

    def _clipboard(self, data: bytes) -> None:
        if data and len(data) <= CLIPBOARD_BYTES:
            self.put(Clipboard(copied(data.decode("utf-8", "replace"))))

    def _notification(self, title: bytes, body: bytes) -> None:
        texts = (text.decode("utf-8", "replace") for text in (title, body))
        self.put(Notification(*(shown(text, _BODY_LENGTH) for text in texts)))


def shown(text: str, length: int) -> str:
    """Make a program's text fit to be shown in one line."""
    return safe(text[:length])


def copied(text: str) -> str:
    """Make a program's text fit for the clipboard: line ends and tabs stay, other controls don't.

    It will be pasted, perhaps into a shell.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join("\t".join(safe(part) for part in line.split("\t")) for line in lines)
