"""The library's packed style, read at once."""

from __future__ import annotations

import struct
from functools import lru_cache

from mnix_tui.terminal.grid import Style, Underline

_STYLE = struct.Struct("<8xi4x3B5xi4x3B5xi4x3B5x8?i4x")
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
