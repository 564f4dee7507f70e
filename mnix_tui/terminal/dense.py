"""A row of very many styles, taken apart only when somebody wants its runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from mnix_tui.terminal.grid import Run
from mnix_tui.terminal.native.style import (
    NO_FLAGS,
    STYLE_BYTES,
    parse_background,
    parse_style,
    quick_styles,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mnix_tui.terminal.grid import Style

__all__ = ["NO_FLAGS", "Dense", "parse_background", "quick_styles"]


class Dense(Sequence[Run]):
    """A row with a style of its own for nearly each cell, all of them one column wide.

    A screen of unique colours would need ten thousand runs for each frame. Whoever draws it can
    do with the cells' packed styles; for all others it is a row like any.
    """

    __slots__ = ("_runs", "packed", "text")

    def __init__(self, text: str, packed: bytes) -> None:
        self.text = text
        """One character a cell."""
        self.packed = packed
        """The cells' styles, ``STYLE_BYTES`` each."""
        self._runs: tuple[Run, ...] | None = None

    def style(self, x: int) -> Style:
        """Return one cell's style."""
        return parse_style(self.packed[x * STYLE_BYTES : (x + 1) * STYLE_BYTES])

    @property
    def runs(self) -> tuple[Run, ...]:
        """The row as others are."""
        if self._runs is None:
            self._runs = tuple(self._taken_apart())
        return self._runs

    def _taken_apart(self) -> Iterable[Run]:
        start, last = 0, b""
        for x in range(len(self.text) + 1):
            packed = self.packed[x * STYLE_BYTES : (x + 1) * STYLE_BYTES]
            if x and packed != last:
                yield Run(self.text[start:x], parse_style(last), x - start)
                start = x
            last = packed

    @overload
    def __getitem__(self, index: int) -> Run: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Run, ...]: ...
    def __getitem__(self, index: int | slice) -> Run | tuple[Run, ...]:
        return self.runs[index]

    def __len__(self) -> int:
        return len(self.runs)

    def __bool__(self) -> bool:
        return True  # without taking it apart

    def __eq__(self, other: object) -> bool:
        return self.runs == (other.runs if isinstance(other, Dense) else other)

    __hash__ = None  # type: ignore[assignment]
