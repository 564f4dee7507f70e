"""The lines that a log view keeps: a bounded number of them, and of bytes. No widgets."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from rich.cells import get_character_cell_size

from mnix_tui.ui import ansi

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

KEPT = 50_000
"""Lines that are kept; the job's log on the server has them all."""
KEPT_SIZE = 16 * 1024 * 1024
"""Characters that are kept."""
LONGEST = 8192
"""Characters of a line that are shown."""
_SPARE = 2000
_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of text and its tone (``step``, ``good``, ``busy``, ``bad``, ``quiet`` or "")."""

    text: str
    tone: str = ""
    origin: str = ""
    """What printed it, shown before it."""


class _Text(Protocol):
    @property
    def text(self) -> str: ...


T = TypeVar("T", bound=_Text)
_text = attrgetter("text")


class Lines(Generic[T]):
    """Lines with numbers that last: the first one ever added has 0, also when it is gone.

    ``present`` turns what was added into what is shown, when it is shown: of a million lines that
    pass by, hardly any are.
    """

    def __init__(self, present: Callable[[T], LogLine]) -> None:
        self._present = present
        self._items: list[T] = []
        self._size = 0
        self._coloured: dict[int, ansi.Coloured] = {}
        self.first = 0
        """The number of the first line that is kept."""
        self.widest = 0
        """About how many cells the widest line takes, without its origin."""
        self.margin = 0
        """Characters of the longest origin that was shown."""

    @property
    def end(self) -> int:
        """The number that the next line will have."""
        return self.first + len(self._items)

    def clear(self) -> None:
        """Forget all lines; numbers go on."""
        self.first = self.end
        self._items.clear()
        self._coloured.clear()
        self._size = self.widest = 0

    def extend(self, items: Sequence[T]) -> None:
        """Add lines at the end; the oldest go where there are too many."""
        self._items += items
        lengths = list(map(len, map(_text, items)))
        self._size += sum(lengths)
        self.widest = max(self.widest, min(max(lengths, default=0), LONGEST))
        if len(self._items) > KEPT + _SPARE or self._size > KEPT_SIZE:
            self._drop()

    def _drop(self) -> None:
        count = max(len(self._items) - KEPT, 0)
        gone = sum(map(len, map(_text, self._items[:count])))
        while self._size - gone > KEPT_SIZE and count < len(self._items) - 1:
            gone += len(self._items[count].text)
            count += 1
        del self._items[:count]
        self._size -= gone
        self.first += count

    def line(self, number: int) -> LogLine:
        """Return a line that is kept."""
        line = self._present(self._items[number - self.first])
        self.margin = max(self.margin, len(line.origin))
        return line

    def all(self) -> list[LogLine]:
        """Return all lines that are kept."""
        return [self._present(item) for item in self._items]

    def coloured(self, number: int) -> ansi.Coloured:
        """Return a line's text with what its colours are; its origin is not among it."""
        found = self._coloured.get(number)
        if found is None:
            if len(self._coloured) >= _REMEMBERED:
                self._coloured.clear()
            found = ansi.parse(self.line(number).text, LONGEST)
            self._coloured[number] = found
        return found

    def plain(self, number: int) -> str:
        """Return a line as it is read, what printed it before it."""
        line = self.line(number)
        text = line.text
        if len(text) <= LONGEST and text.isprintable():
            return line.origin + text
        return line.origin + ansi.parse(text, LONGEST).plain


def rows(text: str, width: int) -> list[tuple[int, int]]:
    """Return where each row of a wrapped line begins and ends, in characters; at least one."""
    if width <= 0 or (len(text) <= width and text.isascii()):
        return [(0, len(text))]
    if text.isascii():
        return [(at, min(at + width, len(text))) for at in range(0, len(text), width)]
    found, start, cells = [], 0, 0
    for at, character in enumerate(text):
        size = get_character_cell_size(character)
        if cells + size > width and at > start:
            found.append((start, at))
            start, cells = at, 0
        cells += size
    return [*found, (start, len(text))]
