"""Text and the columns that it takes on a terminal, as the emulator counts them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnix_tui.terminal import Columns

Cells = tuple[tuple[int, int, str], ...]
"""Column, width and text of each character, marks that share its cell included."""


def plain(text: str) -> Cells:
    """Return the cells of a row that has nothing but ASCII."""
    return tuple((column, 1, character) for column, character in enumerate(text))


def cells(text: str, columns: Columns) -> Cells:
    """Return the cells of any row."""
    found: list[tuple[int, int, str]] = []
    for index, character in enumerate(text):
        column = columns.of(index)
        if found and found[-1][0] == column:
            found[-1] = (*found[-1][:2], found[-1][2] + character)
        else:
            found.append((column, columns.end(index) - column, character))
    return tuple(found)


def cut(row: Cells, start: int, end: int) -> str:
    """Return what begins in the columns from ``start`` up to ``end``."""
    return "".join(part for column, _, part in row if start <= column < end)
