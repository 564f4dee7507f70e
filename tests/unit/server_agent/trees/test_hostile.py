"""Whatever a peer sends: nothing is written outside of the staging folder and the root."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import struct
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server_agent.protocol import sync
from server_agent.protocol.errors import AgentError, ProtocolError
from server_agent.protocol.frames import MAX_PAYLOAD, Frame, FrameReader, Type, frame
from server_agent.trees import staging
from server_agent.trees.apply import Applied, apply
from server_agent.trees.model import State
from server_agent.trees.receive import Receiver, Wanted
from tests.unit.server_agent.trees.transfers import contents, plant, quick_folder, states

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def digest_of(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()[:24]).decode()


NAMES = ["..", ".", "", ".mnix", "a\0", "\ud800", "d"]
ODD_PATHS = st.one_of(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map("/".join),
    st.sampled_from(["/etc/mnix-test", "../outside/victim", "d/../../outside/x", "a//b", "/"]),
)
FAIR_PATHS = st.one_of(
    st.sampled_from(["a", "d", "d/b", "big", "link", "link/victim", "link/d/victim", "n", "n/m"]),
    st.sampled_from(["d/n", "d/b/c", "a/n", "x" * 300, "\udcff", ".git/HEAD", "n/.mnix", "n/m/o"]),
    st.lists(st.sampled_from("abdn"), min_size=1, max_size=5).map("/".join),
)
FAIR_TARGETS = ["../outside", "/etc", "..", "d", ".mnix", "link", "link/d", "../../x", "n", "n/m"]
ODD_TARGETS = st.sampled_from(["", "a\0", "x" * 5000])
CONTENT = st.binary(max_size=40)
EXPECTED = st.one_of(
    st.none(),
    st.sampled_from(
        [
            ["f", 0o644, 4, 0, digest_of(b"mine")],
            ["d", 0, 0, 0, ""],
            ["l", 0, 0, 0, "elsewhere"],
            ["f", 0o644, 100, 0, digest_of(b"1" * 100)],
        ]
    ),
)
STATE = st.one_of(
    st.none(),
    st.lists(
        st.one_of(st.integers(-5, 1000), st.sampled_from(["f", "l", "d", "x", ""]), st.none())
    ),
)
NUMBERS = st.one_of(
    st.integers(0, 60), st.sampled_from([-1, 1 << 70, 1.5, None, True, "7", 0o4755])
)


@st.composite
def fair_operation(draw: Any) -> tuple[list[Any], bytes]:
    """An operation that is well formed; what it does to others is another matter."""
    path, content, expect = draw(FAIR_PATHS), draw(CONTENT), draw(EXPECTED)
    op = draw(st.sampled_from("ffflldmx"))
    if op == "f":
        value = digest_of(content if draw(st.integers(0, 9)) else b"another")
        return [
            "f",
            path,
            draw(st.sampled_from([0o644, 0])),
            1,
            len(content),
            value,
            expect,
        ], content
    if op == "l":
        return ["l", path, draw(st.sampled_from(FAIR_TARGETS)), 5, expect], b""
    return {
        "d": ["d", path, 0, expect],
        "m": ["m", path, 0o755, expect],
        "x": ["x", path, expect],
    }[op], b""


@st.composite
def odd_operation(draw: Any) -> tuple[list[Any], bytes]:
    """An operation with a mistake in it."""
    row, content = draw(fair_operation())
    place = draw(st.integers(0, len(row) - 1))
    row[place] = draw(st.one_of(ODD_PATHS, ODD_TARGETS, NUMBERS, STATE))
    return (row[:place] if draw(st.booleans()) else row), content


@st.composite
def file_frames(draw: Any) -> list[bytes]:
    content = draw(CONTENT)
    head = {
        "path": draw(FAIR_PATHS),
        "mode": 0o600,
        "mtime": 1,
        "size": len(content),
        "digest": digest_of(content if draw(st.integers(0, 3)) else b"another"),
        "expect": draw(EXPECTED),
        "basis": draw(st.sampled_from([None, "x" * 32])),
        "offset": draw(st.sampled_from([0, 0, len(content) // 2])),
    }
    if not draw(st.integers(0, 4)):
        odd = st.one_of(ODD_PATHS, NUMBERS, STATE)
        head[draw(st.sampled_from(sorted(head)))] = draw(odd)
    frames = [sync.message(Type.FILE, head)]
    if draw(st.integers(0, 2)):
        frames.append(sync.piece(content))
        return [*frames, frame(Type.FILE_END)]
    for each in draw(st.lists(st.sampled_from(["piece", "copy", "z"]), max_size=3)):
        if each == "copy":
            frames.append(sync.copy(draw(st.integers(0, 99)), draw(st.integers(0, 1 << 49))))
        else:
            frames.append(sync.piece(content * (20 if each == "z" else 1), pack=each == "z"))
    end = draw(st.sampled_from([Type.FILE_END, Type.FILE_DROP, Type.FILE_DROP, None]))
    return [*frames, frame(end)] if end is not None else frames


@st.composite
def batch_frame(draw: Any) -> bytes:
    found = draw(st.lists(fair_operation(), max_size=6, unique_by=lambda each: each[0][1]))
    if not draw(st.integers(0, 5)):
        found.append(draw(odd_operation()))
    head = json.dumps([row for row, _ in found]).encode()
    return sync.batch(head, [each for _, each in found], pack=draw(st.booleans()))


RAW = st.tuples(st.sampled_from(list(Type)), st.binary(max_size=60)).map(lambda x: frame(*x))
STREAM = st.lists(
    st.one_of(*[batch_frame()] * 6, *[file_frames().map(b"".join)] * 4, RAW), max_size=3
).map(b"".join)


FAIR = st.lists(fair_operation(), max_size=10, unique_by=lambda each: each[0][1]).map(
    lambda found: sync.batch(
        json.dumps([row for row, _ in found]).encode(), [each for _, each in found]
    )
)


class Place:
    """A workspace with a link that leads out of it, and what must never change beside it."""

    def __init__(self, base: Path) -> None:
        self.base = base
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

    def receive(self, stream: bytes, wanted: Any = None) -> Applied:
        state = os.fspath(self.base / "state")
        with staging.place(f"{state}/incoming") as place:
            receiver = Receiver(place, os.fspath(self.root), wanted=wanted)
            try:
                for each in FrameReader().feed(stream):
                    receiver.feed(each)
                batch = receiver.finish()
                return apply(batch, os.fspath(self.root), f"{state}/trash")
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
    with quick_folder() as folder:
        yield Place(folder)


@settings(max_examples=300, deadline=None)
@given(st.one_of(STREAM, FAIR, FAIR))
def test_no_stream_writes_anywhere_else_or_loses_anything(stream: bytes) -> None:
    with placed() as place:
        with contextlib.suppress(AgentError):
            place.receive(stream)
        place.check()


@settings(max_examples=100, deadline=None)
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


EMPTY = digest_of(b"")


@pytest.mark.parametrize(
    ("rows", "failed"),
    [
        ([["f", "x", 0o644, 0, 0, EMPTY, None]] * 2, ["x"]),
        ([["l", "x", "y", 0, None], ["f", "x/y", 0o644, 0, 0, EMPTY, None]], ["x/y"]),
        ([["f", "x", 0o644, 0, 0, EMPTY, None], ["d", "x/y", 0, None]], ["x/y"]),
        ([["f", "x/y/z", 0o644, 0, 0, EMPTY, None], ["l", "x/y", "a", 0, None]], ["x/y"]),
        ([["f", "x", 0o644, 0, 0, EMPTY, None], ["d", "x", 0, None]], ["x"]),
        ([["f", ".MNIX/incoming/aaaaaaaa/journal.json", 0o644, 0, 0, EMPTY, None]], None),
        ([["d", ".Mnix", 0, None]], [".Mnix"]),
        ([["l", ".mn\u200cix", "a", 0, None]], [".mn\u200cix"]),
        ([["f", "n" * 256 + "/a", 0o644, 0, 0, EMPTY, None]], ["n" * 256 + "/a"]),
    ],
)
def test_what_can_t_be_beside_something_else_is_passed_over(
    rows: list[Any], failed: list[str] | None
) -> None:
    with placed() as place:
        done = place.receive(sync.batch(json.dumps(rows).encode(), []))
        assert [path for path, _, _ in done.skipped] == (failed or [rows[0][1]])
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
