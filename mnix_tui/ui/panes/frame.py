"""The room of a terminal. It has all of it, or the size of another client's screen inside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import events
from textual.containers import Container
from textual.message import Message

if TYPE_CHECKING:
    from textual.timer import Timer

    from mnix_tui.ui.terminal.view import TerminalView
    from mnix_tui.ui.widgets.banner import Banner

_SURE = 0.1
_FOLLOW = 0.2
"""Seconds between two looks whether a screen larger than the room is to be moved to its cursor."""


class Frame(Container):
    """Tells how large the terminal would be here, whatever size it has now."""

    @dataclass
    class Resized(Message):
        """There is room for a terminal of this size."""

        cols: int
        rows: int

    def __init__(self, view: TerminalView, banner: Banner) -> None:
        super().__init__(view, banner, classes="shell-frame")
        self._view = view
        self._fixed: tuple[int, int] | None = None
        self._told = (0, 0)
        self._edge = 0
        self._waiting: Timer | None = None
        self._following: Timer | None = None

    def on_mount(self) -> None:
        """Wait for the terminal's size."""
        self._waiting = self.set_interval(_SURE, self._make_sure)

    def _make_sure(self) -> None:
        """Tell the terminal its size, if nobody did.

        A widget whose place is asked for before it was laid out counts as known to the screen's
        layout, which then tells it nothing.
        """
        size = self._view.size
        if self._told == (0, 0) and size.width and size.height:
            self._view.post_message(events.Resize(size, size))

    def fix(self, size: tuple[int, int] | None) -> None:
        """Show the terminal at this size, in columns and rows; ``None``: as large as it fits."""
        if size == self._fixed:
            return
        self._fixed = size
        styles = self._view.styles
        if size is None:
            styles.width, styles.height = "1fr", "1fr"
            if self._following is not None:
                self._following.stop()
                self._following = None
            self.scroll_to(0, 0, animate=False, force=True)
        else:
            styles.width, styles.height = size[0] + self._edge, size[1]
            if self._following is None:
                self._following = self.set_interval(_FOLLOW, self._follow)
        self.set_class(size is not None, "-fixed")

    @property
    def room(self) -> tuple[int, int]:
        """The columns and rows that a terminal would have here."""
        return self._told

    def _follow(self) -> None:
        """Keep the cursor in sight."""
        cursor = self._view._cursor
        width, height = self.size
        self.scroll_to(
            max(cursor.x + self._edge + 1 - width, 0),
            max(cursor.y + 1 - height, 0),
            animate=False,
            force=True,
        )

    def on_terminal_view_resized(self, event: TerminalView.Resized) -> None:
        """Tell how large the terminal is, as long as that is because of the room."""
        event.stop()
        self._edge = self._view.size.width - event.cols
        if self._fixed is None:
            self._tell(event.cols, event.rows)

    def on_resize(self, event: events.Resize) -> None:
        """Tell how large it would be."""
        if self._fixed is not None and event.size.width and event.size.height:
            self._tell(max(event.size.width - self._edge, 1), event.size.height)

    def _tell(self, cols: int, rows: int) -> None:
        if self._waiting is not None:
            self._waiting.stop()
        if (cols, rows) != self._told:
            self._told = (cols, rows)
            self.post_message(self.Resized(cols, rows))
