"""What is sent again is not typed twice, and not everybody is remembered for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_agent.jobs.typed import Typed
from server_agent.protocol.errors import ProtocolError


@given(st.binary(max_size=50), st.data())
def test_however_often_it_is_sent_it_is_typed_once(text: bytes, data: st.DataObject) -> None:
    typed = Typed()
    got = b""
    while len(got) < len(text):
        start = data.draw(st.integers(0, len(got)))
        stop = data.draw(st.integers(len(got), len(text)))
        got += typed.take("a", start, text[start : max(stop, len(got) + 1)], ["a"])
        assert typed.count("a") == len(got)
    assert got == text


def test_a_hole_in_what_is_typed_is_refused() -> None:
    typed = Typed()
    typed.take("a", 0, b"12", ["a"])
    with pytest.raises(ProtocolError):
        typed.take("a", 3, b"4", ["a"])


def test_those_who_are_here_are_remembered_and_of_the_others_the_last() -> None:
    typed = Typed()
    typed.take("here", 0, b"x", ["here"])
    for number in range(1000):
        typed.take(f"gone{number}", 0, b"x", ["here"])
        typed.end(f"gone{number}")
    assert typed.count("here") == 1
    assert typed.count("gone999") == 1
    assert typed.count("gone0") == 0
    assert not typed.end("gone999")
    assert typed.end("gone0")


def test_who_typed_last_is_known_among_any() -> None:
    typed = Typed()
    for client in ("a", "b", "a", "c"):
        typed.take(client, typed.count(client), b"x", [])
    assert typed.latest(["a", "b"]) == "a"
    assert typed.latest(["a", "b", "c"]) == "c"
    assert typed.latest(["d"]) == ""
