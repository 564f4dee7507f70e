"""The history's memory: long enough, bounded, compressed, and what is in it stays the same."""

from __future__ import annotations

from weakref import WeakSet

import pytest

from mnix_tui.terminal import Emulator, memory
from mnix_tui.terminal.memory import SCROLLBACK_BYTES, SCROLLBACK_LINES


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """All terminals share one bound: those that other tests have left would count too."""
    monkeypatch.setattr(memory, "_ALL", WeakSet())


def numbered(count: int, start: int = 0) -> bytes:
    return b"".join(
        b"\x1b[3%dmline\x1b[0m %d\r\n" % (n % 8, n) for n in range(start, start + count)
    )


def test_100000_lines_are_kept_and_stay_readable_when_compressed() -> None:
    emulator = Emulator(200, 50)
    emulator.feed(numbered(SCROLLBACK_LINES))
    assert emulator.dropped == 0
    assert emulator.total_rows == SCROLLBACK_LINES + 1
    while not emulator.tidy(0.1):
        pass
    for row in (0, 1, 54_321, 99_999):
        assert [line.text for line in emulator.lines(row, row + 1)] == [f"line {row}"]
    emulator.scroll_to(777)
    first = emulator.frame().rows[0]
    assert (first[0].text, first[0].style.foreground) == ("line", 777 % 8)


@pytest.mark.parametrize(
    ("cols", "least", "most"), [(40, 100_000, 260_000), (80, 100_000, 220_000)]
)
def test_lines_are_bounded_in_a_narrow_terminal_too(cols: int, least: int, most: int) -> None:
    emulator = Emulator(cols, 24)
    for _ in range(4):
        emulator.feed(b"x\r\n" * 75_000)
    assert least <= emulator.total_rows <= most


def test_a_wide_terminal_keeps_as_many_bytes_as_any() -> None:
    emulator = Emulator(80, 24, scrollback_bytes=8 << 20)
    emulator.feed(b"x\r\n" * 20_000)
    emulator.resize(2000, 24)
    assert emulator.total_rows * 2000 * 8 < 9 << 20
    emulator.resize(80, 24)
    assert emulator.total_rows > 400


def test_a_flood_is_compressed_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LOOSE_BYTES", 8 << 20)
    emulator = Emulator(200, 50)
    most = 0
    for start in range(0, 60_000, 500):
        emulator.feed(numbered(500, start))
        most = max(most, emulator._memory.loose)
    assert most <= 10 << 20
    assert [line.text for line in emulator.lines(4242, 4243)] == ["line 4242"]


def test_reading_history_is_followed_by_compressing_it_again() -> None:
    emulator = Emulator(200, 50)
    emulator.feed(numbered(5000))
    while not emulator.tidy(0.1):
        pass
    emulator.lines(0, 5000)
    assert emulator._memory.loose > 0
    while not emulator.tidy(0.1):
        pass
    assert emulator.tidy(0)


def test_where_all_shells_keep_too_much_what_is_read_is_compressed_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other, emulator = Emulator(200, 50), Emulator(200, 50)
    emulator.feed(numbered(5000))
    monkeypatch.setattr(other._memory, "loose", memory.LOOSE_BYTES)
    emulator.lines(0, 5000)
    assert emulator._memory.loose == 0


def test_what_a_shell_keeps_at_most_is_what_it_says() -> None:
    assert SCROLLBACK_BYTES == 192 << 20
    # One shell alone never pays for compressing while it floods.
    assert memory.LOOSE_BYTES > SCROLLBACK_BYTES + (8 << 20)
