"""All rows of a terminal: text, wraps, words, links, prompts, and numbers that last."""

from __future__ import annotations

import pytest

from mnix_tui.terminal import Emulator, Mark
from mnix_tui.terminal.prompts import BYTES_A_MARK

A, B, C = (b"\x1b]133;%c\x07" % kind for kind in b"ABC")


def D(status: int) -> bytes:
    return b"\x1b]133;D;%d\x07" % status


def numbered(count: int, start: int = 0) -> bytes:
    return b"".join(b"line %d\r\n" % number for number in range(start, start + count))


def fed(data: bytes, cols: int = 20, rows: int = 5, scrollback: int = 1 << 22) -> Emulator:
    emulator = Emulator(cols, rows, scrollback_bytes=scrollback)
    emulator.feed(data)
    return emulator


def texts(emulator: Emulator, start: int = 0, stop: int = 1 << 30) -> list[str]:
    return [line.text for line in emulator.lines(start, stop)]


def test_lines_are_all_rows_from_the_oldest() -> None:
    emulator = fed(numbered(100))
    assert emulator.total_rows == 101
    assert texts(emulator) == [f"line {number}" for number in range(100)] + [""]
    assert texts(emulator, 98) == ["line 98", "line 99", ""]
    assert texts(emulator, 5, 5) == texts(emulator, 7, 3) == []


def test_empty_and_blank_rows_count() -> None:
    emulator = fed(b"\r\n\r\na  \r\n   \r\n  b\r\n\r\n", rows=4)
    assert texts(emulator) == ["", "", "a", "", "  b", "", ""]


def test_lines_tell_soft_wraps() -> None:
    emulator = fed(b"0123456789abcdefghijKLM\r\nx\r\n" + "中文字".encode() * 7)
    lines = emulator.lines(0, 9)
    assert [line.wrapped for line in lines] == [True, False, False, True, True, False]
    assert lines[0].text == "0123456789abcdefghij"
    assert lines[1].text == "KLM"
    assert "".join(line.text for line in lines[3:]) == "中文字" * 7


def test_a_line_never_holds_what_a_terminal_obeys() -> None:
    emulator = fed("a\u009b31mb\u202ec".encode())
    assert "\u009b" not in texts(emulator)[0]


def test_numbers_last_while_old_rows_are_dropped() -> None:
    """Every row keeps ``row + dropped``, however much is printed at once."""
    emulator = Emulator(40, 5, scrollback_bytes=4 << 20)
    total = 0
    for size in (100, 7000, 1, 3, 20_000, 5000, 40, 9000):
        emulator.feed(numbered(size, total))
        total += size
        assert emulator.dropped + emulator.total_rows == total + 1
        for row in (0, 1, 50):
            assert texts(emulator, row, row + 1) == [f"line {row + emulator.dropped}"]
    assert emulator.dropped > 20_000


def test_numbers_are_never_used_twice_by_a_history_that_is_too_short() -> None:
    emulator = Emulator(40, 5, scrollback_bytes=1 << 18)
    last = 0
    for _ in range(5):
        emulator.feed(b"\n" * 20_000)
        assert emulator.dropped >= last
        last = emulator.dropped + emulator.total_rows - 5


def test_numbers_last_over_other_screens_and_erased_history() -> None:
    emulator = fed(numbered(50))
    emulator.feed(b"\x1b[?1049h" + numbered(100))
    assert emulator.total_rows == 5
    emulator.feed(b"\x1b[?1049l")
    assert (emulator.total_rows, emulator.dropped) == (51, 0)
    emulator.feed(b"\x1b[3J")
    assert emulator.total_rows == 5
    assert emulator.dropped >= 46  # no number of an erased row may be taken by another
    before = emulator.dropped
    emulator.feed(numbered(20) + b"\x1bc" + numbered(20))
    assert emulator.dropped >= before


def test_scrolling_in_a_region_drops_nothing() -> None:
    emulator = fed(numbered(50))
    emulator.feed(b"\x1b[2;4r\x1b[4H" + b"\n" * 20 + b"\x1b[3M\x1b[2L\x1b[r\x1b[H\x1bM\x1bM")
    assert (emulator.dropped, emulator.total_rows) == (0, 51)


def test_scroll_to_puts_a_row_at_the_top() -> None:
    emulator = fed(numbered(100))
    for row in (0, 37, 96):
        emulator.scroll_to(row)
        assert emulator.scrollbar.offset == row
        assert emulator.text().splitlines()[0] == f"line {row}"
    emulator.scroll_to(1000)
    assert emulator.scrollbar.at_bottom
    emulator.scroll_to(-3)
    assert emulator.scrollbar.offset == 0


