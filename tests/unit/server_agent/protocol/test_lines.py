"""The control channel's codec: lines and the preface, cut anywhere, with anything around them."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_agent.protocol import lines
from server_agent.protocol.errors import AgentError, ProtocolError
from server_agent.protocol.lines import MAX_LINE, MAX_NOISE, LineSplitter, PrefaceReader

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
MESSAGES = st.dictionaries(st.text(max_size=8), VALUES, max_size=4)


@given(MESSAGES)
def test_a_message_is_one_line_and_comes_back(message: dict[str, Any]) -> None:
    line = lines.encode(message)
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert lines.decode(line) == message


@given(st.lists(MESSAGES, max_size=5), st.data())
def test_lines_come_out_wherever_the_stream_is_cut(
    sent: list[dict[str, Any]], data: st.DataObject
) -> None:
    stream = b"".join(map(lines.encode, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    splitter = LineSplitter()
    got: list[bytes] = []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += splitter.feed(stream[begin:end])
    assert [lines.decode(line) for line in got] == sent
    assert splitter.feed(b"{}\n") == [b"{}"]  # nothing of them was left


@given(st.binary(max_size=300))
def test_hostile_lines_are_messages_or_an_error(data: bytes) -> None:
    for line in LineSplitter().feed(data):
        with contextlib.suppress(ProtocolError):
            assert isinstance(lines.decode(line), dict)


@pytest.mark.parametrize("pieces", [1, 1000])
def test_a_line_without_an_end_is_refused_when_it_is_too_long(pieces: int) -> None:
    splitter = LineSplitter()
    for _ in range(pieces - 1):
        splitter.feed(b"x" * (MAX_LINE // pieces))
    with pytest.raises(ProtocolError, match="longer than"):
        splitter.feed(b"x" * (MAX_LINE // pieces + pieces))


def test_the_longest_line_just_fits() -> None:
    fixed = len(lines.encode({"a": ""}))
    line = lines.encode({"a": "x" * (MAX_LINE - fixed)})
    assert LineSplitter().feed(line) == [line[:-1]]
    with pytest.raises(ProtocolError, match="longer than"):
        lines.encode({"a": "x" * (MAX_LINE - fixed + 1)})
    with pytest.raises(ProtocolError, match="longer than"):
        LineSplitter().feed(b"x" * MAX_LINE + b"\n")


@given(st.binary(max_size=300), MESSAGES, st.binary(max_size=50), st.integers(1, 40))
def test_the_preface_is_found_behind_any_noise(
    noise: bytes, hello: dict[str, Any], rest: bytes, step: int
) -> None:
    stream = noise + lines.preface("n0nce", hello) + rest
    reader = PrefaceReader("n0nce")
    found = False
    at = 0
    while not found and at < len(stream):
        found = reader.feed(stream[at : at + step])
        at += step
    assert found
    assert reader.hello == hello
    assert reader.rest + stream[at:] == rest


def test_a_preface_for_somebody_else_is_noise() -> None:
    reader = PrefaceReader("mine")
    assert not reader.feed(lines.preface("other", {"a": 1}))
    assert reader.hello is None
    assert "MNIX/1 other" in reader.noise
    assert reader.feed(lines.preface("mine", {"b": 2}))
    assert reader.hello == {"b": 2}


@pytest.mark.parametrize("step", [1, 100, MAX_NOISE])
def test_too_much_noise_is_refused(step: int) -> None:
    reader = PrefaceReader("n")
    noise = b"y" * (MAX_NOISE - step)
    assert not reader.feed(noise)
    with pytest.raises(ProtocolError, match="prints too much"):
        reader.feed(b"y" * (step + 1) + lines.preface("n", {}))


def test_an_error_keeps_what_it_has_to_say() -> None:
    full = AgentError("busy", "it is busy", "wait", "pid 5").to_wire()
    assert full == {"code": "busy", "message": "it is busy", "hint": "wait", "detail": "pid 5"}
    assert AgentError("error", "no").to_wire() == {"code": "error", "message": "no"}
