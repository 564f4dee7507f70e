"""The codec of streams: what was encoded comes out, wherever it was cut, and garbage is refused."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_agent.protocol import frames
from server_agent.protocol.errors import ProtocolError
from server_agent.protocol.frames import MAX_PAYLOAD, Frame, FrameReader, Type

KINDS = st.sampled_from(list(Type))
FRAMES = st.lists(st.tuples(KINDS, st.binary(max_size=200)), max_size=8)
OFFSETS = st.integers(0, 2**64 - 1)
JSON = st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text(max_size=8))


@given(FRAMES, st.data())
def test_frames_come_out_wherever_the_stream_is_cut(
    sent: list[tuple[Type, bytes]], data: st.DataObject
) -> None:
    stream = b"".join(frames.frame(kind, payload) for kind, payload in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reader = FrameReader()
    got: list[Frame] = []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += reader.feed(stream[begin:end])
    assert got == sent
    assert reader.pending == 0


def test_frames_come_out_byte_by_byte() -> None:
    stream = frames.json_frame(Type.ATTACH, {"client": "a"}) + frames.resize_frame(80, 24)
    reader = FrameReader()
    got = [frame for byte in stream for frame in reader.feed(bytes([byte]))]
    assert got[0].json() == {"client": "a"}
    assert got[1].size() == (80, 24)


@given(OFFSETS, OFFSETS, st.binary(max_size=100), JSON)
def test_payloads_come_back(one: int, two: int, data: bytes, value: dict[str, Any]) -> None:
    reader = FrameReader()
    stream = frames.data_frame(Type.DATA, one, data) + frames.offsets_frame(Type.GAP, one, two)
    got = reader.feed(stream + frames.json_frame(Type.EXIT, value))
    assert got[0].offset_and_bytes() == (one, data)
    assert got[1].offsets(2) == (one, two)
    assert got[2].json() == json.loads(json.dumps(value))


@given(st.binary(max_size=400))
def test_hostile_bytes_are_frames_or_an_error_and_nothing_else(data: bytes) -> None:
    reader = FrameReader()
    with contextlib.suppress(ProtocolError):
        for frame in reader.feed(data):
            for read in (Frame.json, Frame.size, Frame.offset_and_bytes):
                with contextlib.suppress(ProtocolError):
                    read(frame)
            with contextlib.suppress(ProtocolError):
                frame.offsets(2)
    assert reader.pending <= len(data)


@given(st.integers(MAX_PAYLOAD + 1, 2**32 - 1), KINDS)
def test_a_long_frame_is_refused_before_its_bytes_come(length: int, kind: Type) -> None:
    with pytest.raises(ProtocolError, match="longer than"):
        FrameReader().feed(bytes([kind]) + length.to_bytes(4, "big"))


def test_a_long_payload_is_not_even_sent() -> None:
    assert len(frames.frame(Type.DATA, bytes(MAX_PAYLOAD))) == MAX_PAYLOAD + 5
    with pytest.raises(ProtocolError, match="longer than"):
        frames.frame(Type.DATA, bytes(MAX_PAYLOAD + 1))


@pytest.mark.parametrize("kind", [0, 10, 15, 25, 255])
def test_an_unknown_type_is_refused(kind: int) -> None:
    with pytest.raises(ProtocolError, match=f"unknown type {kind}"):
        FrameReader().feed(bytes([kind, 0, 0, 0, 0]))


@given(st.integers(-10, 70000), st.integers(-10, 70000))
def test_a_size_is_held_in_bounds(cols: int, rows: int) -> None:
    [frame] = FrameReader().feed(frames.resize_frame(cols, rows))
    assert frame.size() == (max(1, min(1000, cols)), max(1, min(1000, rows)))


@pytest.mark.parametrize("payload", [b"", b"[1]", b"1", b"{", b"\xff", b"[" * 200_000])
def test_json_payloads_are_objects(payload: bytes) -> None:
    with pytest.raises(ProtocolError, match="holds no JSON"):
        Frame(Type.ATTACH, payload).json()