def test_text_between_joins_wraps_and_cuts_blanks() -> None:
    emulator = fed(b"one   \r\n0123456789abcdefghijKLM\r\nfour  x\r\n")
    assert emulator.text_between((0, 0), (3, 19)) == "one\n0123456789abcdefghijKLM\nfour  x"
    assert emulator.text_between((3, 3), (1, 18)) == "ijKLM\nfour"
    assert emulator.text_between((1, 2), (1, 2)) == "2"
    assert emulator.text_between((1, 1), (3, 3), block=True) == "123\nLM\nour"
    assert emulator.text_between((3, 1), (1, 3), block=True) == "123\nLM\nour"
    assert emulator.text_between((-5, -1), (99, 99)).startswith("one\n")


def test_text_between_keeps_a_blank_at_a_wrap() -> None:
    emulator = fed(b"0123456789abcdefghi KLM")
    assert emulator.text_between((0, 15), (1, 19)) == "fghi KLM"


def test_text_between_takes_wide_characters_whole() -> None:
    emulator = fed("中文字 e\u0301x".encode())
    assert emulator.text_between((0, 2), (0, 3)) == "文"
    assert emulator.text_between((0, 0), (0, 9)) == "中文字 e\u0301x"


@pytest.mark.parametrize(
    ("at", "word"),
    [
        ((0, 1), "ls"),
        ((0, 2), None),
        ((0, 4), "/usr/lib/a-b.so"),
        ((1, 1), "/usr/lib/a-b.so"),
        ((1, 7), "文件.txt"),
        ((1, 11), "文件.txt"),
        ((2, 3), "e\u0301t\u00e9"),
        ((4, 0), None),
    ],
)
def test_words(at: tuple[int, int], word: str | None) -> None:
    emulator = fed("ls /usr/lib/a-b.so (文件.txt)\r\n  e\u0301t\u00e9\r\n".encode(), cols=16)
    found = emulator.word_at(*at)
    assert (found and emulator.text_between(*found)) == word


def test_line_at_finds_all_rows_of_a_line() -> None:
    emulator = fed(b"a\r\n" + b"x" * 995 + b"\r\nb\r\n")
    for row in (1, 2, 30, 50):
        assert emulator.line_at(row) == (1, 50)
    assert emulator.line_at(0) == (0, 0)
    assert emulator.line_at(51) == (51, 51)


def test_links() -> None:
    emulator = fed(b"\x1b]8;;https://a.example/b?c\x1b\\li\xe4\xb8\xadnk\x1b]8;;\x1b\\ none")
    assert emulator.link_at(0, 0) == emulator.link_at(0, 5) == "https://a.example/b?c"
    assert emulator.link_at(0, 6) == emulator.link_at(0, 19) == emulator.link_at(3, 3) == ""


def test_security_a_link_is_bounded_and_printable() -> None:
    emulator = fed(b"\x1b]8;;https://a/" + b"x" * 2000 + b"\x1b\\A\x1b]8;;\x1b\\")
    assert len(emulator.link_at(0, 0)) == 2010
    emulator = fed(b"\x1b]8;;https://a/" + b"x" * 5000 + b"\x1b\\A\x1b]8;;\x1b\\")
    assert emulator.link_at(0, 0) == ""
    emulator = fed("\x1b]8;;https://a/\u009b\u202ex\x1b\\A".encode())
    assert emulator.link_at(0, 0) == ""


# -- prompts --------------------------------------------------------------------------------


def command(number: int, status: int, lines: int) -> bytes:
    typed = b"make %d" % number
    return A + b"$ " + B + typed + b"\r\n" + C + numbered(lines, 1000 * number) + D(status)


def test_prompts_and_their_commands() -> None:
    emulator = fed(command(1, 0, 3) + command(2, 130, 0) + command(3, 2, 30) + A + b"$ " + B)
    prompts = emulator.prompts
    assert len(prompts) == 4
    rows = [0, 4, 5, 36]
    assert [prompts.at(row) for row in rows] == [
        Mark(0, 0),
        Mark(4, 130),
        Mark(5, 2),
        Mark(36, None),
    ]
    assert prompts.at(1) is None
    assert [prompts.before(row) for row in (0, 1, 36, 99)] == [None, 0, 5, 36]
    assert [prompts.after(row) for row in (-1, 0, 6, 36)] == [0, 4, 36, None]
    assert emulator.output_of(0) == (1, 3)
    assert emulator.output_of(4) is None
    assert emulator.output_of(5) == (6, 35)
    assert emulator.output_of(1) is None


