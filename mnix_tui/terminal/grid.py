"""What a terminal shows: styles, runs of text, rows, the cursor, frames. Plain values, no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import NamedTuple

Colour = int | tuple[int, int, int] | None
"""A palette index (0 to 255), red-green-blue, or None for the terminal's default."""


class Underline(IntEnum):
    """The kinds of underline."""

    NONE = 0
    SINGLE = 1
    DOUBLE = 2
    CURLY = 3
    DOTTED = 4
    DASHED = 5


class Style(NamedTuple):
    """How a run of cells looks, as the program asked for it (colours are not resolved).

    A tuple, because a screen of unique colours needs ten thousand of them for each frame.
    """

    foreground: Colour = None
    background: Colour = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: Underline = Underline.NONE
    blink: bool = False
    reverse: bool = False
    hidden: bool = False
    strike: bool = False
    overline: bool = False
    underline_colour: Colour = None
    link: str = ""
    """The address that an OSC 8 link leads to."""


PLAIN = Style()


class Run(NamedTuple):
    """Neighbouring cells of one style; ``width`` is in cells and may differ from ``len(text)``."""

    text: str
    style: Style
    width: int


Row = Sequence[Run]
"""One line of the screen, immutable; its runs' widths add up to the screen's columns."""


class CursorShape(Enum):
    """The cursor's shape, as the program chose it."""

    BAR = 0
    BLOCK = 1
    UNDERLINE = 2
    HOLLOW = 3


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the cursor is; ``visible`` is false too when it is scrolled out of view."""

    x: int = 0
    y: int = 0
    visible: bool = True
    shape: CursorShape = CursorShape.BLOCK
    blink: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """What changed since the frame before: only the changed rows, by line number."""

    rows: dict[int, Row] = field(default_factory=dict)
    cursor: Cursor = Cursor()


@dataclass(frozen=True, slots=True)
class Modes:
    """The modes that decide how keys, mouse, paste and drawing are handled."""

    alternate_screen: bool = False
    bracketed_paste: bool = False
    mouse: bool = False
    focus_events: bool = False
    synchronized_output: bool = False
    application_cursor: bool = False
    alternate_scroll: bool = True
    kitty_keyboard: bool = False


class Scroll(NamedTuple):
    """The view's place in the history, in lines: ``offset`` is its top; ``total`` includes it."""

    total: int
    offset: int
    length: int

    @property
    def at_bottom(self) -> bool:
        """Whether the view follows the newest output."""
        return self.offset + self.length >= self.total


def row_text(row: Row) -> str:
    """Return a row's text without the blanks at its end."""
    return "".join(run.text for run in row).rstrip(" ")
