"""Text and the columns that it takes on a terminal. Pure."""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len

Cells = tuple[tuple[int, int, str], ...]
"""Column, width and text of each character, marks that combine with it included."""


@lru_cache(maxsize=1024)
def cells(text: str) -> Cells:
    """Return where each character of a line is."""
    if text.isascii():
        return tuple((column, 1, character) for column, character in enumerate(text))
    found: list[tuple[int, int, str]] = []
    column = 0
    for character in text:
        width = cell_len(character)
        if width == 0 and found:
            at, wide, before = found[-1]
            found[-1] = (at, wide, before + character)
        elif width:
            found.append((column, width, character))
            column += width
    return tuple(found)


def width(text: str) -> int:
    """Return how many columns a line takes."""
    return len(text) if text.isascii() else sum(wide for _, wide, _ in cells(text))


def cut(text: str, start: int, end: int) -> str:
    """Return what begins in the columns from ``start`` up to ``end``."""
    if text.isascii():
        return text[start:end]
    return "".join(part for column, _, part in cells(text) if start <= column < end)


def column_of(text: str, index: int) -> int:
    """Return the column of the character at an index of the text."""
    return index if text.isascii() else width(text[:index])


def index_of(text: str, column: int) -> int:
    """Return the index in the text of the character that covers a column."""
    if text.isascii():
        return min(column, len(text))
    index = 0
    for at, wide, part in cells(text):
        if column < at + wide:
            return index
        index += len(part)
    return index
