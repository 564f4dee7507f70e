"""A rebuild's log as lines: steps, nix's messages, what builders print; any bytes at all."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnix_tui.actions.loglines import Line, LogLines


def nix(**event: object) -> bytes:
    return b"@nix " + json.dumps(event).encode() + b"\n"


LOG = (
    b"mnix: evaluating\n"
    + nix(
        action="start",
        id=7,
        type=105,
        level=3,
        text="building 'x'",
        fields=["/nix/store/h-tool-1.0.drv", "", 1, 1],
    )
    + nix(action="result", id=7, type=101, fields=["compiling\x1b[31m!\x1b[0m\x07"])
    + nix(action="result", id=7, type=105, fields=[1, 2, 3, 0])
    + nix(action="stop", id=7)
    + nix(action="msg", level=1, msg="warning: old\nmore")
    + nix(action="msg", level=5, msg="chatter")
    + nix(action="msg", level=0, msg="\x1b[31;1merror:\x1b[0m it broke")
    + nix(action="msg", level=1, msg="error (ignored): no bashInteractive")
    + b"plain \x1b]0;title\x07text\r\n@nix {broken\n"
)
LINES = [
    Line("step", "evaluating"),
    Line("message", "building 'x'"),
    Line("build", "tool-1.0> compiling\x1b[31m!\x1b[0m"),
    Line("message", "warning: old"),
    Line("message", "more"),
    Line("error", "\x1b[31;1merror:\x1b[0m it broke"),
    Line("text", "plain ]0;titletext"),
    Line("text", "@nix {broken"),
]


@pytest.mark.parametrize("step", [1, 2, 3, 7, 64, 1 << 20])
def test_the_log_is_the_same_however_it_is_cut(step: int) -> None:
    lines = LogLines()
    found = [line for at in range(0, len(LOG), step) for line in lines.feed(LOG[at : at + step])]
    assert found + lines.rest() == LINES
    assert LINES[5].plain == "error: it broke"


def test_a_last_line_without_an_end_is_not_lost() -> None:
    lines = LogLines()
    assert lines.feed(b"half") == []
    assert lines.rest() == [Line("text", "half")]
    assert lines.rest() == []


@given(st.lists(st.binary(max_size=60) | st.just(b"\n@nix "), max_size=20))
def test_nothing_makes_it_fail_and_no_control_gets_through(pieces: list[bytes]) -> None:
    lines = LogLines()
    found = [line for piece in pieces for line in lines.feed(piece)] + lines.rest()
    for line in found:
        assert all(each.isprintable() or each == "\t" for each in line.plain)


@given(
    st.dictionaries(
        st.sampled_from(["action", "id", "type", "level", "msg", "text", "fields"]),
        st.none()
        | st.integers(-1, 110)
        | st.sampled_from(["msg", "start", "result"])
        | st.lists(st.integers()),
    )
)
def test_any_event_is_taken(event: dict[str, object]) -> None:
    lines = LogLines()
    lines.feed(b"@nix " + json.dumps(event).encode() + b"\n")
