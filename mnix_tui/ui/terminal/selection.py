"""What the mouse has selected on the visible screen. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len

from mnix_tui.terminal import Row, row_text

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Selection:
    """From one cell to another, both included, line by line; in any order."""

    anchor: tuple[int, int]
    head: tuple[int, int]

    @property
    def ordered(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """First and last cell as (line, column)."""
        first, last = sorted(((self.anchor[1], self.anchor[0]), (self.head[1], self.head[0])))
        return first, last

    def columns(self, y: int, width: int) -> tuple[int, int]:
        """Return the selected columns of a line, end excluded; equal if none are."""
        (top, left), (bottom, right) = self.ordered
        if not top <= y <= bottom:
            return 0, 0
        return (left if y == top else 0), (right + 1 if y == bottom else width)

    @property
    def lines(self) -> range:
        """The lines that are touched."""
        (top, _), (bottom, _) = self.ordered
        return range(top, bottom + 1)

    def text(self, row: Callable[[int], Row], width: int, height: int) -> str:
        """Return the selected text, blanks at line ends removed."""
        lines = []
        for y in self.lines:
            if 0 <= y < height:
                start, end = self.columns(y, width)
                lines.append(_cut(row_text(row(y)), start, end).rstrip(" "))
        return "\n".join(lines)


def _cut(text: str, start: int, end: int) -> str:
    if text.isascii():
        return text[start:end]
    column = 0
    kept = []
    for character in text:
        cells = cell_len(character)
        if start <= column < end:
            kept.append(character)
        column += cells
    return "".join(kept)
