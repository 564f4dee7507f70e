"""What a session changes in the outer terminal, and what takes it back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnix_tui.cli.modes import Modes


def undo(*pieces: bytes) -> bytes:
    modes = Modes()
    for piece in pieces:
        modes.feed(piece)
    return modes.undo().removesuffix(b"\x1b[m")


@pytest.mark.parametrize(
    ("output", "undone"),
    [
        (b"plain text \x1b[31mred", b""),
        (b"\x1b[?1049h", b"\x1b[?1049l"),
        (b"\x1b[?1049h\x1b[?1049l", b""),
        (b"\x1b[?25l\x1b[?2004h", b"\x1b[?2004l\x1b[?25h"),
        (b"\x1b[?1000;1006h", b"\x1b[?1006l\x1b[?1000l"),
        (b"\x1b[?7l", b"\x1b[?7h"),
        (b"\x1b=", b"\x1b>"),
        (b"\x1b=\x1b>", b""),
        (b"\x1b[4h", b"\x1b[4l"),
        (b"\x1b[>1u", b"\x1b[<1u"),
        (b"\x1b[>1u\x1b[>5u\x1b[<u", b"\x1b[<1u"),
        (b"\x1b[=3;1u", b"\x1b[=0u"),
        # each screen has flags of its own: those of the alternate one are dropped while it shows
        (b"\x1b[>1u\x1b[?1049h\x1b[>7u", b"\x1b[<1u\x1b[?1049l\x1b[<1u"),
        (b"\x1b[>4;2m", b"\x1b[>4m"),
        (b"\x1b[>4;0m", b""),
        (b"\x1b[5 q", b"\x1b[0 q"),
        (b"\x1b[5 q\x1b[0 q", b""),
        (b"\x1b[3;10r", b"\x1b7\x1b[r\x1b8"),
        (b"\x1b[3;10r\x1b[r", b""),
        (b"\x1b(0", b"\x1b(B\x1b)B"),
        (b"\x0e", b"\x0f"),
        (b"\x0e\x0f", b""),
        (b"\x1b[22;0t", b"\x1b[23t"),
        (b"\x1b[22;0t\x1b[23;0t", b""),
        (b"\x1b]11;#000000\x07", b"\x1b]111\x1b\\"),
        (b"\x1b]11;?\x07", b""),
        (b"\x1b]8;;http://x/\x1b\\link", b"\x1b]8;;\x1b\\"),
        (b"\x1b]8;;http://x/\x1b\\link\x1b]8;;\x1b\\", b""),
        (b"\x1b[?1049h\x1b[?1000h\x1b=\x1bc", b""),
    ],
)
def test_what_is_still_on_is_undone(output: bytes, undone: bytes) -> None:
    assert undo(output) == undone


@given(st.lists(st.sampled_from([b"\x1b[?1049h", b"\x1b[>1u", b"\x1b(0", "é".encode(), b"x"])))
def test_however_the_output_is_cut_the_same_is_shown_and_undone(parts: list[bytes]) -> None:
    whole, split = Modes(), Modes()
    data = b"".join(parts)
    shown = whole.feed(data)
    pieces = [split.feed(data[at : at + 1]) for at in range(len(data))]
    assert b"".join(pieces) + split.rest() == shown + whole.rest() == data
    assert split.undo() == whole.undo()


@given(st.binary(max_size=300))
def test_no_byte_is_lost_whatever_it_is(data: bytes) -> None:
    modes = Modes()
    assert modes.feed(data[:100]) + modes.feed(data[100:]) + modes.rest() == data
    modes.undo()


def test_a_sequence_or_a_character_is_not_cut() -> None:
    modes = Modes()
    assert modes.feed(b"a\x1b[3") == b"a"
    assert modes.feed(b"1mb\xe2\x82") == b"\x1b[31mb"
    assert modes.feed(b"\xac") == b"\xe2\x82\xac"
    assert modes.feed(b"\x1b") == b""
    assert modes.rest() == b"\x1b"


def cut(modes: Modes, data: bytes) -> bool:
    modes.feed(data)
    return modes.in_string


@pytest.mark.parametrize("end", [b"\x07", b"\x1b\\", b"\x18"])
@pytest.mark.parametrize("string", [b"\x1b]0;a title", b"\x1b]1337;File=:QUJD"])
def test_a_cut_string_is_known_until_it_ends(string: bytes, end: bytes) -> None:
    modes = Modes()
    assert cut(modes, b"text" + string)
    assert modes.undo().startswith(b"\x1b\\")
    assert cut(modes, b"more")
    assert not cut(modes, end + b"text behind")
    assert not cut(modes, string + end + b"text")
    assert not modes.undo().startswith(b"\x1b\\")


def test_an_image_ends_neither_with_a_bell_nor_with_what_goes_through_tmux() -> None:
    modes = Modes()
    assert cut(modes, b"\x1bPtmux;\x1b\x1b]52;c;QUJD\x07")
    assert not cut(modes, b"\x1b\\")
    assert cut(modes, b"\x1b_Gm=1;QUJD")
    assert not cut(modes, b"\x1b\\\x1b[mtext")


def test_what_never_ends_is_not_kept_for_ever() -> None:
    modes = Modes()
    endless = b"\x1b[" + b"1;" * 100
    assert modes.feed(endless) == endless
    assert modes.alternate is False
