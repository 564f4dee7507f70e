"""Recordings of real programs: the emulator shows what tmux shows, all along.

They are made by ``record.py``. Checked at several places of each, and at its end.
"""

from __future__ import annotations

import lzma
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mnix_tui.terminal import Bell, Clipboard, Directory, Emulator, Title
from tests.conformance import compare
from tests.conformance.compare import Screen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mnix_tui.terminal import Event
    from tests.conformance.oracle import Oracle

FILES = sorted((Path(__file__).parent / "recordings").glob("*.xz"))
CHECKS = 6


def as_it_is(screen: Screen) -> Screen:
    """See everything."""
    return screen


def replaced(old: str, new: str) -> Callable[[Screen], Screen]:
    """Make a filter that sees one character as another."""

    def change(screen: Screen) -> Screen:
        rows = [[(text.replace(old, new), style) for text, style in row] for row in screen.rows]
        return Screen([[cell for cell in row if cell[0]] for row in rows], screen.cursor)

    return change


def without_cursor(screen: Screen) -> Screen:
    """See no cursor."""
    return Screen(screen.rows, (0, 0))


def without_wraps(screen: Screen) -> Screen:
    """See neither the cursor nor the outermost cells, and nothing of the page about wrapping."""
    if "autowrap" in screen.text[0]:
        return Screen([[] for _ in screen.rows], (0, 0))
    width = max(len(row) for row in screen.rows)
    return Screen([row[: width - 2] for row in screen.rows], (0, 0))


LEGITIMATE: dict[str, Callable[[Screen], Screen]] = {
    # tmux has no British character set: it shows # for £.
    "vttest-charsets": replaced("£", "#"),
    # DECSTBM goes to the region's top while origin mode is set; in tmux to the screen's.
    "vttest-screen": without_cursor,
    # A pending wrap: BS goes to the last cell but one in xterm, to the last one in tmux, which
    # fails vttest's page about it: ``test_wrapping_as_vttest_wants_it``.
    "vttest-cursor": without_wraps,
    # A combining mark right before the wrap: tmux puts it into the cell before.
    "less-wide": replaced("\u0301", ""),
}
"""Where tmux and xterm differ, xterm is right: how to look at both screens then."""


def opened(path: Path) -> tuple[str, bytes, int, int]:
    name, _, size = path.stem.rpartition("-")
    cols, rows = (int(number) for number in size.split("x"))
    return name, lzma.decompress(path.read_bytes()), cols, rows


def pieces(data: bytes, count: int) -> Iterator[bytes]:
    """Cut a recording where a sequence begins, so that tmux can be asked in between."""
    done = 0
    for number in range(1, count):
        at = data.rfind(b"\x1b", done, len(data) * number // count)
        if at > done:
            yield data[done:at]
            done = at
    yield data[done:]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_recording_shows_what_tmux_shows(oracle: Oracle, path: Path) -> None:
    name, data, cols, rows = opened(path)
    emulator = Emulator(cols, rows)
    oracle.reset(cols, rows)
    look = LEGITIMATE.get(name, as_it_is)
    for number, piece in enumerate(pieces(data, CHECKS)):
        emulator.feed(piece)
        oracle.write(piece)
        ours = look(compare.screen(emulator))
        theirs = look(compare.painted(oracle.captured(), cols))
        difference = compare.difference(f"{path.stem}, part {number}", ours, theirs)
        assert not difference, difference


def lasting(events: list[Event]) -> list[Event]:
    """Leave out what the next of its kind replaced: of those, a feed tells the last one only."""
    last = {type(event): event for event in events}
    replaced = (Bell, Title, Directory, Clipboard)
    others = [event for event in events if not isinstance(event, replaced)]
    return others + [last[kind] for kind in replaced if kind in last]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_recording_may_be_split_anywhere(path: Path) -> None:
    _, data, cols, rows = opened(path)
    whole = Emulator(cols, rows)
    expected = whole.feed(data)
    chance = random.Random(path.stem)
    split = Emulator(cols, rows)
    events = []
    done = 0
    while done < len(data):
        size = chance.choice((1, 2, 3, 50, 700, 4000))
        events += split.feed(data[done : done + size])
        done += size
        if chance.random() < 0.1:
            split.frame()
    assert compare.screen(split) == compare.screen(whole)
    assert compare.history(split) == compare.history(whole)
    assert lasting(events) == lasting(expected)


def test_wrapping_as_vttest_wants_it() -> None:
    """The margins of that page have the letters in order; tmux's don't."""
    _, data, cols, rows = opened(FILES[0].with_name("vttest-cursor-80x24.xz"))
    emulator = Emulator(cols, rows)
    emulator.feed(data[: data.index(b"Push", data.index(b"autowrap"))])
    page = emulator.text().splitlines()[2:20]
    assert [(line[0], line[79]) for line in page] == list(
        zip("IJKLMNOPQRSTUVWXYZ", "ijklmnopqrstuvwxyz", strict=True)
    )


REFLOWED = [path for path in FILES if path.stem.startswith(("git-log-quit", "fish"))]


@pytest.mark.parametrize("path", REFLOWED, ids=lambda path: path.stem)
def test_resized_in_between(oracle: Oracle, path: Path) -> None:
    """Lines are wrapped anew as in tmux, on the screen and in the history."""
    name, data, cols, rows = opened(path)
    emulator = Emulator(cols, rows)
    oracle.reset(cols, rows)
    emulator.feed(data)
    oracle.write(data)
    for size in ((cols - 17, rows), (cols + 20, rows), (cols - 40, rows), (cols, rows)):
        emulator.resize(*size)
        oracle.resize(*size)
        oracle.write(b"")
        theirs = compare.painted(oracle.captured(), size[0])
        difference = compare.difference(f"{name} {size}", compare.screen(emulator), theirs)
        assert not difference, difference
        assert trimmed(compare.history(emulator)) == trimmed(
            compare.painted(oracle.captured(history=True), size[0]).text
        )


def trimmed(lines: list[str]) -> list[str]:
    while lines and not lines[-1]:
        lines.pop()
    return lines


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_resized_at_any_time_and_back_nothing_breaks(path: Path) -> None:
    """A program redraws after a resize; a recording can't. But rows, marks and text must hold."""
    _, data, cols, rows = opened(path)
    emulator = Emulator(cols, rows)
    chance = random.Random(path.stem)
    for piece in pieces(data, 8):
        emulator.feed(piece)
        emulator.resize(chance.randint(1, 150), chance.randint(1, 60))
        frame = emulator.frame()
        assert len(frame.rows) == emulator.rows
        assert all(sum(run.width for run in row) == emulator.cols for row in frame.rows.values())
        assert len(emulator.lines(0, emulator.total_rows)) == emulator.total_rows
        row = emulator.total_rows
        while (before := emulator.prompts.before(row)) is not None:
            assert before < row
            row = before
