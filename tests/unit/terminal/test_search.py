"""Searching: all matches, whatever is printed, dropped or wrapped anew meanwhile; never for ever."""

from __future__ import annotations

import re
import signal
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnix_tui.errors import MnixError, PatternInvalid
from mnix_tui.terminal import Emulator
from mnix_tui.terminal.search import Match, Search


def fed(data: bytes, cols: int = 20, rows: int = 5, scrollback: int = 1 << 22) -> Emulator:
    emulator = Emulator(cols, rows, scrollback_bytes=scrollback)
    emulator.feed(data)
    return emulator


def done(search: Search) -> Search:
    for _ in range(10_000):
        if search.step(0.05):
            return search
    raise AssertionError("the search never ends")


def found(emulator: Emulator, pattern: str, **options: bool) -> list[Match]:
    return done(Search(emulator, pattern, **options)).matches


def numbered(count: int, start: int = 0) -> bytes:
    return b"".join(b"line %d\r\n" % number for number in range(start, start + count))


def test_matches_are_in_history_and_on_the_screen() -> None:
    emulator = fed(numbered(1000))
    assert found(emulator, r"\b99\d$") == [Match(row, 5, 8) for row in range(990, 1000)]
    assert [match.row for match in found(emulator, "line 7$")] == [7]


def test_smart_case_and_plain_text() -> None:
    emulator = fed(b"Error error ERROR e.ror", cols=40)
    assert len(found(emulator, "error")) == 3
    assert len(found(emulator, "Error")) == 1
    assert len(found(emulator, r"E\Sror")) == 1
    assert len(found(emulator, r"\Seror|\Srror")) == 3
    assert found(emulator, "e.ror", regex=False) == [Match(0, 18, 23)]
    assert len(found(emulator, "error", ignore_case=False)) == 1


def test_a_match_over_a_wrap_has_several_spans() -> None:
    emulator = fed(b"x\r\n0123456789abcdefghijKLMNOP\r\n")
    (match,) = found(emulator, "hijKLM")
    assert match.spans == ((1, 17, 20), (2, 0, 3))
    (match,) = found(emulator, "^0.*P$")
    assert match.spans == ((1, 0, 20), (2, 0, 6))
    emulator = fed(b"0123456789abcdef    KLM")
    assert [match.spans for match in found(emulator, "f +K")] == [((0, 15, 20), (1, 0, 1))]


def test_columns_count_wide_characters() -> None:
    emulator = fed("中文e\u0301字x".encode())
    assert found(emulator, "字") == [Match(0, 5, 7)]
    assert found(emulator, "文e") == [Match(0, 2, 5)]
    assert found(emulator, "x") == [Match(0, 7, 8)]


def test_wide_characters_at_a_wrap() -> None:
    emulator = fed(("a" + "中" * 12).encode())
    (match,) = found(emulator, "a中{12}")
    assert match.spans == ((0, 0, 19), (1, 0, 6))


def test_next_previous_and_index() -> None:
    emulator = fed(b"".join(b"%s\r\n" % (b"hit hit" if n % 10 == 0 else b"-") for n in range(60)))
    search = done(Search(emulator, "hit"))
    assert search.count == 12
    first, last = search.matches[0], search.matches[-1]
    assert search.next(-1) == first == Match(0, 0, 3)
    assert search.next(0) == Match(10, 0, 3)
    assert search.previous(59) == last == Match(50, 4, 7)
    assert search.previous(50) == Match(40, 4, 7)
    assert (search.next(50), search.previous(0)) == (None, None)
    assert [search.index(match) for match in search.matches] == list(range(12))
    assert search.between(10, 21) == search.matches[2:6]


def test_new_output_is_searched_and_dropped_rows_are_forgotten() -> None:
    emulator = fed(numbered(50), scrollback=1 << 18)
    search = done(Search(emulator, "7$"))
    assert search.count == 5
    total = 50
    for size in (1, 9, 500, 12_000, 7):
        emulator.feed(numbered(size, total))
        total += size
        done(search)
        assert search.matches == found(emulator, "7$")
        emulator.feed(b"half 7")
        assert done(search).matches == found(emulator, "7$")
        emulator.feed(b"\r\x1b[K")
        assert done(search).matches == found(emulator, "7$")
    assert emulator.dropped


