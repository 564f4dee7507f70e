"""Where the keys of copy mode lead: words, lines and their ends, as in vi. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from unicodedata import category

from mnix_tui.ui.terminal.selection import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnix_tui.ui.terminal.columns import Cells

_FAR = 5000
"""Rows that a word motion looks through at most."""
_BLANK, _WORD, _OTHER = range(3)


class Text(Protocol):
    """Lines by stable row, ``first`` to ``last``."""

    @property
    def first(self) -> int:
        """The oldest row."""

    @property
    def last(self) -> int:
        """The newest row."""

    def cells(self, row: int) -> Cells:
        """Return where each character of a row is."""

    def wrapped(self, row: int) -> bool:
        """Whether the next row goes on with this one's line."""


def _kind(character: str, big: bool) -> int:
    if character.isspace():
        return _BLANK
    # A mark that has a cell of its own belongs to the letter before it.
    word = character[0].isalnum() or character[0] == "_" or category(character[0])[0] == "M"
    return _WORD if big or word else _OTHER


def _row_cells(text: Text, row: int, big: bool) -> list[tuple[Place, int]]:
    """Return a row's places with their kinds; the end of a line counts as a blank."""
    line = text.cells(row)
    found = [(Place(row, at), _kind(part, big)) for at, _, part in line]
    if not text.wrapped(row):
        end = line[-1][0] + line[-1][1] if line else 0
        found.append((Place(row, end), _BLANK))
    return found


def _ahead(text: Text, place: Place, big: bool) -> Iterator[tuple[Place, int]]:
    for row in range(place.row, min(text.last, place.row + _FAR) + 1):
        for at, kind in _row_cells(text, row, big):
            if at >= place:
                yield at, kind


def _behind(text: Text, place: Place, big: bool) -> Iterator[tuple[Place, int]]:
    for row in range(place.row, max(text.first, place.row - _FAR) - 1, -1):
        for at, kind in reversed(_row_cells(text, row, big)):
            if at < place:
                yield at, kind


def next_word(text: Text, place: Place, *, big: bool = False) -> Place:
    """Return the start of the next word; the place itself where there is none."""
    before: int | None = None
    for at, kind in _ahead(text, place, big):
        if before is not None and kind not in (_BLANK, before):
            return at
        before = kind if before is None or kind is _BLANK else before
    return place


def word_end(text: Text, place: Place, *, big: bool = False) -> Place:
    """Return the end of this word, or of the next one if this is its end already."""
    found: Place | None = None
    kind_found = _BLANK
    for at, kind in _ahead(text, Place(place.row, place.column + 1), big):
        if found is not None and kind != kind_found:
            return found
        if kind is not _BLANK:
            found, kind_found = at, kind
    return found or place


def previous_word(text: Text, place: Place, *, big: bool = False) -> Place:
    """Return the start of this word, or of the one before if this is its start already."""
    found: Place | None = None
    kind_found = _BLANK
    for at, kind in _behind(text, place, big):
        if found is not None and kind != kind_found:
            return found
        if kind is not _BLANK:
            found, kind_found = at, kind
    return found or place


def line_end(text: Text, row: int) -> Place:
    """Return the last character of a row."""
    for at, _, part in reversed(text.cells(row)):
        if not part.isspace():
            return Place(row, at)
    return Place(row, 0)


def line_start(text: Text, row: int) -> Place:
    """Return the first character of a row that is not blank."""
    for at, _, part in text.cells(row):
        if not part.isspace():
            return Place(row, at)
    return Place(row, 0)


def settled(text: Text, place: Place) -> Place:
    """Return the nearest place that has a character: never half of a wide one."""
    row = max(text.first, min(place.row, text.last))
    column = 0
    for at, _, _ in text.cells(row):
        if at > place.column:
            break
        column = at
    return Place(row, column)
