"""What is drawn over and beside the visible rows, worked out once a frame. Plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rich.segment import Segment
    from rich.style import Style as RichStyle
    from textual.strip import Strip

Highlight = tuple[int, int, "RichStyle"]
"""First column, the column after the last, and the style."""


class Window(NamedTuple):
    """Which rows are visible, by stable row."""

    top: int
    height: int
    width: int
    oldest: int
    newest: int

    @property
    def at_bottom(self) -> bool:
        """Whether the newest row is visible."""
        return self.top + self.height > self.newest

    def visible(self, row: int) -> bool:
        """Whether a row is in sight."""
        return self.top <= row < self.top + self.height


@dataclass
class Decor:
    """Everything by visible line, from 0."""

    highlights: dict[int, list[Highlight]] = field(default_factory=dict)
    margins: dict[int, Segment] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)
    bars: dict[int, Strip] = field(default_factory=dict)
    """Strips that lie over the right end of a line, or over all of it."""
    way_down: int | None = None
    """The line whose bar is the hint that leads to the newest output."""

    def light(self, y: int, start: int, end: int, style: RichStyle) -> None:
        """Put a style over some cells, and over what was put there before."""
        if start < end:
            self.highlights.setdefault(y, []).append((start, end, style))

    def differing(self, other: Decor) -> set[int]:
        """Return the lines that look different."""
        return {
            y
            for mine, theirs in (
                (self.highlights, other.highlights),
                (self.margins, other.margins),
                (self.notes, other.notes),
                (self.bars, other.bars),
            )
            for y in mine.keys() | theirs.keys()
            if mine.get(y) != theirs.get(y)
        }
