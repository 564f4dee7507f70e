"""A view of many lines that grows at its end: it wraps, follows, and can be paused by scrolling."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mnix_tui.ui import keys

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.binding import BindingType
    from textual.selection import Selection

KEPT = 50_000
"""Lines that are kept; the job's log on the server has them all."""


@dataclass(frozen=True)
class LogLine:
    """A line of text and its tone (``step``, ``good``, ``busy``, ``bad``, ``quiet`` or "")."""

    text: str
    tone: str = ""


class LogView(ScrollView, can_focus=True):
    """Shows lines; while ``following`` it stays at the end."""

    BINDINGS: ClassVar[list[BindingType]] = list(keys.LOG)
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log--step",
        "log--good",
        "log--busy",
        "log--bad",
        "log--quiet",
    }

    following: reactive[bool] = reactive(True, repaint=False)

    @dataclass
    class FollowChanged(Message):
        """The view follows the end now, or does not any more."""

        following: bool

    def __init__(self, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._lines: list[LogLine] = []
        self._starts: list[int] = []  # the first row of each line
        self._rows = 0
        self._wrapped_at = 0
        self.dropped = 0

    @property
    def lines(self) -> list[LogLine]:
        """The lines that are kept."""
        return self._lines

    def clear(self) -> None:
        """Forget all lines."""
        self._lines, self._starts, self._rows, self.dropped = [], [], 0, 0
        self._resized()
        self.refresh()

    def extend(self, lines: Iterable[LogLine]) -> None:
        """Add lines at the end."""
        width = self._wrapped_at or self.size.width
        first = self._rows
        for line in lines:
            self._lines.append(line)
            self._starts.append(self._rows)
            self._rows += len(_wrap(line.text, width))
        if len(self._lines) > KEPT + 1000:
            self.dropped += len(self._lines) - KEPT
            del self._lines[: len(self._lines) - KEPT]
            self._rewrap()
        elif self._rows > first:
            self._resized()
            self.refresh_lines(first, self._rows - first)

    def on_resize(self) -> None:
        """Wrap again for another width."""
        if self.size.width != self._wrapped_at:
            self._rewrap()
        elif self.following:
            # At once: later it would undo what a key did meanwhile.
            self.scroll_end(animate=False, immediate=True)

    def _rewrap(self) -> None:
        self._wrapped_at = self.size.width
        self._starts, self._rows = [], 0
        for line in self._lines:
            self._starts.append(self._rows)
            self._rows += len(_wrap(line.text, self._wrapped_at))
        self._resized()
        self.refresh()

    def _resized(self) -> None:
        self.virtual_size = Size(self.size.width, self._rows)
        if self.following:
            self.scroll_end(animate=False, immediate=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolling up pauses, reaching the end follows again."""
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value and not self.is_vertical_scroll_end:
            self.following = False
        elif new_value > old_value and self.is_vertical_scroll_end:
            self.following = True

    def watch_following(self, following: bool) -> None:
        """Tell the pane, which shows it."""
        self.post_message(self.FollowChanged(following))

    def action_follow(self) -> None:
        """Stay at the end, or stop there."""
        self.following = not self.following
        if self.following:
            self.scroll_end(animate=False)

    def action_top(self) -> None:
        """Go to the start, and stay there: at once, before more output comes."""
        self.scroll_home(animate=False, immediate=True)

    def action_bottom(self) -> None:
        """Go to the end, and stay there."""
        self.following = True
        self.scroll_end(animate=False)

    def render_line(self, y: int) -> Strip:
        """Draw one row."""
        width = self.size.width
        row = y + self.scroll_offset.y
        if row >= self._rows or not self._starts:
            return Strip.blank(width, self.rich_style)
        index = bisect_right(self._starts, row) - 1
        line = self._lines[index]
        pieces = _wrap(line.text, self._wrapped_at or width)
        text = pieces[min(row - self._starts[index], len(pieces) - 1)]
        style = self.rich_style
        if line.tone:
            style += self.get_component_rich_style(f"log--{line.tone}", partial=True)
        strip = Strip([Segment(text, style)])
        selection = self.text_selection
        if selection is not None and (span := selection.get_span(row)) is not None:
            start, end = span
            mark = self.screen.get_component_rich_style("screen--selection")
            end = len(text) if end == -1 else end
            strip = Strip(
                [
                    Segment(text[:start], style),
                    Segment(text[start:end], style + mark),
                    Segment(text[end:], style),
                ]
            )
        return strip.extend_cell_length(width, self.rich_style).apply_offsets(0, row)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the selected text, for copying."""
        width = self._wrapped_at or self.size.width
        rows = [piece for line in self._lines for piece in _wrap(line.text, width)]
        return selection.extract("\n".join(rows)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw the selection."""
        self.refresh()


def _wrap(text: str, width: int) -> list[str]:
    if width <= 0 or (len(text) <= width and (text.isascii() or cell_len(text) <= width)):
        return [text]
    return chop_cells(text, width)
