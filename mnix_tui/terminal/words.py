"""Lines that were wrapped softly, put together again: text, and which cell each character is in.

Pure. A position is an absolute row and a column.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

SEPARATORS = frozenset(" \t'\"`│|:;,()[]{}<>$\0")
"""What ends a word for a double click: so that paths, host names and options are words."""

Position = tuple[int, int]


class Line(NamedTuple):
    """One row as plain text; ``wrapped``: it goes on in the next row."""

    text: str
    wrapped: bool


class Columns:
    """Where the characters of one row's text are: a wide one takes two columns, a mark none."""

    def __init__(self, starts: list[int], ends: list[int], width: int) -> None:
        self._starts, self._ends, self._width = starts, ends, width

    @property
    def count(self) -> int:
        """How many characters the row has, blanks at its end included."""
        return len(self._starts)

    def of(self, index: int) -> int:
        """Return the column of a character; the column after the last for one behind the text."""
        return self._starts[index] if index < len(self._starts) else self._width

    def end(self, index: int) -> int:
        """Return the column behind a character's cell."""
        return self._ends[index] if index < len(self._ends) else self._width

    def index(self, column: int) -> int:
        """Return the character that covers a column (the first one of those in its cell)."""
        at = bisect_right(self._starts, column) - 1
        while at > 0 and self._starts[at - 1] == self._starts[at]:
            at -= 1
        return max(0, at)


def word_around(text: str, index: int) -> tuple[int, int] | None:
    """Return the first character of the word around one, and the one after its last."""
    if not 0 <= index < len(text) or text[index] in SEPARATORS:
        return None
    start = end = index
    while start > 0 and text[start - 1] not in SEPARATORS:
        start -= 1
    while end < len(text) and text[end] not in SEPARATORS:
        end += 1
    return start, end
