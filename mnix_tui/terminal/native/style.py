"""The library's packed style, read at once."""

from __future__ import annotations

import struct
from functools import lru_cache

from mnix_tui.terminal.grid import Colour, Style

_STYLE = struct.Struct("<8xi4x3B5xi4x3B5x16x8?i4x")


@lru_cache(maxsize=8192)
def parse_style(raw: bytes) -> Style:
    """Read a GhosttyStyle. True-colour programs make thousands: hence the cache."""
    fg, fr, fgreen, fb, bg, br, bgreen, bb, *flags = _STYLE.unpack(raw)
    bold, italic, faint, blink, inverse, invisible, strike, overline, underline = flags
    return Style(
        foreground=_colour(fg, fr, fgreen, fb),
        background=_colour(bg, br, bgreen, bb),
        bold=bold,
        dim=faint,
        italic=italic,
        underline=underline != 0,
        blink=blink,
        reverse=inverse,
        hidden=invisible,
        strike=strike,
        overline=overline,
    )


def _colour(tag: int, red: int, green: int, blue: int) -> Colour:
    if tag == 2:
        return (red, green, blue)
    return red if tag == 1 else None  # a palette index is in the union's first byte
