"""What is selected, by rows that keep their number while the view scrolls. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple


class Place(NamedTuple):
    """A cell: its stable row (absolute row + rows dropped so far) and its column."""

    row: int
    column: int


Stretch = tuple[Place, Place]
"""First and last cell, both included."""


class Unit(Enum):
    """What a selection grows by."""

    CHARACTER = auto()
    WORD = auto()
    LINE = auto()
    BLOCK = auto()


@dataclass(frozen=True)
class Selection:
    """Cells from ``first`` to ``last``, both included: line by line, or as a block."""

    first: Place
    last: Place
    block: bool = False

    @classmethod
    def over(cls, anchor: Stretch, head: Stretch, *, block: bool = False) -> Selection:
        """Select from one stretch to another, whichever comes first."""
        if not block:
            return cls(min(anchor[0], head[0]), max(anchor[1], head[1]))
        places = (*anchor, *head)
        rows = [place.row for place in places]
        columns = [place.column for place in places]
        return cls(Place(min(rows), min(columns)), Place(max(rows), max(columns)), True)

    def columns(self, row: int, width: int) -> tuple[int, int]:
        """Return the selected columns of a row, end excluded; equal if none are."""
        if not self.first.row <= row <= self.last.row:
            return 0, 0
        if self.block:
            return self.first.column, self.last.column + 1
        start = self.first.column if row == self.first.row else 0
        return start, (self.last.column + 1 if row == self.last.row else width)

    @property
    def rows(self) -> range:
        """The rows that are touched."""
        return range(self.first.row, self.last.row + 1)
