"""Rows to Textual strips: colours resolved, styles and strips cached."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.color import Color
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.strip import Strip

from mnix_tui.terminal import Row, Style

if TYPE_CHECKING:
    from rich.color_triplet import ColorTriplet
    from rich.palette import Palette
    from rich.terminal_theme import TerminalTheme

    from mnix_tui.terminal.grid import Colour

_STRIPS = 256
_STYLES = 8192
_JOINERS = str.maketrans("", "", "\u200d\ufe0e\ufe0f")
_DIMMED = 0.45


@dataclass(frozen=True)
class Look:
    """The colours to draw with. ``theme`` is None to leave palette colours to the outer terminal."""

    foreground: ColorTriplet
    background: ColorTriplet
    theme: TerminalTheme | None
    dimmed: bool = False


class Painter:
    """Draws rows in one look; make a new one when the look changes."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.style = lru_cache(maxsize=_STYLES)(self._style)
        self._strips: OrderedDict[int, tuple[Row, Strip]] = OrderedDict()
        self.base = self._style(Style())

    def strip(self, row: Row) -> Strip:
        """Draw a row. Rows are immutable, so one that merely moved costs a look-up."""
        known = self._strips.get(id(row))
        if known is not None:
            self._strips.move_to_end(id(row))
            return known[1]
        width = 0
        segments = []
        style = self.style
        for text, run_style, run_width in row:
            if not text.isascii():
                text = fitted(text, run_width)
            if run_style.hidden:
                text = " " * run_width
            segments.append(Segment(text, style(run_style)))
            width += run_width
        strip = Strip(segments, width)
        # The row is kept with its strip: its id stays its own as long as the entry lives.
        self._strips[id(row)] = (row, strip)
        if len(self._strips) > _STRIPS:
            self._strips.popitem(last=False)
        return strip

    def _style(self, style: Style) -> RichStyle:
        foreground = self._colour(style.foreground, self.look.foreground)
        background = self._colour(style.background, self.look.background)
        if style.reverse:
            foreground, background = background, foreground
        if self.look.dimmed:
            foreground = self._faded(foreground)
        return RichStyle(
            color=foreground,
            bgcolor=background,
            bold=style.bold or None,
            dim=style.dim or None,
            italic=style.italic or None,
            underline=style.underline or None,
            blink=style.blink or None,
            strike=style.strike or None,
            overline=style.overline or None,
        )

    def _colour(self, colour: Colour, default: ColorTriplet) -> Color:
        if colour is None:
            return Color.from_triplet(default)
        if isinstance(colour, tuple):
            return Color.from_rgb(*colour)
        if self.look.theme is None:
            return Color.from_ansi(colour)
        if colour < 16:
            return Color.from_triplet(_ansi(self.look.theme.ansi_colors, colour))
        return Color.from_triplet(Color.from_ansi(colour).get_truecolor())

    def _faded(self, colour: Color) -> Color:
        """Blend towards the background, as for a screen that is no longer live."""
        triplet = colour.get_truecolor(self.look.theme)
        back = self.look.background
        mixed = (int(b + (f - b) * _DIMMED) for f, b in zip(triplet, back, strict=True))
        return Color.from_rgb(*mixed)


def _ansi(colours: Palette, index: int) -> ColorTriplet:
    return colours[index]


def fitted(text: str, width: int) -> str:
    """Make text take ``width`` cells as Textual counts them, where it and the emulator differ."""
    if cell_len(text) == width:
        return text
    # Emoji glued by joiners are separate cells for the emulator and one glyph for Textual.
    text = text.translate(_JOINERS)
    return text if cell_len(text) == width else set_cell_size(text, width)


def overlaid(strip: Strip, start: int, end: int, style: RichStyle) -> Strip:
    """Return a strip with ``style`` put over the cells from ``start`` up to ``end``."""
    length = strip.cell_length
    start, end = max(0, start), min(end, length)
    if start >= end:
        return strip
    middle = strip.crop(start, end)
    parts = [Strip([Segment(text, (old or style) + style) for text, old, _ in middle], end - start)]
    if start:
        parts.insert(0, strip.crop(0, start))
    if end < length:
        parts.append(strip.crop(end, length))
    return Strip.join(parts)


def width_at(row: Row, x: int) -> int:
    """Return how many cells the character at a column takes (2 for a wide one)."""
    column = 0
    for text, _style, width in row:
        if x < column + width:
            if text.isascii():
                return 1
            for character in text:
                cells = cell_len(character)
                if column <= x < column + cells:
                    return cells
                column += cells
            return 1
        column += width
    return 1
