"""A log keeps the newest lines, under numbers that last, and is searched in slices."""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from mnix_tui.ui.widgets import log_lines
from mnix_tui.ui.widgets.log_lines import Lines, LogLine, rows
from mnix_tui.ui.widgets.log_search import MAX_MATCHES, LogSearch, Match


def _lines(*texts: str) -> Lines[LogLine]:
    lines: Lines[LogLine] = Lines(lambda line: line)
    lines.extend([LogLine(text) for text in texts])
    return lines


def test_the_oldest_go_and_numbers_last() -> None:
    lines = _lines()
    for start in range(0, 3 * log_lines.KEPT, 5000):
        lines.extend([LogLine(str(n)) for n in range(start, start + 5000)])
    assert lines.end == 3 * log_lines.KEPT
    assert log_lines.KEPT <= lines.end - lines.first <= log_lines.KEPT + 7000
    assert lines.plain(lines.first) == str(lines.first)
    assert lines.plain(lines.end - 1) == str(lines.end - 1)


def test_long_lines_are_bounded_by_their_size() -> None:
    lines = _lines()
    for _ in range(40):
        lines.extend([LogLine("x" * 100_000)] * 10)
    kept = (lines.end - lines.first) * 100_000
    assert kept <= log_lines.KEPT_SIZE
    assert kept >= log_lines.KEPT_SIZE - 200_000
    assert len(lines.plain(lines.end - 1)) == log_lines.LONGEST


def test_one_line_is_kept_however_long_it_is() -> None:
    lines = _lines("y" * (log_lines.KEPT_SIZE + 1))
    assert lines.end - lines.first == 1


@given(st.text(alphabet="ab界é😀", max_size=60), st.integers(2, 20))
def test_rows_hold_all_of_a_line_and_no_more_than_fits(text: str, width: int) -> None:
    spans = rows(text, width)
    assert "".join(text[start:end] for start, end in spans) == text
    assert all(cell_len(text[start:end]) <= width for start, end in spans)


def test_a_search_finds_goes_around_and_goes_on() -> None:
    lines = _lines("one error", "fine", "Error: two errors")
    search = LogSearch("error", lines.plain)
    assert search.step(lines.first, lines.end)
    assert [match.line for match in (search.in_line(0) + search.in_line(2))] == [0, 2, 2]
    assert search.after(0, 4) == Match(2, 0, 5)
    assert search.after(2, 11) == Match(0, 4, 9)
    assert search.before(0, 4) == Match(2, 11, 16)
    lines.extend([LogLine("error again")])
    assert search.step(lines.first, lines.end)
    assert search.count == 4
    capital = LogSearch("Error", lines.plain)
    assert capital.step(lines.first, lines.end)
    assert capital.count == 1


def test_matches_go_with_their_lines() -> None:
    lines = _lines(*["x"] * 100)
    search = LogSearch("x", lines.plain)
    search.step(0, 100)
    assert search.step(60, 100)
    assert search.count == 40
    assert search.after(0) == Match(60, 0, 1)


def test_a_search_is_done_in_slices() -> None:
    lines = _lines(*["some words of a builder"] * 20_000)
    search = LogSearch("of", lines.plain)
    steps = 1
    while not search.step(0, lines.end, budget=0.001):
        steps += 1
    assert search.count == 20_000
    assert steps > 3


def test_a_pattern_that_takes_for_ever_is_given_up() -> None:
    lines = _lines("a" * 40)
    search = LogSearch("(a+)+$|(a|aa)+b", lines.plain)
    for _ in range(200):
        if search.step(0, lines.end):
            break
    slow = LogSearch(r"(a|a)+b", _lines("a" * 60).plain)
    for _ in range(200):
        if slow.step(0, 1):
            break
    assert slow.problem


@pytest.fixture(autouse=True)
def _no_collector() -> Iterator[None]:
    """What ends a slow slice may come while a collection is timed, where nobody could catch it."""
    gc.disable()
    yield
    gc.enable()


def test_matches_are_counted_up_to_a_bound() -> None:
    lines = _lines(*["x" * 1000] * 60)
    search = LogSearch("x", lines.plain)
    while not search.step(0, lines.end):
        pass
    assert search.capped
    assert search.count < MAX_MATCHES + 1001