def test_a_running_command() -> None:
    emulator = fed(A + b"$ " + B + b"make\r\n" + C + b"one\r\ntwo")
    assert emulator.prompts.at(0) == Mark(0, None, running=True)
    assert emulator.output_of(0) == (1, 2)
    emulator.feed(b"\r\n")
    assert emulator.output_of(0) == (1, 2)
    emulator.feed(D(1))
    assert emulator.prompts.at(0) == Mark(0, 1)


def test_a_prompt_of_several_lines_is_at_its_first() -> None:
    emulator = fed(A + b"~/work main\r\n> " + B + b"ls\r\n" + C + b"a\r\n" + D(0) + A)
    assert emulator.prompts.at(0) == Mark(0, 0)
    assert emulator.output_of(0) == (2, 2)


def test_the_same_prompt_drawn_again_is_one() -> None:
    emulator = fed(A + b"$ " + B + b"l" + b"\r\x1b[K" + A + b"$ " + B + b"ls\r\n" + C + D(3))
    assert len(emulator.prompts) == 1
    assert emulator.prompts.at(0) == Mark(0, 3)


def test_an_erased_prompt_is_none() -> None:
    emulator = fed(command(1, 0, 1) + A + b"$ " + B)
    emulator.feed(b"\x1b[H\x1b[J" + A + b"$ " + B)
    assert [emulator.prompts.at(row) is not None for row in range(5)] == [
        True, False, False, False, False
    ]  # fmt: skip


def test_prompts_move_with_what_is_drawn_on_the_screen() -> None:
    emulator = fed(b"a\r\n" + A + b"$ " + B + b"\x1b[H\x1b[2L")
    assert emulator.prompts.at(3) == Mark(3)
    emulator.feed(b"\x1b[1M")
    assert emulator.prompts.at(2) == Mark(2)


def test_prompts_survive_reflow_and_dropped_rows() -> None:
    emulator = Emulator(40, 6, scrollback_bytes=1 << 20)
    wide = b"w" * 39 + b"\r\n"
    for number in range(200):
        emulator.feed(A + b"p%d$ " % number + B + b"x\r\n" + C + wide * 20 + D(number % 5))
    for cols in (20, 13, 80, 40):
        emulator.resize(cols, 6)
        row = emulator.total_rows
        found = []
        while (at := emulator.prompts.before(row)) is not None:
            row = at
            mark = emulator.prompts.at(row)
            text = texts(emulator, row, row + 1)[0]
            assert text.startswith("p"), (cols, row, text)
            number = int(text[1:].split("$")[0])
            assert mark == Mark(row, number % 5)
            found.append(number)
        assert found == list(range(199, 199 - len(found), -1))
        assert len(found) > 30


def test_old_prompts_go_with_their_rows() -> None:
    emulator = Emulator(40, 6, scrollback_bytes=1 << 19)
    for number in range(300):
        emulator.feed(A + b"p%d$ " % number + B + b"x\r\n" + C + b"y\r\n" * 40 + D(0))
    assert 0 < len(emulator.prompts) < 200
    first = emulator.prompts.after(-1)
    assert first is not None
    assert texts(emulator, first, first + 1)[0].startswith("p")


def test_more_prompts_than_are_followed_stay_exact() -> None:
    emulator = Emulator(40, 6)
    for number in range(2000):
        emulator.feed(command(number, number % 3, 1))
    assert len(emulator.prompts) == 2000
    assert emulator.prompts.at(2 * 700) == Mark(1400, 700 % 3)
    emulator.resize(50, 6)
    assert 400 < len(emulator.prompts) <= 600


def test_of_a_flood_of_marks_only_the_last_are_taken() -> None:
    emulator = Emulator(40, 6)
    emulator.feed(A + b"\r\n")
    flood = A + b"\r\n"
    emulator.feed(flood * 1600)
    assert len(emulator.prompts) == 1 + 16_000 // BYTES_A_MARK
    last = emulator.total_rows - 2
    assert [emulator.prompts.before(last + 1), emulator.prompts.before(last)] == [last, last - 1]
    # As many as a shell can really print are all taken.
    emulator = Emulator(40, 6)
    output = b"".join(command(number, 0, 1) + b"\x1b[32m" * 30 for number in range(70))
    assert len(output) < 16_384
    emulator.feed(output)
    assert len(emulator.prompts) == 70


def test_no_prompts_while_another_screen_is_shown() -> None:
    emulator = fed(command(1, 0, 1) + b"\x1b[?1049h" + A + b"$ ")
    assert (len(emulator.prompts), emulator.prompts.at(0), emulator.prompts.before(9)) == (
        0,
        None,
        None,
    )
    emulator.feed(b"\x1b[?1049l")
    assert emulator.prompts.at(0) == Mark(0, 0)
