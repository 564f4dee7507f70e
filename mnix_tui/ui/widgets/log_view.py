"""A view of many lines that grows at its end: it wraps, follows, and can be paused by scrolling.

Only what is in sight is wrapped, so a batch of lines costs what is new, and another width nothing.
Therefore the place is a line and a row of it, and the scrollbar counts lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView

from mnix_tui.ui import keys
from mnix_tui.ui.widgets import log_paint
from mnix_tui.ui.widgets.log_lines import Lines, LogLine, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.style import Style
    from textual import events
    from textual.binding import BindingType
    from textual.geometry import Region
    from textual.scrollbar import ScrollDown, ScrollTo, ScrollUp
    from textual.selection import Selection
    from textual.strip import Strip

    from mnix_tui.ui.widgets.log_search import LogSearch, Match

__all__ = ["LogLine", "LogView"]

_STEP = 8
"""Columns that the unwrapped text moves sideways at a time."""


class LogView(ScrollView, can_focus=True):
    """Shows lines; while ``following`` it stays at the end."""

    BINDINGS: ClassVar[list[BindingType]] = list(keys.LOG)
    COMPONENT_CLASSES: ClassVar[set[str]] = log_paint.CLASSES
    claims_keys = True

    following: reactive[bool] = reactive(True, repaint=False)
    wrapped: reactive[bool] = reactive(True)

    @dataclass
    class FollowChanged(Message):
        """The view follows the end now, or does not any more."""

        following: bool

    @dataclass
    class WrapChanged(Message):
        """Long lines are wrapped now, or are not any more."""

        wrapped: bool

    def __init__(
        self,
        id: str | None = None,  # noqa: A002
        *,
        present: Callable[[Any], LogLine] = lambda line: line,
    ) -> None:
        super().__init__(id=id)
        self.kept: Lines[Any] = Lines(present)
        self.search: LogSearch | None = None
        """What is marked; the panel searches on."""
        self.match: Match | None = None
        """The match that was gone to."""
        self.base: Style | None = None
        """How the view looks where nothing else is said."""
        self._top, self._sub = 0, 0
        self._rows: dict[int, list[tuple[int, int]]] = {}
        self._seen: list[tuple[int, int]] | None = None

    @property
    def lines(self) -> list[LogLine]:
        """The lines that are kept."""
        return self.kept.all()

    @property
    def dropped(self) -> int:
        """How many lines there are no more."""
        return self.kept.first

    @property
    def top(self) -> int:
        """The number of the first line in sight."""
        return self._top

    def clear(self) -> None:
        """Forget all lines."""
        self.kept.clear()
        self._rows.clear()
        self._place(self.kept.first, 0)

    def extend(self, lines: Sequence[Any]) -> None:
        """Add lines at the end."""
        if lines:
            self.kept.extend(lines)
            self._stay()

    # -- the place

    def _width(self) -> int:
        return self.scrollable_content_region.width

    def _height(self) -> int:
        return max(self.scrollable_content_region.height, 1)

    def _rows_of(self, number: int) -> list[tuple[int, int]]:
        """Return the rows of a line; the first one has room for the line's origin too."""
        found = self._rows.get(number)
        if found is None:
            if len(self._rows) > 2000:
                self._rows.clear()
            width = self._width() if self.wrapped else 0
            found = self._rows[number] = rows(self.kept.plain(number), width)
        return found

    def _last(self) -> tuple[int, int]:
        """Return the line and row at the top when the end is in sight."""
        left = self._height()
        for number in range(self.kept.end - 1, self.kept.first - 1, -1):
            left -= len(self._rows_of(number))
            if left <= 0:
                return number, -left
        return self.kept.first, 0

    def _stay(self) -> None:
        """Keep to the end, or to what is in sight."""
        if self.following:
            self._place(*self._last())
        else:
            self._place(self._top, self._sub)

    def _place(self, top: int, sub: int) -> None:
        """Show that row of that line at the top, as far as there is enough below it."""
        last = self._last()
        self._top, self._sub = min(max((top, sub), (self.kept.first, 0)), last)
        if self._sub:
            self._sub = min(self._sub, len(self._rows_of(self._top)) - 1)
        self._seen = None
        highest = last[0] - self.kept.first + (last[1] > 0)
        at_end = (self._top, self._sub) == last
        width = self._width() if self.wrapped else self.kept.widest + self.kept.margin + 1
        self._extend_to(Size(max(width, 1), highest + self._height()))
        self.scroll_target_y = self.scroll_y = highest if at_end else self._top - self.kept.first
        self.refresh()

    def _extend_to(self, size: Size) -> None:
        """Tell the scrollbars; the screen need not be laid out anew for each batch of lines."""
        if size != self.virtual_size:
            self.set_reactive(LogView.virtual_size, size)
            self._scroll_update(size)

    def show_top(self, number: int) -> None:
        """Put a line at the top, unless the end is followed."""
        if self.following:
            self._stay()
        else:
            self._place(number, 0)

    def _on_scroll_to(self, message: ScrollTo) -> None:
        message.stop()
        if message.x is not None:
            self.scroll_to(x=message.x, animate=False)
        if message.y is not None:
            at_end = message.y >= self.max_scroll_y
            self.following = at_end
            self._place(*(self._last() if at_end else (self.kept.first + round(message.y), 0)))

    def _on_scroll_up(self, event: ScrollUp) -> None:
        event.stop()
        self.action_page_up()

    def _on_scroll_down(self, event: ScrollDown) -> None:
        event.stop()
        self.action_page_down()

    def move(self, by: int) -> bool:
        """Move by rows; say whether that was possible. Reaching the end follows again."""
        if not self.kept.end - self.kept.first:
            return False
        before, top, sub = (self._top, self._sub), self._top, self._sub + by
        while sub < 0 and top > self.kept.first:
            top -= 1
            sub += len(self._rows_of(top))
        while top < self.kept.end - 1 and sub >= len(self._rows_of(top)):
            sub -= len(self._rows_of(top))
            top += 1
        self._place(top, max(sub, 0))
        self.following = by > 0 and (self._top, self._sub) == self._last()
        return before != (self._top, self._sub)

    def show_line(self, number: int, start: int = 0) -> None:
        """Bring a character of a line into sight, with some lines around it."""
        if not self.kept.first <= number < self.kept.end:
            return
        spans = self._rows_of(number)
        row = next((at for at, (_, end) in enumerate(spans) if start < end), len(spans) - 1)
        if (number, row) not in self._map() or (number, row) == self._map()[-1]:
            self.following = False
            self._place(number, row)
            self.move(-(self._height() // 3))
            self.following = False
        if not self.wrapped:
            width, x = self._width(), self.scroll_offset.x
            if not x <= start < x + width - 2:
                self.scroll_to(x=max(start - width // 2, 0), animate=False, force=True)
        self.refresh()

    def on_resize(self) -> None:
        """Keep the place at another size."""
        self._rows.clear()
        self._stay()

    def watch_following(self, following: bool) -> None:
        """Tell the pane, which shows it."""
        self.post_message(self.FollowChanged(following))

    def watch_wrapped(self, wrapped: bool) -> None:
        """Wrap what is in sight, or do not."""
        self._rows.clear()
        if self.is_mounted:
            self.scroll_to(x=0, animate=False)
            self._stay()
            self.post_message(self.WrapChanged(wrapped))

    # -- what keys and the mouse do

    def action_follow(self) -> None:
        """Stay at the end, or stop there."""
        self.following = not self.following
        self._stay()

    def action_wrap(self) -> None:
        """Wrap long lines, or cut them at the edge."""
        self.wrapped = not self.wrapped

    def action_top(self) -> None:
        """Go to the start, and stay there."""
        self.following = False
        self._place(self.kept.first, 0)

    def action_bottom(self) -> None:
        """Go to the end, and stay there."""
        self.following = True
        self._stay()

    def action_scroll_down(self) -> None:
        """Go down by a row."""
        self.move(1)

    def action_scroll_up(self) -> None:
        """Go up by a row."""
        self.move(-1)

    def action_page_down(self) -> None:
        """Go down by a screen."""
        self.move(max(self._height() - 1, 1))

    def action_page_up(self) -> None:
        """Go up by a screen."""
        self.move(-max(self._height() - 1, 1))

    def action_scroll_left(self) -> None:
        """Show what is further left of unwrapped lines."""
        self._sideways(-_STEP)

    def action_scroll_right(self) -> None:
        """Show what is further right of unwrapped lines."""
        self._sideways(_STEP)

    def _sideways(self, by: int) -> None:
        if not self.wrapped:
            x = min(max(self.scroll_offset.x + by, 0), self.max_scroll_x)
            self.scroll_to(x=x, animate=False, force=True)

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        if event.ctrl or event.shift:
            event.stop()
            self._sideways(_STEP)
        elif self.move(round(self.app.scroll_sensitivity_y)):
            event.stop()

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        if event.ctrl or event.shift:
            event.stop()
            self._sideways(-_STEP)
        elif self.move(-round(self.app.scroll_sensitivity_y)):
            event.stop()

    # -- drawing

    def _map(self) -> list[tuple[int, int]]:
        """Return the line and row of each row in sight."""
        if self._seen is None:
            found: list[tuple[int, int]] = []
            number, row, height = self._top, self._sub, self._height()
            while number < self.kept.end and len(found) < height:
                count = len(self._rows_of(number))
                found += [(number, at) for at in range(row, count)]
                number, row = number + 1, 0
            self._seen = found[:height]
        return self._seen

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw rows; the style of all of them is found once, as that takes longer than a row."""
        self.base = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Draw one row."""
        seen = self._map()
        if y >= len(seen):
            return log_paint.blank(self)
        number, row = seen[y]
        start, end = self._rows_of(number)[row]
        return log_paint.paint(self, number, start, end)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the selected text, for copying: whole lines, however they are wrapped."""
        first, last = self.kept.first, self.kept.end - 1
        start, end = selection.start, selection.end
        low = max(start.y, first) if start is not None else first
        high = min(end.y, last) if end is not None else last
        texts = [self.kept.plain(number) for number in range(low, high + 1)]
        if texts and end is not None and end.y == high:
            texts[-1] = texts[-1][: end.x]
        if texts and start is not None and start.y == low:
            texts[0] = texts[0][start.x :]
        return "\n".join(texts), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw the selection."""
        self.refresh()
