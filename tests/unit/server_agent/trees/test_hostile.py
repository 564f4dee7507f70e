"""Whatever a peer sends: nothing is written outside of the staging folder and the root."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import shutil
import struct
import zlib
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server_agent.protocol import sync
from server_agent.protocol.errors import AgentError, ProtocolError
from server_agent.protocol.frames import MAX_PAYLOAD, Frame, FrameReader, Type, frame
from server_agent.trees import staging
from server_agent.trees.apply import apply
from server_agent.trees.model import State
from server_agent.trees.receive import Receiver, Wanted
from tests.unit.server_agent.trees.transfers import contents, plant, states

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = [
    "a",
    "b",
    "d",
    "link",
    "..",
    ".",
    "",
    ".mnix",
    ".git",
    "x" * 300,
    "a\0",
    "\udcff",
    "\ud800",
]
PATHS = st.one_of(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map("/".join),
    st.sampled_from(
        ["/etc/mnix-test", "../outside/victim", "link/victim", "d/../../outside/x", "a//b", "/", ""]
    ),
)
TARGETS = st.sampled_from(["../outside", "/etc", "..", "d", ".mnix", "", "a\0", "link", "../../x"])
CONTENT = st.binary(max_size=40)
STATE = st.one_of(
    st.none(),
    st.lists(
        st.one_of(st.integers(-5, 1000), st.sampled_from(["f", "l", "d", "x", ""]), st.none())
    ),
)
NUMBERS = st.one_of(
    st.integers(0, 60), st.sampled_from([-1, 1 << 70, 1.5, None, True, "7", 0o4755])
)


def digest_of(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()[:24]).decode()


@st.composite
def operation(draw: Any) -> tuple[list[Any], bytes]:
    """An operation of a BATCH, more often right than wrong, and its content."""
    path, content = draw(PATHS), draw(CONTENT)
    op = draw(st.sampled_from(["f", "f", "f", "l", "l", "d", "m", "x", "z", None, 7]))
    if op == "f":
        size = draw(st.one_of(st.just(len(content)), NUMBERS))
        value = draw(st.sampled_from([digest_of(content), digest_of(b"!"), "", "../x", 5]))
        mode, mtime = draw(st.one_of(st.just(0o644), NUMBERS)), draw(st.one_of(st.just(1), NUMBERS))
        return ["f", path, mode, mtime, size, value, draw(STATE)], content
    if op == "l":
        return ["l", path, draw(TARGETS), 5, draw(STATE)], b""
    if op == "d":
        return ["d", path, 0, draw(STATE)], b""
    if op == "m":
        return ["m", path, draw(NUMBERS), draw(STATE)], b""
    return [op, path, *draw(st.lists(STATE, max_size=3))], b""


@st.composite
def file_frames(draw: Any) -> list[bytes]:
    content = draw(CONTENT)
    head = {
        "path": draw(PATHS),
        "mode": draw(st.one_of(st.just(0o600), NUMBERS)),
        "mtime": draw(st.one_of(st.just(1), NUMBERS)),
        "size": draw(st.one_of(st.just(len(content)), NUMBERS)),
        "digest": draw(
            st.sampled_from([digest_of(content), "x" * 32, "../../outside/x", "", None])
        ),
        "expect": draw(STATE),
        "basis": draw(st.sampled_from([None, None, "x" * 32, "../x"])),
        "offset": draw(st.one_of(st.just(0), NUMBERS)),
    }
    frames = [sync.message(Type.FILE, head)]
    for each in draw(st.lists(st.sampled_from(["piece", "copy", "z"]), max_size=3)):
        if each == "copy":
            frames.append(sync.copy(draw(st.integers(0, 99)), draw(st.integers(0, 1 << 49))))
        else:
            frames.append(sync.piece(content * (20 if each == "z" else 1), pack=each == "z"))
    end = draw(st.sampled_from([Type.FILE_END, Type.FILE_END, Type.FILE_DROP, None]))
    return [*frames, frame(end)] if end is not None else frames


@st.composite
def batch_frame(draw: Any) -> bytes:
    found = draw(st.lists(operation(), max_size=5))
    head = json.dumps([row for row, _ in found]).encode()
    return sync.batch(head, [each for _, each in found], pack=draw(st.booleans()))


RAW = st.tuples(st.sampled_from(list(Type)), st.binary(max_size=60)).map(lambda x: frame(*x))
STREAM = st.lists(
    st.one_of(batch_frame(), batch_frame(), file_frames().map(b"".join), RAW), max_size=6
).map(b"".join)


class Place:
    """A workspace with a link that leads out of it, and what must never change beside it."""

    def __init__(self) -> None:
        self.base = Path(mkdtemp(prefix="hostile-"))
        self.outside = plant(self.base / "outside", {"victim": "safe", "d/victim": "safe"})
        files = {"a": "mine", "d/b": "mine", "big": "1" * 100, "link": f"->{self.outside}"}
        self.root = plant(self.base / "root", dict(files))
        (self.base / "state").mkdir()
        self.kept = contents(self.root)
        self.before = self.around()

    def around(self) -> dict[str, State]:
        return {
            path: state
            for path, state in states(self.base).items()
            if path.split("/")[0] not in ("root", "state")
        }

    def receive(self, stream: bytes, wanted: Any = None) -> None:
        state = os.fspath(self.base / "state")
        with staging.place(f"{state}/incoming") as place:
            receiver = Receiver(place, os.fspath(self.root), wanted=wanted)
            try:
                for each in FrameReader().feed(stream):
                    receiver.feed(each)
                batch = receiver.finish()
                apply(batch, os.fspath(self.root), f"{state}/trash")
            finally:
                receiver.close()

    def check(self) -> None:
        assert self.around() == self.before
        assert self.kept <= contents(self.root, self.base / "state")
        for path, state in states(self.root).items():
            assert not path.startswith(".mnix")
            if state.kind == "l" and path != "link":
                assert not state.value.startswith("/")
            assert not (state.kind == "f" and state.mode & ~0o777)


@contextlib.contextmanager
def placed() -> Iterator[Place]:
    place = Place()
    try:
        yield place
    finally:
        shutil.rmtree(place.base)


@settings(max_examples=250, deadline=None)
@given(STREAM)
def test_no_stream_writes_anywhere_else_or_loses_anything(stream: bytes) -> None:
    with placed() as place:
        with contextlib.suppress(AgentError):
            place.receive(stream)
        place.check()


@settings(max_examples=120, deadline=None)
@given(STREAM)
def test_a_hostile_server_gets_only_what_was_asked_for_written(stream: bytes) -> None:
    asked = {"a": Wanted("a", None), "d/n": Wanted("d/n", None, State("f", 0o644, 4, 0, ""))}
    with placed() as place:
        before = states(place.root)
        with contextlib.suppress(AgentError):
            place.receive(stream, asked.get)
        place.check()
        now = states(place.root)
        assert {path for path in now if now[path] != before.get(path)} <= {"a", "d/n"}


@pytest.mark.parametrize(
    ("rows", "content"),
    [
        ([["f", "../x", 0o644, 0, 0, digest_of(b""), None]], b""),
        ([["f", "/x", 0o644, 0, 0, digest_of(b""), None]], b""),
        ([["f", "a/./x", 0o644, 0, 0, digest_of(b""), None]], b""),
        ([["f", "a\0", 0o644, 0, 0, digest_of(b""), None]], b""),
        ([["f", "a\ud800", 0o644, 0, 0, digest_of(b""), None]], b""),
        ([["f", ".mnix/trash", 0o644, 0, 0, digest_of(b""), None]], b""),
        ([["f", "suid", 0o4755, 0, 0, digest_of(b""), None]], b""),
        ([["f", "lies", 0o644, 0, 5, digest_of(b"abc"), None]], b"abc"),
        ([["f", "lies", 0o644, 0, 2, digest_of(b"ab"), None]], b"abc"),
        ([["f", "less", 0o644, 0, -1, digest_of(b""), None]], b""),
        ([["f", "late", 0o644, 1 << 64, 0, digest_of(b""), None]], b""),
        ([["f", "x", 0o644, 0, 0, digest_of(b""), None]] * 2, b""),
        ([["l", "x", "y", 0, None], ["f", "x/y", 0o644, 0, 0, digest_of(b""), None]], b""),
        ([["f", "x", 0o644, 0, 0, digest_of(b""), None], ["d", "x/y", 0, None]], b""),
        ([["x", "a", None], ["x", "a", None]], b""),
        ([["l", "x", "", 0, None]], b""),
        ([["f", "x", 0o644, 0, 0, digest_of(b""), ["f"]]], b""),
        ([7], b""),
        ([["f"]], b""),
    ],
)
def test_an_operation_that_is_none_ends_the_conversation(rows: list[Any], content: bytes) -> None:
    with placed() as place:
        with pytest.raises(ProtocolError):
            place.receive(sync.batch(json.dumps(rows).encode(), [content]))
        place.check()


def test_what_unpacks_to_more_than_a_frame_is_refused() -> None:
    bomb = zlib.compress(bytes(64 << 20), 9)
    assert len(bomb) < MAX_PAYLOAD
    for kind, read in (
        (Type.BATCH_Z, sync.read_batch),
        (Type.PIECE_Z, sync.read_piece),
        (Type.STATE, sync.read),
    ):
        payload = b"z" + bomb if kind is Type.STATE else bomb
        with pytest.raises(ProtocolError):
            read(Frame(kind, payload))


@given(st.sampled_from(list(Type)), st.binary(max_size=200))
def test_any_payload_is_read_or_refused(kind: Type, payload: bytes) -> None:
    for read in (sync.read, sync.read_batch, sync.read_piece, sync.read_copy):
        with contextlib.suppress(ProtocolError):
            read(Frame(kind, payload))


def test_a_file_that_goes_on_and_on_ends_the_conversation() -> None:
    head = {"path": "n", "mode": 0o644, "mtime": 0, "size": 10, "digest": "x" * 32}
    stream = sync.message(Type.FILE, head) + sync.piece(b"x" * 11)
    with placed() as place:
        with pytest.raises(ProtocolError, match="longer"):
            place.receive(stream)
        place.check()


def test_a_copy_from_behind_a_link_gives_nothing_away() -> None:
    head = {"path": "link/victim", "mode": 0o644, "mtime": 0, "size": 4, "basis": "x" * 32}
    head["digest"] = digest_of(b"safe")
    stream = sync.message(Type.FILE, head) + sync.copy(0, 4) + frame(Type.FILE_END)
    with placed() as place:
        place.receive(stream)
        place.check()
        assert states(place.root).keys() == {"a", "d", "d/b", "big", "link"}


@given(
    st.lists(st.tuples(st.text(max_size=30), st.integers(0, 9), st.text(max_size=9)), max_size=2000)
)
@settings(max_examples=30, deadline=None)
def test_long_lists_come_back_from_as_many_frames_as_they_take(items: list[Any]) -> None:
    frames = FrameReader().feed(b"".join(sync.rows(Type.STATE, "changed", items, gone=[])))
    found = [tuple(row) for each in frames for row in sync.read(each)["changed"]]
    assert found == items


def test_a_list_of_long_rows_is_cut_to_fit() -> None:
    rows = [os.urandom(90_000).hex() for _ in range(12)]
    frames = list(sync.rows(Type.STATE, "gone", rows))
    assert len(frames) > 1
    assert all(len(each) <= MAX_PAYLOAD + 5 for each in frames)
    found = FrameReader().feed(b"".join(frames))
    assert [row for each in found for row in sync.read(each)["gone"]] == rows


def test_a_batch_is_a_length_and_its_operations() -> None:
    found = FrameReader().feed(sync.batch(b'[["x","a",null]]', [b"content"]))[0]
    assert found.payload[:4] == struct.pack(">I", 16)
    rows, content = sync.read_batch(found)
    assert (rows, bytes(content)) == ([["x", "a", None]], b"content")
    assert sync.read_copy(FrameReader().feed(sync.copy(3, 9))[0]) == (3, 9)
    error = AgentError("busy", "somebody is at work")
    said = sync.read(FrameReader().feed(sync.failed(error))[0])
    assert said == {"error": {"code": "busy", "message": "somebody is at work"}}
