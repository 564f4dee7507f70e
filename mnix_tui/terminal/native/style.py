"""The library's packed style, read at once."""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import TYPE_CHECKING

from mnix_tui.terminal.grid import Style, Underline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnix_tui.terminal.grid import Colour

_STYLE = struct.Struct("<8xi4x3B5xi4x3B5xi4x3B5x8?i4x")
STYLE_BYTES = _STYLE.size
_UNDERLINES = {kind.value: kind for kind in Underline}


@lru_cache(maxsize=8192)
def parse_style(raw: bytes) -> Style:
    """Read a GhosttyStyle. True-colour programs make thousands: hence the cache.

    A colour's tag says whether it is none (0), a palette index in the first byte (1), or RGB (2).
    """
    fg, fr, fgreen, fb, bg, br, bgreen, bb, ul, ur, ugreen, ub, *flags = _STYLE.unpack(raw)
    bold, italic, faint, blink, inverse, invisible, strike, overline, underline = flags
    return Style(
        (fr, fgreen, fb) if fg == 2 else fr if fg else None,
        (br, bgreen, bb) if bg == 2 else br if bg else None,
        bold,
        faint,
        italic,
        _UNDERLINES.get(underline, Underline.SINGLE),
        blink,
        inverse,
        invisible,
        strike,
        overline,
        (ur, ugreen, ub) if ul == 2 else ur if ul else None,
    )


_QUICK = struct.Struct("<8xi4x3B5x16si12x12s4x")
_COLOUR = struct.Struct("<i4x3B5x")
NO_FLAGS = bytes(12)


def quick_styles(packed: bytes) -> Iterator[tuple[int, int, int, int, bytes, int, bytes]]:
    """Go through packed styles: foreground's tag, red, green, blue, the packed background, the
    underline colour's tag, and the packed attributes (NO_FLAGS if there are none)."""
    return _QUICK.iter_unpack(packed)


def parse_background(packed: bytes) -> Colour:
    """Read a background as ``quick_styles`` gives it."""
    tag, red, green, blue = _COLOUR.unpack(packed)
    return (red, green, blue) if tag == 2 else red if tag else None
