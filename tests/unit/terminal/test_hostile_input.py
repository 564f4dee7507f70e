"""Property tests: output split anywhere shows the same, and garbage breaks nothing."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mnix_tui.terminal import Emulator, Event, Reply, row_text

PIECES = st.sampled_from(
    [
        b"plain text ",
        "中文 e\u0301 👩‍👩‍👧 ❤️ ".encode(),
        b"\r\n",
        b"\x1b[2J\x1b[H",
        b"\x1b[31;1mred\x1b[0m",
        b"\x1b[38;2;10;20;30m\x1b[48;5;99mx\x1b[K",
        b"\x1b]2;title\x07",
        b"\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\",
        b"\x1b[?1049h",
        b"\x1b[?1049l",
        b"\x1b[3;2Hmoved",
        b"\x1b[2;4r\x1bM\x1b[r",
        b"\x1bP+q544e\x1b\\",
        b"\x1b[6n",
        b"\x1b(0qqq\x1b(B",
        b"\t\b\x07\x7f",
        b"\x1b[5L\x1b[2M\x1b[3@\x1b[2P",
        b"\x1b[?2026h",
        b"\x1b[?2026l",
        b"\x1b[!p",
        b"\x1bc",
    ]
)
GARBAGE = st.one_of(
    st.binary(max_size=200),
    st.text(
        alphabet="\x1b[]?;0123456789hlmrHJKXPqtu\x07\\ a中\u0301\u200d\ufe0f", max_size=200
    ).map(str.encode),
)


def told(events: list[Event]) -> tuple[list[Event], dict[type, Event]]:
    """Return the answers, and of everything else the last: of one feed no more is told."""
    replies: list[Event] = [event for event in events if isinstance(event, Reply)]
    return replies, {type(event): event for event in events if not isinstance(event, Reply)}


def whole(data: bytes) -> tuple[str, object, list[object]]:
    emulator = Emulator(30, 6)
    events = told(emulator.feed(data))
    return emulator.text(), events, [emulator.row(y) for y in range(6)]


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES, max_size=12))
@example([b"\x1b]8;;https://example.com\x1b\\link", b"\x1b[?2026h"])
def test_split_at_every_byte_shows_the_same(pieces: list[bytes]) -> None:
    data = b"".join(pieces) + b"\x1b[?2026l"  # a held picture knows no links
    emulator = Emulator(30, 6)
    events: list[Event] = []
    for at in range(len(data)):
        events += emulator.feed(data[at : at + 1])
        if at % 5 == 0:
            emulator.frame()
    assert (emulator.text(), told(events), [emulator.row(y) for y in range(6)]) == whole(data)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(PIECES, GARBAGE), max_size=8), st.data())
def test_garbage_breaks_nothing(pieces: list[bytes], draw: st.DataObject) -> None:
    emulator = Emulator(30, 6)
    for piece in pieces:
        emulator.feed(piece)
        if draw.draw(st.booleans()):
            cols, rows = draw.draw(st.integers(0, 40)), draw.draw(st.integers(0, 12))
            emulator.resize(cols, rows)
        if draw.draw(st.booleans()):
            emulator.scroll(draw.draw(st.integers(-20, 20)))
        frame = emulator.frame(force=draw.draw(st.booleans()))
        for row in frame.rows.values():
            assert sum(run.width for run in row) == emulator.cols
            assert not any(c < " " or "\x7f" <= c <= "\x9f" for c in row_text(row))
    # After a reset it works like a new one: nothing that came before is stuck.
    emulator.resize(30, 6)
    emulator.feed(b"\x18\x1b\\\x1bc\x1b[?2026lfine")
    assert emulator.text().splitlines()[0] == "fine"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(PIECES, st.binary(max_size=60)), min_size=1, max_size=10))
def test_the_row_cache_shows_what_a_fresh_emulator_shows(pieces: list[bytes]) -> None:
    """Frames in between, with rows from the cache, must not change what is shown at the end."""
    cached = Emulator(30, 6)
    for piece in pieces:
        cached.feed(piece)
        cached.frame()
    fresh = Emulator(30, 6)
    for piece in pieces:
        fresh.feed(piece)
    assert cached.text() == fresh.text()
    assert [cached.row(y) for y in range(6)] == [fresh.row(y) for y in range(6)]


def test_floods_that_hang_other_emulators() -> None:
    emulator = Emulator(80, 24)
    emulator.feed(b"a" + "\u0301".encode() * 200_000)
    emulator.feed(b"".join(b"\x1b]8;;http://%d\x1b\\x" % number for number in range(20_000)))
    emulator.feed(b"\x1b]2;" + b"x" * 5_000_000)
    emulator.feed(b"\x1b\\\x1b[" + b"9;" * 100_000 + b"m\x1b[999999999999C\x1b[2J\x1b[Hstill here")
    frame = emulator.frame()
    assert "still here" in emulator.text()
    assert all(sum(run.width for run in row) == 80 for row in frame.rows.values())
