"""Builders' colours are kept, in the theme's sixteen; nothing else that they send gets through."""

from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color

from mnix_tui.ui.ansi import parse, style


def test_plain_text_is_left_as_it_is() -> None:
    assert parse("hello", 5).plain == "hello"
    assert not parse("hello", 10).spans


def test_what_is_cut_says_so() -> None:
    assert parse("hello", 3).plain == "he…"
    found = parse("\x1b[31mhel\x1b[0mlo", 3)
    assert found.plain == "he…"
    assert [(start, end) for start, end, _ in found.spans] == [(0, 3)]
    assert parse("\x1b[31mhel\x1b[0m", 3).plain == "hel"


def test_colours_become_spans_in_characters() -> None:
    found = parse("a\x1b[1;31mred\x1b[0m b\x1b[38;5;200mc\x1b[38;2;1;2;3md\x1b[m", 100)
    assert found.plain == "ared bcd"
    assert [(start, end) for start, end, _ in found.spans] == [(1, 4), (6, 7), (7, 8)]
    bold_red, pink, own = (each for _, _, each in found.spans)
    assert bold_red.bold
    assert bold_red.color == Color.from_ansi(1)
    assert pink.color == Color.from_ansi(200)
    assert own.color is not None
    assert own.color.triplet == (1, 2, 3)


def test_what_ends_an_attribute_ends_only_that() -> None:
    both = style("1;4;91;44")
    assert both.bold
    assert both.underline
    assert both.color == Color.from_ansi(9)
    less = style("1;4;91;44;22;39")
    assert not less.bold
    assert less.underline
    assert less.color is None
    assert less.bgcolor == Color.from_ansi(4)


def test_tabs_stand_where_a_terminal_puts_them() -> None:
    assert parse("ab\tc\x1b[1m\td", 100).plain == "ab      c       d"


def test_a_row_of_codes_without_end_costs_nothing() -> None:
    found = parse("".join(f"\x1b[{n % 8 + 30}m." for n in range(3000)), 8192)
    assert found.plain == "." * 3000
    assert parse("\x1b[" + "1;" * 9999 + "mx", 10).plain == "x"


@given(st.text(max_size=200), st.integers(1, 50))
def test_nothing_that_moves_a_terminal_gets_through(text: str, limit: int) -> None:
    found = parse(text, limit)
    assert len(found.plain) <= limit
    assert all(ord(one) >= 32 and not 127 <= ord(one) < 160 for one in found.plain)
    at = 0
    for start, end, _ in found.spans:
        assert at <= start < end <= len(found.plain)
        at = end