def test_a_resize_and_another_screen_start_the_search_anew() -> None:
    emulator = fed(numbered(500), cols=40)
    search = done(Search(emulator, "line 4.*"))
    emulator.resize(6, 5)
    assert done(search).matches == found(emulator, "line 4.*")
    assert len(search.matches[-1].spans) == 2
    emulator.feed(b"\x1b[?1049h\x1b[Hline 4 of vim")
    assert len(done(search).matches) == 1
    emulator.feed(b"\x1b[?1049l")
    assert done(search).matches == found(emulator, "line 4.*")


PIECES = st.sampled_from(
    [
        b"ab ab\r\n",
        b"xab" * 9,
        "中ab文".encode(),
        b"\x1b[A",
        b"\x1b[2K",
        b"\r\n",
        b"\x1b[H\x1b[J",
        b"\x1b[3J",
        b"\r\n".join([b"abab"] * 12),
        b"\x1b[?1049h",
        b"\x1b[?1049l",
        b"\x1b[2;4r\x1b[4H\n\n\x1b[r",
        b"\x1bc",
    ]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES, max_size=14), st.data())
def test_a_kept_search_finds_what_a_new_one_finds(pieces: list[bytes], draw: st.DataObject) -> None:
    emulator = Emulator(15, 4)
    kept = Search(emulator, "ab")
    for piece in pieces:
        emulator.feed(piece)
        if draw.draw(st.booleans()):
            kept.step(0)
        if draw.draw(st.integers(0, 9)) == 0:
            emulator.resize(draw.draw(st.integers(4, 20)), draw.draw(st.integers(2, 6)))
    assert done(kept).matches == found(emulator, "ab")
    text = "".join(
        line.text if line.wrapped else line.text + "\n" for line in emulator.lines(0, 9999)
    )
    assert kept.count >= len(re.findall("ab", text))


@pytest.mark.parametrize("pattern", ["(", "a{2,1}", "[z-a]", "*", "(?P<x>a)(?P<x>b)", "x" * 2000])
def test_a_bad_pattern_is_an_error_with_the_reason(pattern: str) -> None:
    with pytest.raises(PatternInvalid) as raised:
        Search(Emulator(20, 5), pattern)
    assert isinstance(raised.value, MnixError)
    assert raised.value.detail


def test_a_catastrophic_pattern_gives_up() -> None:
    emulator = fed(b"a" * 60 + b"!\r\n", cols=80)
    search = Search(emulator, "(a+)+$")
    started = time.perf_counter()
    done(search)
    assert time.perf_counter() - started < 5
    assert search.problem == "the pattern takes too long"
    assert signal.getsignal(signal.SIGVTALRM) is signal.SIG_IGN
    assert signal.getitimer(signal.ITIMER_VIRTUAL)[0] == 0


def test_a_slow_pattern_is_searched_in_small_steps_and_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mnix_tui.terminal.search.SEARCH_SECONDS", 0.5)
    emulator = fed(b"a" * 100 + b"\r\n", cols=180, rows=50)
    emulator.feed((b"a" * 100 + b"\r\n") * 1500 + b"the x\r\n")
    search = Search(emulator, "(.*)(.*)x")
    steps: list[float] = []
    complete = False
    while not complete:
        begun = time.thread_time()
        complete = search.step(0.004)
        steps.append(time.thread_time() - begun)
    assert search.problem == "the pattern takes too long"
    assert max(steps) < 0.1
    assert 0.5 < sum(steps) < 2
    assert [match.row for match in search.matches] == [1501]


def test_a_step_takes_little_time_and_all_of_a_long_history_not_much() -> None:
    emulator = Emulator(100, 50, scrollback_bytes=64 << 20)
    emulator.feed(
        b"".join(b"%d some words of a log line, such as there are\r\n" % n for n in range(40_000))
    )
    search = Search(emulator, "[13579]7 some")
    started = time.perf_counter()
    longest = 0.0
    complete = False
    while not complete:
        begun = time.perf_counter()
        complete = search.step(0.002)
        longest = max(longest, time.perf_counter() - begun)
    assert search.count == 2000
    assert time.perf_counter() - started < 5
    assert longest < 0.5


def test_matches_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnix_tui.terminal.search.MAX_MATCHES", 1000)
    emulator = fed(numbered(3000))
    search = done(Search(emulator, "."))
    assert search.capped
    assert 1000 <= search.count < 5000
