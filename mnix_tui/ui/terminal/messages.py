"""What a TerminalView tells the screen; each is also an attribute of the view's class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from mnix_tui.ui.terminal.view import TerminalView


@dataclass
class ViewMessage(Message, namespace="terminal_view"):
    """Something happened in this view."""

    view: TerminalView


@dataclass
class TitleChanged(ViewMessage, namespace="terminal_view"):
    """The program named its window; an empty title takes the name back."""

    title: str


@dataclass
class DirectoryChanged(ViewMessage, namespace="terminal_view"):
    """The program works in another folder; ``path`` is absolute, ``host`` may be empty."""

    host: str
    path: str


@dataclass
class Bell(ViewMessage, namespace="terminal_view"):
    """The program rang the bell."""


@dataclass
class ClipboardWanted(ViewMessage, namespace="terminal_view"):
    """The program wants this text in the clipboard: ask before it gets there."""

    text: str


@dataclass
class CommandStarted(ViewMessage, namespace="terminal_view"):
    """A command was entered at the prompt."""


@dataclass
class CommandEnded(ViewMessage, namespace="terminal_view"):
    """A command ended; ``status`` is None if the shell did not say.

    ``seconds`` counts from its start, or from when this view first saw it run.
    """

    status: int | None
    seconds: float


@dataclass
class Notified(ViewMessage, namespace="terminal_view"):
    """The program wants to tell something to whoever is not looking."""

    title: str
    body: str


@dataclass
class Activity(ViewMessage, namespace="terminal_view"):
    """There was output while the view is out of sight; told once until it is shown again."""


@dataclass
class LeaderKey(ViewMessage, namespace="terminal_view"):
    """A key was pressed after the leader; ``key`` is Textual's name for it."""

    key: str
    character: str | None


@dataclass
class LeaderChanged(ViewMessage, namespace="terminal_view"):
    """The leader was pressed and a key is awaited (``active``), or no longer is."""

    active: bool


@dataclass
class Resized(ViewMessage, namespace="terminal_view"):
    """The terminal has another size, in cells: the program's PTY must follow."""

    cols: int
    rows: int


@dataclass
class CopyMode(ViewMessage, namespace="terminal_view"):
    """The keys move through the history (``active``), or go to the program again."""

    active: bool
