"""How text looks at a place of the log: a fresh terminal writes on as the old one would."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mnix_tui.terminal import Emulator
from server_agent.jobs import pen

NUMBERS = st.sampled_from(
    [
        *("", "0", "1", "4", "7", "9", "22", "24", "27", "0;1", "1;31", "39", "49", "4:3", "00"),
        *("31", "42", "97", "104", "38;5;208", "48;5;17", "38;2;1;2;3", "48;2;9;8;7"),
        *("38;2;5;5;5;1", "48;5;3;4", "38:2::1:2:3", "58;5;9", "1;38;5;4;48;5;5"),
    ]
)
PIECES = st.one_of(
    NUMBERS.map(lambda numbers: f"\x1b[{numbers}m"),
    st.sampled_from(["text", "\x1b[2;3H", "\x1b]8;;https://example.org\x07", "\x1b]8;;\x07"]),
)


def written_after(data: bytes) -> object:
    emulator = Emulator(20, 4)
    emulator.feed(data + b"\x1b[4;1HX\x1b[K")
    emulator.frame(force=True)
    return emulator.row(3)[0]


@settings(deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
@example("\x1b[31m\x1b[1m\x1b[32m")
@example("\x1b[38;2;1;2;3m\x1b[1;39m\x1b[38;5;7m")
def test_text_goes_on_as_it_was(stream: str) -> None:
    data = stream.encode()
    assert written_after(pen.after(data)) == written_after(data)


def test_a_picture_of_many_colours_is_cheap_to_go_on_with() -> None:
    colours = [
        b"\x1b[38;2;%d;%d;0m\x1b[48;2;0;0;%dm#" % (n % 256, n // 256, n % 256) for n in range(9000)
    ]
    assert pen.after(b"".join(colours)) == b"\x1b[38;2;39;35;0m\x1b[48;2;0;0;39m"


def test_nothing_is_said_of_plain_text() -> None:
    assert pen.after(b"plain\r\n\x1b[1mbold\x1b[0m plain") == b""
