"""The scanner of terminal modes: the same modes wherever the bytes were cut."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server_agent.jobs.modes import Modes

PIECES = st.sampled_from(
    [
        *(b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?47h", b"\x1b[?1047l", b"\x1b[?1;25;2004h"),
        *(b"\x1b[?25l", b"\x1b[?7l", b"\x1b[?1000;1006h", b"\x1b[?1002s", b"\x1b[?1002r"),
        *(
            b"\x1b=",
            b"\x1b>",
            b"\x1bc",
            b"\x1b[!p",
            b"\x1b(0",
            b"\x1b(B",
            b"\x1b)%5",
            b"\x0e",
            b"\x0f",
        ),
        *(b"\x1b]0;title\x07", b"\x1b]2;other\x1b\\", b"\x1b]0;cut \x0e short\x1b[?1h"),
        *(b"\x1b]52;c;aGk=\x07", b"\x1b[3;20r", b"\x1b[r", b"\x1b[2 q", b"\x1b[4h", b"\x1b[20l"),
        *(b"\x1b[>1u", b"\x1b[>5u", b"\x1b[<u", b"\x1b[=3;2u", b"\x1b[>4;2m", b"\x1b[>4m"),
        *(b"\x1b[38;2;1;2;3mtext", b"line\r\n", b"\x1b", b"\x1b[", b"\x1b[?", b"\x1b]0;"),
        *(
            "日本".encode(),
            b"\x1b]2;" + b"long" * 1100,
            b"\x1b\\",
            b"\x07",
            b"h",
            b"\x1b[?" + b"1;" * 70,
        ),
    ]
)
STREAMS = st.lists(PIECES | st.binary(max_size=6), max_size=12).map(b"".join)


def modes_after(*pieces: bytes) -> Modes:
    modes = Modes()
    for piece in pieces:
        modes.feed(piece)
    return modes


@given(STREAMS, st.data())
@example(b"\x1b]0;" + b"a" * 4097 + b"\x0e\x1b\\", None)
def test_where_the_bytes_are_cut_makes_no_difference(
    stream: bytes, data: st.DataObject | None
) -> None:
    whole = modes_after(stream)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream))))) if data else [4101]
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    for split in (pieces, [bytes([byte]) for byte in stream]):
        again = modes_after(*split)
        assert again.preamble() == whole.preamble()
        assert again.alternate == whole.alternate
        assert again.settled == whole.settled


@given(STREAMS)
def test_a_preamble_brings_a_fresh_terminal_into_the_same_modes(stream: bytes) -> None:
    preamble = modes_after(stream).preamble()
    again = modes_after(preamble)
    assert again.settled
    assert again.preamble() == preamble


@pytest.mark.parametrize(
    ("stream", "preamble"),
    [
        (b"plain text\r\n\x1b[31mred\x1b[0m", b""),
        (b"\x1b[?1049h\x1b[?25l", b"\x1b[?1049h\x1b[?25l"),
        (b"\x1b[?1049h\x1b[?25l\x1b[?25h\x1b[?1049l", b""),
        (b"\x1b[?1049h\x1b[?47l", b""),
        (b"\x1b[?1000;1006h\x1b[?2004h", b"\x1b[?1000h\x1b[?1006h\x1b[?2004h"),
        (b"\x1b[?2026h", b""),  # synchronized output that nobody would end
        (b"\x1b=\x1b(0\x0e", b"\x1b(0\x1b=\x0e"),
        (b"\x1b]0;vim \xe2\x9c\x93\x07", b"\x1b]2;vim \xe2\x9c\x93\x07"),
        (b"\x1b[2;10r\x1b[4 q", b"\x1b[2;10r\x1b[4 q"),
        (b"\x1b[>4;2m\x1b[>3u", b"\x1b[>3u\x1b[>4;2m"),
        (b"\x1b[>3u\x1b[<u\x1b[>4m", b""),
        (b"\x1b[>3u\x1b[?1049h", b"\x1b[>3u\x1b[?1049h"),  # each screen has its own flags
        (b"\x1b[?1049h\x1b[=3;2u", b"\x1b[?1049h\x1b[=3;1u"),
        (b"\x1b[?1h\x1b[?2004h\x1b[!p", b"\x1b[?2004h"),
        (b"\x1b[?1049h\x1b[?1000h\x1b=\x1bc", b""),
    ],
)
def test_what_programs_set_is_noted(stream: bytes, preamble: bytes) -> None:
    assert modes_after(stream).preamble() == preamble


@given(st.binary(max_size=2000))
def test_no_bytes_are_too_strange(data: bytes) -> None:
    assert len(modes_after(data).preamble()) < 8192


def test_no_program_makes_a_preamble_long() -> None:
    numbers = (*range(3000), *(b"%04d" % n for n in range(3000)))
    sets = [
        *(
            b"\x1b[>%s;%sm" % (str(n).encode() if isinstance(n, int) else n, b"9" * 20)
            for n in numbers
        ),
        *(b"\x1b[?%dh\x1b[%dh\x1b[>%du" % (n, n, n) for n in range(3000)),
        *(
            b"\x1b%c%c%c" % (slot, middle, final)
            for slot in b"()*+"
            for middle in range(32, 48)
            for final in range(48, 127)
        ),
        *(b"\x1b]%d;%s\x07" % (n, b"x" * 1024) for n in range(1000)),
        *(b"\x1b]%03d;%s\x07" % (n, b"x" * 1024) for n in range(1000)),
        *(
            b"\x1b]4;%0*d;%s\x07" % (width, n, b"x" * 64)
            for n in range(300)
            for width in (1, 4, 40)
        ),
        *(b"\x1b[>31u" for _ in range(100)),
        b"\x1b[%sr\x1b[?69h\x1b[%ss\x1b[%s q" % ((b"9" * 16,) * 3),
    ]
    modes = modes_after(b"".join(sets), b"\x1b[?1049h", b"\x1b[>31u" * 100)
    for again in (False, True):
        assert len(modes.preamble(again=again)) < 32 << 10


def test_an_endless_sequence_is_not_kept() -> None:
    endless = [b"\x1b]0;", *[b"x" * 1000] * 100]
    assert not modes_after(*endless).settled
    ended = modes_after(*endless, b"\x07text")
    assert ended.settled
    assert ended.preamble() == b""
