"""The frame of a screen that lists something over the main screen."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content


class Framed(Vertical):
    """A box with a title; the screen closes with escape or ``q``."""

    CLOSE: ClassVar[list[Binding]] = [
        Binding(
            "escape,q", "dismiss(None)", "close", id="framed.close", tooltip="Close", show=False
        )
    ]

    def __init__(self, title: str, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes="framed")
        self.border_title = Content(title)

    @staticmethod
    def hints(keys: list[tuple[str, str, str]]) -> Content:
        """Return what keys do, as it stands in the last line: key, text, and what a click does."""
        said = Content("")
        for key, text, action in keys:
            said += Content.from_markup(
                f"[b $accent]$key[/] [$foreground-muted][@click=screen.{action}]$text[/][/]   ",
                key=key,
                text=text,
            )
        return said
