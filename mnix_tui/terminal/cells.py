"""Packed cells to text: one row's 64-bit cells become spans of one style. Pure.

A cell, from its lowest bit: content tag (2 bits), content (24: a code point of 21 bits, a palette
index, or red-green-blue), style id (16), width (2), protected (1), link (1), and more.
``library.check_layout`` compares this with what the library publishes.
"""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.terminal.grid import Colour

CELL_BYTES = 8
CODEPOINT, GRAPHEME, PALETTE, RGB = range(4)
NARROW, WIDE, TAIL, HEAD = range(4)
_ERASED = 1 << 32

# A cell holds what the program printed. Drawn as it is, a C1 control would be obeyed by the
# terminal that we run in.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Span(NamedTuple):
    """Neighbouring cells of one style: where it starts, its text, its width in cells.

    ``style_id`` is 0 for unstyled cells; erased cells have only a ``background``.
    """

    start: int
    text: str
    width: int
    style_id: int
    background: Colour = None


def safe(text: str) -> str:
    """Replace control characters, which must not reach the outer terminal."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub("\ufffd", text)


def decode(raw: bytes, grapheme: Callable[[int], str], dense: int = 1 << 16) -> list[Span] | str:
    """Split one row's raw cells into spans; ``grapheme(x)`` gives a many-code-point cell's text.

    A row of one character a cell that has more than ``dense`` styles is given as its text only.
    """
    columns = _columns(raw)
    if columns is None:
        return _decode_slowly(raw, grapheme)
    text, low, high = columns
    count = len(text)
    if not any(low) and not any(high):
        return [Span(0, text, count, 0)]
    # As many values of the lower bytes are at least as many styles: cheap to tell.
    if len(set(low)) > dense:
        return text
    spans: list[Span] = []
    start = 0
    ids = list(zip(low, high, strict=True))
    while start < count:
        current = ids[start]
        end = start + 1
        while end < count and ids[end] == current:
            end += 1
        spans.append(Span(start, text[start:end], end - start, current[0] | current[1] << 8))
        start = end
    return spans


def linked(raw: bytes) -> list[int]:
    """Return the columns of a row's cells that belong to links."""
    flags = raw[5::8].translate(_LINKED)
    return [x for x, flag in enumerate(flags) if flag] if any(flags) else []


def renumbered(raw: bytes, numbers: dict[int, int]) -> bytes:
    """Return a row's cells with other style ids in some columns."""
    cells = array("Q", raw)
    for x, number in numbers.items():
        cells[x] = cells[x] & ~(0xFFFF << 26) | number << 26
    return cells.tobytes()


_LINKED = bytes(value >> 5 & 1 for value in range(256))
_TAGS = bytes(value & 3 for value in range(256))


def _columns(raw: bytes) -> tuple[str, bytes, bytes] | None:
    """Return the text and the low and high bytes of the style ids, if each cell is one character."""
    # Shifted by the tag's two bits, code point, style and width each start at a byte: strided
    # slices then take a whole row apart at once, ten times faster than a loop over its cells.
    fields = (int.from_bytes(raw, "little") >> 2).to_bytes(len(raw), "little")
    if any(raw[0::8].translate(_TAGS)) or any(fields[5::8].translate(_TAGS)):
        return None
    points = bytearray(len(raw) // 2)
    points[0::4], points[1::4], points[2::4] = fields[0::8], fields[1::8], fields[2::8]
    text = safe(points.decode("utf-32-le", "replace").replace("\0", " "))
    return text, fields[3::8], fields[4::8]


def _decode_slowly(raw: bytes, grapheme: Callable[[int], str]) -> list[Span]:
    """Decode a row with wide, erased or many-code-point cells."""
    spans: list[Span] = []
    parts: list[str] = []
    start = width = 0
    current = -1
    cells = memoryview(raw).cast("Q")
    for x in range(len(cells)):
        columns, text, style = _cell(x, cells, grapheme)
        if not columns:
            continue
        if style != current:
            if parts:
                spans.append(_span(start, "".join(parts), width, current))
            parts, start, width, current = [], x, 0, style
        parts.append(text)
        width += columns
    if parts:
        spans.append(_span(start, "".join(parts), width, current))
    return spans


def _cell(x: int, cells: memoryview[int], grapheme: Callable[[int], str]) -> tuple[int, str, int]:
    """Return a cell's width (0 for the second half of a wide one), text and style key."""
    cell = cells[x]
    wide = cell >> 42 & 3
    tag = cell & 3
    if wide == TAIL and x and cells[x - 1] >> 42 & 3 == WIDE:
        return 0, "", 0
    # Half a wide character is blank: the columns must add up whatever the library hands out.
    whole = wide == WIDE and x + 1 < len(cells) and cells[x + 1] >> 42 & 3 == TAIL
    columns = 2 if whole else 1
    if tag >= PALETTE:
        return columns, " " * columns, _ERASED | cell & 0x3FFFFFF
    style = cell >> 26 & 0xFFFF
    point = cell >> 2 & 0x1FFFFF
    if wide >= TAIL or (wide and not whole) or not point or point > 0x10FFFF:
        return columns, " " * columns, style
    return columns, safe(grapheme(x) if tag == GRAPHEME else chr(point)), style


def _span(start: int, text: str, width: int, style: int) -> Span:
    if not style & _ERASED:
        return Span(start, text, width, style)
    content = style >> 2 & 0xFFFFFF
    if style & 3 == PALETTE:
        return Span(start, text, width, 0, content & 0xFF)
    return Span(start, text, width, 0, (content & 0xFF, content >> 8 & 0xFF, content >> 16))
