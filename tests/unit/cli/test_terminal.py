"""The leader key, and the modes that a left session leaves behind."""

import pytest

from mnix_tui.cli.terminal import Keys, Modes, leader_byte


@pytest.mark.parametrize(
    ("key", "byte"),
    [("ctrl+backslash", 0x1C), ("ctrl+a", 1), ("ctrl+]", 0x1D), ("f12", 0x1C), ("CTRL+B", 2)],
)
def test_the_leader_is_a_byte(key: str, byte: int) -> None:
    assert leader_byte(key) == byte


@pytest.mark.parametrize(
    ("typed", "sent", "left"),
    [
        ([b"ls\n"], b"ls\n", False),
        ([b"a\x1c\x1cb"], b"a\x1cb", False),
        ([b"a\x1c", b"d", b"b"], b"ab", True),
        ([b"\x1cx", b"y"], b"y", False),
        (["ü".encode()], "ü".encode(), False),
    ],
)
def test_only_the_leader_is_kept_back(typed: list[bytes], sent: bytes, left: bool) -> None:
    keys = Keys(0x1C)
    assert b"".join(keys.feed(data) for data in typed) == sent
    assert keys.left is left


def test_only_what_is_still_on_is_undone() -> None:
    modes = Modes()
    for piece in (b"\x1b[?1049h\x1b[?25l\x1b[?10", b"00;1006h text \x1b[?1049l\x1b[?2004", b"h"):
        modes.feed(piece)
    undo = modes.undo()
    assert b"\x1b[?25h" in undo
    assert b"\x1b[?1000l" in undo
    assert b"\x1b[?2004l" in undo
    assert b"1049" not in undo
    assert Modes().undo() == b"\x1b[m"
