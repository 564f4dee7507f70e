"""What feeding bytes to the emulator can cause, beside a changed screen."""

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


Event = Reply | Title | Bell
