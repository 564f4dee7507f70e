"""Lists in dialogs: one in which a click only chooses, and one of what a field may be filled with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import OptionList

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.widgets.option_list import Option

NARROW = 40
"""Columns that a line is laid out for at least."""


class Choosing(OptionList):
    """A click chooses what to look at; to do something with it takes more than that."""

    async def _on_click(self, event: events.Click) -> None:
        clicked = event.style.meta.get("option")
        event.prevent_default()
        if clicked is not None and not self.get_option_at_index(clicked).disabled:
            self.highlighted = clicked

    def action_cursor_down(self) -> None:
        """Go down, but never from the last line to the first."""
        if any(not one.disabled for one in self.options[(self.highlighted or 0) + 1 :]):
            super().action_cursor_down()

    def action_cursor_up(self) -> None:
        """Go up, but never from the first line to the last."""
        if any(not one.disabled for one in self.options[: self.highlighted or 0]):
            super().action_cursor_up()

    @property
    def room(self) -> int:
        """The columns that a line has."""
        width = self.scrollable_content_region.width or self.screen.size.width - 8
        return max(width, NARROW)

    @property
    def chosen(self) -> str:
        """The id of the highlighted line; "" for none."""
        option = self.highlighted_option
        return option.id or "" if option is not None else ""

    def lay(self, options: Sequence[Option]) -> None:
        """Show ``options``; what is highlighted and how far it is scrolled stays."""
        at, y = self.highlighted, self.scroll_offset.y
        with self.prevent(OptionList.OptionHighlighted):  # the same one stays so
            self.set_options(options)
            if at is not None and options:
                self.highlighted = min(at, len(options) - 1)
        self.scroll_to(y=y, animate=False, force=True)


class Offered(OptionList):
    """What the field above may be filled with; begins at the first once it has the keyboard."""

    def on_focus(self) -> None:
        """Highlight the first line, unless another one is."""
        if self.highlighted is None:
            self.highlighted = 0
