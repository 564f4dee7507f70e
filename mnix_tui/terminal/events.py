"""What feeding bytes to the emulator can cause, beside a changed screen.

Every text here was made safe to show and is bounded, but a program chose it: ask before it does
more than to be shown.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reply:
    """The terminal's answer to a program's query, to be written to the program."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Title:
    """The program named its window; an empty text takes the name back."""

    text: str


@dataclass(frozen=True, slots=True)
class Bell:
    """The program rang the bell."""


@dataclass(frozen=True, slots=True)
class Directory:
    """The shell said where it is: an absolute path, on ``host`` ("" if it did not say)."""

    host: str
    path: str


@dataclass(frozen=True, slots=True)
class Clipboard:
    """The program wants ``text`` on the clipboard. (What is on it is never told to a program.)"""

    text: str


@dataclass(frozen=True, slots=True)
class PromptShown:
    """The shell is about to show its prompt."""


@dataclass(frozen=True, slots=True)
class CommandStarted:
    """The command that was entered at the prompt runs now."""


@dataclass(frozen=True, slots=True)
class CommandEnded:
    """The command ended; ``status`` is its exit status if the shell told."""

    status: int | None


@dataclass(frozen=True, slots=True)
class Notification:
    """The program wants something shown to the user; ``title`` may be empty."""

    title: str
    body: str


Event = (
    Reply
    | Title
    | Bell
    | Directory
    | Clipboard
    | PromptShown
    | CommandStarted
    | CommandEnded
    | Notification
)
