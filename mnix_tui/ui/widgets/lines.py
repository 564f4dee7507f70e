"""A list of coloured lines that scrolls; only what is in sight is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

if TYPE_CHECKING:
    from collections.abc import Sequence

Parts = list[tuple[str, str]]
"""A line: texts with their tones."""
TONES = ("good", "busy", "bad", "idle", "accent", "head")


class Lines(ScrollView, can_focus=False):
    """Shows lines as they are given; whoever has the keyboard scrolls them."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"lines--{tone}" for tone in TONES}

    def __init__(self, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._lines: list[Parts] = []
        self._widest = 0

    def show(self, lines: Sequence[Parts], *, keep_place: bool = False) -> None:
        """Show ``lines``, from the first one on unless the place is to be kept."""
        if list(lines) == self._lines:
            return
        self._lines = list(lines)
        widths = (sum(cell_len(text) for text, _ in line) for line in self._lines)
        self._widest = max(widths, default=0)
        self.virtual_size = Size(self._widest, len(self._lines))
        if not keep_place:
            self.scroll_to(0, 0, animate=False, force=True)
        self.refresh()

    def move(self, *, lines: int = 0, pages: int = 0) -> None:
        """Scroll by lines or pages."""
        by = lines + pages * max(self.size.height - 1, 1)
        self.scroll_to(y=self.scroll_offset.y + by, animate=False)

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width = self.size.width
        x, top = self.scroll_offset
        if y + top >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        segments = [
            Segment(
                text,
                self.rich_style
                + (self.get_component_rich_style(f"lines--{tone}", partial=True) if tone else None),
            )
            for text, tone in self._lines[y + top]
        ]
        line = Strip(segments).crop(x, x + width)
        return line.extend_cell_length(width, self.rich_style)
