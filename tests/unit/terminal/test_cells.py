"""Packed cells to spans: widths add up and nothing unsafe comes out, whatever the cells hold."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from hypothesis import example, given
from hypothesis import strategies as st

from mnix_tui.terminal import cells as decoding
from mnix_tui.terminal.cells import HEAD, NARROW, PALETTE, RGB, TAIL, WIDE, Span, safe

if TYPE_CHECKING:
    from collections.abc import Callable


def cell(point: int = 0, *, tag: int = 0, style: int = 0, wide: int = NARROW) -> int:
    return tag | point << 2 | style << 26 | wide << 42


def pack(*cells: int) -> bytes:
    return struct.pack(f"<{len(cells)}Q", *cells)


def decode(raw: bytes, grapheme: Callable[[int], str]) -> list[Span]:
    spans = decoding.decode(raw, grapheme)
    assert not isinstance(spans, str)
    return spans


def test_row_of_many_styles_is_only_its_text() -> None:
    raw = pack(*(cell(97 + x, style=x + 1) for x in range(20)))
    assert decoding.decode(raw, no_grapheme, 10) == "abcdefghijklmnopqrst"
    assert len(decode(raw, no_grapheme)) == 20


def no_grapheme(_x: int) -> str:
    raise AssertionError("no cell has several code points")


def test_plain_row_is_one_span_with_blanks_for_empty_cells() -> None:
    (span,) = decode(pack(cell(ord("h")), cell(ord("i")), cell(), cell()), no_grapheme)
    assert (span.start, span.text, span.width, span.style_id) == (0, "hi  ", 4, 0)


def test_styles_split_a_row() -> None:
    spans = decode(
        pack(cell(97, style=1), cell(98, style=1), cell(99), cell(100, style=0x1FF)), no_grapheme
    )
    assert [(s.start, s.text, s.style_id) for s in spans] == [
        (0, "ab", 1),
        (2, "c", 0),
        (3, "d", 511),
    ]


def test_wide_character_takes_two_cells() -> None:
    spans = decode(pack(cell(0x4E2D, wide=WIDE), cell(wide=TAIL), cell(97)), no_grapheme)
    assert [(s.text, s.width) for s in spans] == [("中a", 3)]


def test_erased_cells_keep_their_background() -> None:
    rgb = RGB | (1 | 2 << 8 | 3 << 16) << 2
    spans = decode(pack(cell(97), PALETTE | 4 << 2, PALETTE | 4 << 2, rgb), no_grapheme)
    assert [(s.text, s.background) for s in spans] == [("a", None), ("  ", 4), (" ", (1, 2, 3))]


def test_many_code_points_are_asked_for() -> None:
    spans = decode(pack(cell(97), cell(ord("e"), tag=1)), lambda x: "e\u0301" if x == 1 else "?")
    assert spans[0].text == "ae\u0301"


def test_c1_control_does_not_reach_the_outer_terminal() -> None:
    assert safe("\x9b31m\x1b") == "\ufffd31m\ufffd"
    (span,) = decode(pack(cell(0x9B), cell(ord("3"))), no_grapheme)
    assert span.text == "\ufffd3"


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=40))
@example([WIDE << 42, TAIL << 42])
def test_any_bits_give_rows_whose_widths_add_up(cells: list[int]) -> None:
    spans = decode(pack(*cells), lambda _x: "e\u0301")
    assert sum(span.width for span in spans) == len(cells)
    text = "".join(span.text for span in spans)
    assert not any(char < " " or "\x7f" <= char <= "\x9f" for char in text)


@given(st.lists(st.tuples(st.integers(0, 0x2FFF), st.integers(0, 3)), min_size=1, max_size=40))
def test_fast_and_slow_way_agree(parts: list[tuple[int, int]]) -> None:
    """A last half-wide cell forces the slow way; the rest of the row must come out the same."""
    cells = [cell(point, style=style) for point, style in parts]
    fast = decode(pack(*cells), no_grapheme)
    slow = decode(pack(*cells, cell(wide=HEAD, style=9)), no_grapheme)
    assert slow[:-1] == fast
