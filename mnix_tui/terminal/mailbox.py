"""What happened while output was interpreted: in order, made safe, and bounded.

A program that floods us with requests gets less than it asked for: of each kind only the newest few
are kept, and of those that would replace each other, the last.
"""

from __future__ import annotations

from collections import deque
from itertools import count
from typing import TYPE_CHECKING

from mnix_tui.terminal.cells import safe
from mnix_tui.terminal.directory import parse_directory
from mnix_tui.terminal.events import (
    Bell,
    Clipboard,
    CommandEnded,
    CommandStarted,
    Directory,
    Event,
    Notification,
    PromptShown,
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
_MOST: dict[type[Event], int] = {
    Bell: 1,
    Title: 1,
    Directory: 1,
    Clipboard: 1,
    Notification: 4,
    PromptShown: 64,
    CommandStarted: 64,
    CommandEnded: 64,
}
"""How many of each kind are kept until they are taken."""


class Mailbox:
    """Collects a terminal's events until they are taken."""

    def __init__(self) -> None:
        self._events: dict[int, Event] = {}
        self._numbers = count()
        self._kept: dict[type[Event], deque[int]] = {kind: deque() for kind in _MOST}
        self._reply_bytes = 0

    def listen(self, terminal: Terminal, requests: Requests) -> None:
        """Have the terminal's events put here."""
        terminal.on_reply(self._reply)
        terminal.on_bell(self._bell)
        terminal.on_title(lambda text: self.put(Title(shown(text, TITLE_LENGTH))))
        requests.on_directory(self._directory)
        requests.on_clipboard(self._clipboard)
        requests.on_notification(self._notification)

    def take(self) -> list[Event]:
        """Return what happened since the last time."""
        if not self._events:
            return []
        events = list(self._events.values())
        self._events = {}
        for kept in self._kept.values():
            kept.clear()
        self._reply_bytes = 0
        return events

    def put(self, event: Event) -> None:
        """Add an event; in a flood the oldest of its kind goes."""
        number = next(self._numbers)
        if not isinstance(event, Reply):
            kept = self._kept[type(event)]
            if len(kept) >= _MOST[type(event)]:
                del self._events[kept.popleft()]
            kept.append(number)
        self._events[number] = event

    def _bell(self) -> None:
        if not self._kept[Bell]:
            self.put(Bell())

    def _reply(self, data: bytes) -> None:
        # An answer is left out whole: half of one would be typed text.
        if self._reply_bytes + len(data) <= REPLY_BYTES:
            self._reply_bytes += len(data)
            self.put(Reply(data))

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
