"""The library's packed style, read at once."""

from __future__ import annotations

import struct
from functools import lru_cache

from mnix_tui.terminal.grid import PLAIN, Style, Underline

_STYLE = struct.Struct("<8xi4x3B5xi4x3B5xi4x3B5x8?i4x")
STYLE_BYTES = _STYLE.size
_COLOURS_ONLY = (False,) * 8 + (0,)
_UNDERLINES = {kind.value: kind for kind in Underline}


@lru_cache(maxsize=8192)
def parse_style(raw: bytes) -> Style:
    """Read a GhosttyStyle. True-colour programs make thousands: hence the cache.

    A colour's tag says whether it is none (0), a palette index in the first byte (1), or RGB (2).
    """
    return _style(*_STYLE.unpack(raw))


def parse_styles(raw: bytes, wanted: list[int]) -> list[Style]:
    """Read some out of many packed GhosttyStyles, by their places.

    Where there are so many in one row, hardly one of them will be met again: no cache.
    """
    every = list(_STYLE.iter_unpack(raw))
    styles = []
    for place in wanted:
        fields = every[place]
        if fields[8] or fields[12:] != _COLOURS_ONLY:
            styles.append(_style(*fields))
            continue
        fore, back = fields[0], fields[4]
        colours = (
            fields[1:4] if fore == 2 else fields[1] if fore else None,
            fields[5:8] if back == 2 else fields[5] if back else None,
        )
        # Past the named fields' defaults: a third of the time, ten thousand times a frame.
        styles.append(tuple.__new__(Style, colours + PLAIN[2:]))
    return styles


def _style(  # the order of the packed fields
    fg: int, fr: int, fgreen: int, fb: int,
    bg: int, br: int, bgreen: int, bb: int,
    ul: int, ur: int, ugreen: int, ub: int,
    bold: bool, italic: bool, faint: bool, blink: bool,
    inverse: bool, invisible: bool, strike: bool, overline: bool, underline: int,
) -> Style:  # fmt: skip
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
