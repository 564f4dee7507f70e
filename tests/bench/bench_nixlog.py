"""The log as data: build-log lines a second beside `json.loads` of each, memory, and the tree."""

from __future__ import annotations

import json
import random
import time
import tracemalloc
from collections import deque

from mnix_tui.nixlog import Build, Line, render
from tests.bench.measure import Report, Sample, in_turn

LINES = 200_000
TARGET = 300
"""Thousand lines a second."""
MANY = 1_000_000
KEPT = 20_000
"""Lines that a view keeps."""
PIECE = 64 * 1024
NODES = 2000
_HASH = "0123456789abcdfghijklmnpqrsvwxyz"
_TEXTS = (
    "gcc -O2 -g -DHAVE_CONFIG_H -I. -I../include -c -o src/module_{n}.o src/module_{n}.c",
    "  CC      drivers/net/ethernet/module_{n}.o",
    "[ {n}%] Building CXX object lib/CMakeFiles/thing.dir/module_{n}.cpp.o",
    "checking whether the C compiler supports -Wformat-{n}... yes",
    'install -m 644 "module_{n}.h" /nix/store/out/include/',
    "\x1b[1mmodule.c:{n}:\x1b[0m \x1b[35mwarning:\x1b[0m unused variable",
)
_PLAIN = 4


def _drv(number: int) -> str:
    return f"/nix/store/{_HASH}-package{number}-1.{number}.drv"


def _nix(**event: object) -> bytes:
    return b"@nix " + json.dumps(event, separators=(",", ":"), sort_keys=True).encode() + b"\n"


def _head() -> bytes:
    starts = (
        _nix(action="start", id=7 << 40 | i, type=105, level=3, text="", fields=[_drv(i), "", 1, 1])
        for i in range(4)
    )
    return _nix(action="start", id=1, type=104, level=0, text="") + b"".join(starts)


def _log(lines: int, texts: tuple[str, ...]) -> bytes:
    """What four builders print at once."""
    return b"".join(
        _nix(
            action="result",
            id=7 << 40 | (i // 3 % 4),
            type=101,
            fields=[texts[i % len(texts)].format(n=i)],
        )
        for i in range(lines)
    )


def _parse(data: bytes) -> tuple[Build, int]:
    build, seen = Build(), 0
    build.feed(_head())
    kept: deque[Line] = deque(maxlen=KEPT)
    for start in range(0, len(data), PIECE):
        lines = build.feed(data[start : start + PIECE])
        seen += len(lines)
        kept.extend(lines)
    return build, seen


def _only_json(data: bytes) -> int:
    seen = 0
    for line in data.split(b"\n"):
        if line:
            seen += len(json.loads(line[5:])["fields"][0]) > 0
    return seen


def _speed(report: Report, what: str, texts: tuple[str, ...]) -> None:
    data = _log(LINES, texts)
    ours, theirs = in_turn(lambda: _parse(data), lambda: _only_json(data), repeats=7)
    assert _parse(data)[1] == _only_json(data) == LINES
    print(f"  {what}: at best {LINES / min(ours.seconds):,.0f} lines/s")
    report.least(f"{what}: thousand lines/s", LINES / ours.p50 / 1e3, TARGET)
    report.ratio(f"{what}: {LINES:,}", ours, "json.loads", theirs, 0.6)


def _memory() -> None:
    """What a million lines leave behind: the tails, and the lines that a view keeps."""
    data = _log(MANY // 10, _TEXTS)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    build = Build()
    build.feed(_head())
    kept: deque[Line] = deque(maxlen=KEPT)
    for _ in range(10):
        for start in range(0, len(data), PIECE):
            kept.extend(build.feed(data[start : start + PIECE]))
    now, peak = tracemalloc.get_traced_memory()
    with_lines = now - before
    kept.clear()
    left = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    said = sum(node.lines for node in build.nodes.values())
    print(
        f"  {said:,} lines ({len(data) * 10 >> 20} MiB) leave {left / 1024:,.0f} KiB, and "
        f"{(with_lines - left) / 2**20:.1f} MiB in the {KEPT:,} lines of a view "
        f"(peak {(peak - before) / 2**20:.1f} MiB)"
    )
    assert said == MANY
    assert left < 4 << 20


def _tree(report: Report) -> None:
    """A tree of 2,000 builds, four at once: made anew at each change. Processor time: each takes milliseconds,
    and whoever else runs would be counted with it."""
    chance = random.Random(1)
    below = {
        i: chance.sample(range(max(0, i - 300), i), min(i, chance.randint(0, 6)))
        for i in range(NODES)
    }
    graph = {_drv(i): [_drv(j) for j in wanted] for i, wanted in below.items()}
    build = Build(expected={f"package{i}": float(i % 50) for i in range(NODES)})
    build.feed(b"@mnix " + json.dumps({"action": "graph", "inputs": graph}).encode() + b"\n")
    build.feed(_nix(action="start", id=1, type=104, level=0, text=""))
    build.tree()
    times: dict[str, list[float]] = {"tree": [], "summary": [], "render 120×40": []}
    for i in range(400):
        build.feed(
            _nix(action="start", id=10 + i, type=105, level=3, text="", fields=[_drv(i), "", 1, 1])
        )
        if i > 4:
            build.feed(_nix(action="result", id=1, type=105, fields=[i - 4, NODES, 4, 0]))
            build.feed(_nix(action="stop", id=10 + i - 4))
        for what, action in (
            ("tree", build.tree),
            ("summary", build.summary),
            ("render 120×40", lambda: render(build, width=120, height=40)),
        ):
            start = time.thread_time()
            action()
            times[what].append(time.thread_time() - start)
    for what, seconds in times.items():
        report.value(f"{what} of {NODES:,} builds", Sample(tuple(seconds)).p50 * 1e3, "ms", 5.0)


def run(report: Report) -> None:
    """Measure and print."""
    report.title("nix's log as data")
    _speed(report, "build-log lines", _TEXTS[:_PLAIN])
    _speed(report, "a third with quotes and colours", _TEXTS)
    _memory()
    _tree(report)
