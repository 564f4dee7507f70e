"""How much is done and how long it takes yet: told only when it is known."""

from itertools import pairwise

import pytest

from mnix_tui.nixlog import Build, durations
from tests.unit.nixlog.logs import drv, nix, ours, out, read, recorded, result, start, started, stop


def at(seconds: float) -> bytes:
    return ours({"action": "at", "time": 1000 + seconds})


def chain(**expected: float) -> Build:
    """a needs b needs c."""
    build = Build(expected=expected)
    edges = {drv("a-1"): [drv("b-1")], drv("b-1"): [drv("c-1")]}
    build.feed(at(0) + ours({"action": "graph", "inputs": edges}) + nix(start(1, 104)))
    return build


def test_a_chain_takes_as_long_as_its_parts_together() -> None:
    build = chain(a=10, b=20, c=30)
    build.feed(nix(started(2, "c-1")) + at(10))
    summary = build.summary()
    assert summary.eta == 50
    assert summary.fraction == pytest.approx(10 / 60)
    build.feed(nix(result(1, 105, 1, 3, 0, 0), stop(2), started(3, "b-1")) + at(12))
    summary = build.summary()
    assert summary.eta == 28
    assert summary.fraction == pytest.approx(32 / 60)
    node = build.nodes[drv("b-1")]
    assert (node.expected, node.expects) == (20, "b")


def test_builds_side_by_side_share_the_time() -> None:
    build = Build(expected=dict.fromkeys("abcd", 10.0))
    names = ["a-1", "b-1", "c-1", "d-1"]
    build.feed(at(0) + ours({"action": "graph", "inputs": {drv(n): [] for n in names}}))
    build.feed(nix(started(2, "a-1"), started(3, "b-1")) + at(5))
    assert build.summary().eta == 15


def test_what_takes_longer_than_ever_has_no_end_and_is_never_whole() -> None:
    build = chain(a=0, b=0, c=5)
    build.feed(nix(started(2, "c-1")) + at(60))
    assert build.summary().fraction == pytest.approx(0.95)
    lone = Build(expected={"x": 5})
    lone.feed(at(0) + nix(started(1, "x-1")) + at(60))
    assert lone.summary().eta is None


def test_what_nobody_knows_is_not_guessed() -> None:
    build = chain()
    build.feed(nix(started(2, "c-1")) + at(10))
    assert build.summary().eta is None
    assert build.summary().fraction is None
    build.feed(nix(result(1, 105, 1, 3, 0, 0), stop(2), started(3, "b-1")) + at(3600))
    assert build.summary().fraction == pytest.approx(1 / 3)
    empty = Build(clock=lambda: 0.0)
    assert (empty.summary().fraction, empty.summary().eta) == (None, None)
    hinted = chain(a=10, b=20, c=30)
    hinted.feed(nix(result(1, 105, 0, 300, 0, 0)))
    assert hinted.summary().eta is None
    assert hinted.summary().builds_waiting == 300


def test_a_first_build_that_nobody_knows_is_not_nearly_done_beside_what_came() -> None:
    build = Build()
    build.feed(at(0) + nix(start(1, 102), start(2, 104), result(1, 106, 100, 1000)))
    build.feed(nix(start(3, 100, out("a"), "https://c", "local"), started(4, "b-1")) + at(2))
    build.feed(nix(result(3, 105, 1000, 1000, 0, 0), stop(3)) + at(300))
    fraction = build.summary().fraction
    assert fraction is not None
    assert fraction < 0.95


def test_a_failure_ends_the_estimate() -> None:
    build = chain(a=10, b=20, c=30)
    build.feed(nix(started(2, "c-1"), result(1, 105, 0, 3, 0, 1), stop(2)))
    build.end()
    assert build.summary().eta is None
    assert build.summary().fraction != 1


def test_downloads_by_their_bytes_and_speed() -> None:
    build = Build()
    build.feed(at(0) + nix(start(1, 102), result(1, 106, 100, 1000)))
    build.feed(nix(start(2, 100, out("a"), "https://c", "local")) + at(1))
    build.feed(nix(result(2, 105, 100, 500, 0, 0)))
    assert build.summary().eta is None
    build.feed(at(10))
    summary = build.summary()
    assert (summary.bytes_done, summary.bytes_total) == (100, 1000)
    assert summary.fraction == pytest.approx(0.1)
    assert summary.eta == pytest.approx(90)


def test_the_bar_of_a_real_rebuild_goes_forward_only() -> None:
    data = recorded("nix226", "forest")
    earlier, _ = read(data)
    build = Build(expected=durations(earlier))
    seen, etas = [0.0], []
    for line in data.splitlines(keepends=True):
        build.feed(line)
        summary = build.summary()
        planned = build.nodes and summary.builds_waiting + summary.builds_running < 38
        if summary.fraction is not None and planned:
            seen.append(summary.fraction)
        if summary.eta is not None and summary.started is not None:
            etas.append(summary.eta + summary.now - summary.started)
    assert all(b >= a for a, b in pairwise(seen))
    assert seen[-1] == 1.0
    whole = build.now - (build.summary().started or 0)
    assert len(etas) > 100
    # Once half of it is over, the estimate of the whole is near.
    late = etas[len(etas) // 2 :]
    assert whole * 0.6 < sum(late) / len(late) < whole * 1.5


def test_durations_of_the_past_that_are_none_are_not_taken() -> None:
    build = Build(expected={"a": float("nan"), "b": -5.0, "c": float("inf")})
    build.feed(nix(started(1, "a-1"), started(2, "b-1"), started(3, "c-1")))
    assert [n.expected for n in build.nodes.values()] == [None, None, None]
