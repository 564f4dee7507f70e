"""A log cut anywhere reads the same, and nothing that it holds raises."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mnix_tui.nixlog import Build, Line, render, to_json
from tests.unit.nixlog.logs import (
    drv,
    error,
    nix,
    ours,
    picture,
    recorded,
    result,
    start,
    started,
    stop,
)

MIXED = (
    ours({"action": "at", "time": 100.5}, {"action": "phase", "phase": "evaluate"})
    + b"mnix: evaluating\r\n"
    + ours({"action": "graph", "inputs": {drv("b"): [drv("a")]}})
    + nix(start(1, 104), started(2, "a"), result(2, 101, "h\u00e9llo \x1b[31mred\x1b[0m\ttab"))
    + b"plain \xff\xfe\x00 text \xe2\x80\xae\n"
    + nix(result(1, 105, 1, 2, 0, 0), stop(2), started(3, "b"), result(3, 104, "buildPhase"))
    + ours({"action": "plain", "until": "n0nce"})
    + b'@nix {"action":"stop","id":3}\n@mnix {"action":"result","ok":true}\n'
    + ours({"action": "end", "until": "n0nce"})
    + nix(result(1, 105, 1, 1, 0, 1), error(f"builder for '{drv('b')}' failed with exit code 2"))
    + nix(stop(3), stop(1))
    + ours({"action": "result", "ok": False, "generation": None, "message": "it failed"})
    + b"no end"
)


def fed(*pieces: bytes) -> Any:
    build = Build(clock=lambda: 0.0)
    lines = [line for piece in pieces for line in build.feed(piece)]
    return picture(build, lines + build.end())


def test_cut_at_every_byte() -> None:
    whole = fed(MIXED)
    assert whole[0]["summary"]["builds_failed"] == 1
    for i in range(1, len(MIXED)):
        assert fed(MIXED[:i], MIXED[i:]) == whole
    assert fed(*(bytes([each]) for each in MIXED)) == whole


@pytest.mark.parametrize("name", ["fail", "attr"])
@pytest.mark.parametrize("version", ["nix28", "nix226", "nix234"])
def test_real_logs_cut_at_every_byte(version: str, name: str) -> None:
    data = recorded(version, name)
    whole = fed(data)
    for i in range(1, len(data), 3):
        assert fed(data[:i], data[i:]) == whole
    assert fed(*(bytes([each]) for each in data)) == whole


@given(st.lists(st.integers(0, 120_000), max_size=30))
@settings(max_examples=15, deadline=None)
def test_a_forest_in_pieces_of_any_size(cuts: list[int]) -> None:
    data = recorded("nix28", "forest")
    places = [0, *sorted(cuts), len(data)]
    assert fed(*(data[a:b] for a, b in itertools.pairwise(places))) == fed(data)


def check(build: Build, lines: list[Line]) -> None:
    """Whatever came of it can be shown: it has no control characters, and it can be drawn."""
    for line in lines:
        assert all(each.isprintable() or each == "\t" for each in line.plain), line
    json.dumps(to_json(build)).encode()
    for width in (20, 80):
        for each in render(build, width=width, height=12):
            assert each.isprintable()
            assert len(each) <= width
    render(build, width=80, colour=True)
    for node in build.nodes.values():
        assert node.name.isprintable()
        assert node.phase.isprintable()
    for problem in build.problems:
        assert problem.title.isprintable()
    summary = build.summary()
    assert summary.fraction is None or 0 <= summary.fraction <= 1
    assert summary.eta is None or 0 <= summary.eta < float("inf")


@given(st.lists(st.binary(max_size=200), max_size=10))
@example([b'@nix {"action":"result","fields":["\\ud800"],"id":1,"type":101}\n'])
@example([b'@nix {"action":"start","id":' + b"9" * 5000 + b',"type":105}\n'])
@settings(max_examples=200, deadline=None)
def test_arbitrary_bytes_never_raise(pieces: list[bytes]) -> None:
    build = Build(clock=lambda: 0.0)
    lines = [line for piece in pieces for line in build.feed(piece)]
    check(build, lines + build.end())


WORDS = st.sampled_from(
    ["start", "stop", "result", "msg", "at", "phase", "plain", "end", "graph", "build", drv("a"),
     drv("b"), drv("c"), "/nix/store/x", "buildPhase", "error: builder for '" + drv("a") + "' failed",
     "these 2 derivations will be built:", "  " + drv("c"), "\x1b]0;x\x07", "\u202e", "n"]
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-3, 113), st.integers(), WORDS, st.text(max_size=5),
        st.floats(),
    ),
    lambda each: st.one_of(
        st.lists(each, max_size=4), st.dictionaries(WORDS, each, max_size=3)
    ),
    max_leaves=6,
)  # fmt: skip
KEYS = st.sampled_from(
    ["id", "type", "level", "fields", "text", "parent", "msg", "raw_msg", "file", "line", "column",
     "time", "phase", "until", "inputs", "ok", "generation", "message"]
)  # fmt: skip
EVENTS = st.builds(
    lambda action, rest: {"action": action} | rest, WORDS, st.dictionaries(KEYS, VALUES, max_size=7)
)
LIKELY = st.one_of(
    EVENTS,
    st.builds(started, st.integers(1, 4), st.sampled_from("abc")),
    st.builds(stop, st.integers(1, 4)),
    st.builds(start, st.integers(1, 6), st.sampled_from([100, 104, 105, 108, 112]), WORDS),
    st.builds(
        result, st.integers(1, 6), st.sampled_from([101, 104, 105, 106, 107]), VALUES, VALUES
    ),
    st.builds(error, WORDS),
)


@given(st.lists(st.tuples(st.booleans(), LIKELY), max_size=40))
@settings(max_examples=300, deadline=None)
def test_events_of_any_shape_never_raise(events: list[tuple[bool, dict[str, Any]]]) -> None:
    data = b"".join(
        (b"@mnix " if mine else b"@nix ") + json.dumps(event).encode() + b"\n"
        for mine, event in events
    )
    build = Build(clock=lambda: 0.0, expected={"a": 3.0, "b": float("nan"), "c": -1})
    lines = build.feed(data)
    check(build, lines)
    check(build, lines + build.end())
    counts = build.summary()
    assert counts.builds_running == 0
    assert min(counts.builds_done, counts.builds_failed, counts.builds_waiting) >= 0
