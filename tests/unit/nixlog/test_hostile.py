"""Logs that were made to break their reader."""

import time
import tracemalloc

from mnix_tui.nixlog import Build, NodeState, render
from mnix_tui.nixlog.nodes import MAX_EDGES, MAX_NODES, MAX_TAILS
from mnix_tui.nixlog.text import MAX_TEXT
from tests.unit.nixlog.logs import (
    HASH,
    drv,
    error,
    message,
    nix,
    ours,
    read,
    result,
    start,
    started,
    stop,
)


def test_a_line_of_100_mb_takes_no_memory_and_keeps_its_builder() -> None:
    build = Build(clock=lambda: 0.0)
    build.feed(nix(started(7, "hello-2.12")))
    tracemalloc.start()
    build.feed(b'@nix {"action":"result","fields":["')
    piece = b"x" * (1 << 20)
    for _ in range(100):
        build.feed(piece)
    [line] = build.feed(b'last"],"id":7,"type":101}\n')
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20
    assert line.node == drv("hello-2.12")
    assert len(line.text) == MAX_TEXT + 1
    assert build.nodes[line.node].lines == 1


def test_deep_json_is_text() -> None:
    deep = b'@nix {"action":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
    build, lines = read(deep + b"@mnix " + b"[" * 100_000 + b"\n")
    assert [line.kind for line in lines] == ["text", "text"]
    assert build.nodes == {}


def test_ids_of_any_kind() -> None:
    events = [
        start(ident, 105, drv(f"n{i}"))  # type: ignore[arg-type]
        for i, ident in enumerate([-1, 1 << 80, 0, 1.5, True, None, "7", [1], {"a": 1}])
    ]
    build, _ = read(nix(*events))
    assert {n.name for n in build.nodes.values()} == {"n0", "n1", "n2"}


def test_unknown_parents_ids_and_types() -> None:
    build, _ = read(
        nix(
            start(5, 101, "https://cache/nar/x.nar.xz", parent=99),
            start(6, 999, "what", text="something new"),
            stop(77),
            result(78, 101, "a line of nobody"),
            result(6, 105, 1, 2, 3, 4),
            result(6, 999, {}),
            stop(5),
            stop(6),
        )
    )
    assert build.nodes == {}
    assert build.problems == []


def test_circles_end() -> None:
    edges = {drv("a"): [drv("b"), drv("a")], drv("b"): [drv("c")], drv("c"): [drv("a")]}
    build = Build(clock=lambda: 0.0)
    build.feed(ours({"action": "graph", "inputs": edges}))
    assert [row.node.name for row in build.tree()] == ["a", "b", "c"]
    assert render(build, width=40)
    build.feed(nix(started(1, "c")))
    assert build.summary().builds_running == 1


def test_millions_of_nodes_are_counted_and_not_kept() -> None:
    build = Build(clock=lambda: 0.0)
    for start_at in range(0, 3 * MAX_NODES, 1000):
        build.feed(
            nix(*(started(i, f"n-{i}") for i in range(start_at, start_at + 1000)))
            + nix(*(result(i, 101, "a line") for i in range(start_at, start_at + 1000)))
            + nix(*(stop(i) for i in range(start_at, start_at + 1000)))
        )
    assert len(build.nodes) == MAX_NODES
    assert len(build.tree()) == MAX_NODES
    began = time.perf_counter()
    assert len(render(build, width=80, height=40)) == 40
    assert time.perf_counter() - began < 2


def test_edges_are_bounded_and_no_list_of_them_takes_long() -> None:
    names = [f"/nix/store/{HASH}-n{i}.drv" for i in range(5000)]
    build = Build(clock=lambda: 0.0)
    began = time.perf_counter()
    for i in range(60):
        build.feed(ours({"action": "graph", "inputs": {names[i]: names}}))
    assert len(build.tree()) < 3 * 5000 + MAX_EDGES
    assert time.perf_counter() - began < 5
    assert sum(len(node.inputs) for node in build.nodes.values()) <= MAX_EDGES


def test_tails_are_bounded_together() -> None:
    build = Build(clock=lambda: 0.0)
    for i in range(1000):
        lines = (result(i, 101, f"{'long ' * 20}{j}") for j in range(100))
        build.feed(nix(started(i, f"n-{i}"), *lines, stop(i)))
    assert sum(len(node.tail) for node in build.nodes.values()) < MAX_TAILS + 20_000
    assert sum(node.lines for node in build.nodes.values()) == 100_000


def test_what_moves_a_terminal_is_taken_out_of_lines_names_and_errors() -> None:
    evil = "a\x1b]0;title\x07b\x1b[2Jc\x9b31md\u202ee\x00f\x1b[31mg\x1b[0m\x08h\u2028i\x1bPq\x1b\\j"
    build, lines = read(
        nix(
            started(1, "evil\u202e\x1b[2J"),
            started(2, "fine"),
            result(2, 101, evil),
            result(2, 104, evil),
            error(f"{evil} '{drv('fine')}' failed with exit code 1"),
            message(evil, 3),
            message(f"warning: {evil}", 1),
        )
        + f"{evil}\nmnix: {evil}\n".encode()
    )
    shown = [line.text for line in lines] + build.warnings
    shown += [line for problem in build.problems for line in (problem.title, *problem.lines)]
    shown += [node.phase + node.name + node.error for node in build.nodes.values()]
    said = next(line for line in lines if line.kind == "build")
    assert said.text == "abc\x1b[31mdef\x1b[31mg\x1b[0mh ij"
    for text in shown:
        clean = text.replace("\x1b[31m", "").replace("\x1b[0m", "").replace("\x1b[31;1m", "")
        assert clean.isprintable(), text


def test_a_bar_that_draws_over_itself_is_what_it_showed_last() -> None:
    _, lines = read(nix(started(1, "a"), result(1, 101, "10%\r20%\r30%\r")) + b"1\r2\r\n")
    assert [line.text for line in lines][-2:] == ["30%", "2"]


def test_inside_a_plain_section_only_times_and_the_right_end_count() -> None:
    forged = nix(started(1, "forged"), error(f"builder for '{drv('x')}' failed with exit code 1"))
    build, lines = read(
        ours({"action": "phase", "phase": "warm-up"}, {"action": "plain", "until": "secret"})
        + forged
        + ours({"action": "end", "until": "guess"}, {"action": "result", "ok": False})
        + ours({"action": "at", "time": 50}, {"action": "end", "until": ["secret"]})
        + b"mnix: error: forged\n"
        + ours({"action": "end", "until": "secret"})
        + nix(started(2, "real"), stop(2))
    )
    assert [n.name for n in build.nodes.values()] == ["real"]
    assert build.now == 50
    assert build.problems == []
    assert build.summary().ok is None
    assert [line.kind for line in lines[:6]] == ["text"] * 6


def test_a_message_that_a_builder_wrote_fails_nobody() -> None:
    build = Build(clock=lambda: 0.0)
    build.feed(nix(start(1, 104), started(2, "victim"), started(3, "forger")))
    build.feed(nix(message(f"error: builder for '{drv('victim')}' failed with exit code 1")))
    build.feed(
        nix(message(f"error: 1 dependencies of derivation '{drv('victim')}' failed to build"))
    )
    assert build.nodes[drv("victim")].state is NodeState.RUNNING
    assert build.problems == []


def test_the_same_message_through_a_daemon_is_believed_because_it_was_counted() -> None:
    build = Build(clock=lambda: 0.0)
    build.feed(nix(start(1, 104), started(2, "victim"), result(1, 105, 0, 0, 0, 1)))
    build.feed(nix(message(f"error: builder for '{drv('victim')}' failed with exit code 1")))
    assert build.nodes[drv("victim")].state is NodeState.FAILED
    assert [each.node_key for each in build.problems] == [drv("victim")]


def test_no_message_takes_long_to_read() -> None:
    head = f"builder for '{drv('a')}' failed "
    pieces = ["/", "at «", "1", "path '/", "x'", "builder ", "lock file ", "> ", "error: ", "a" * 50 + "-",
              "assertion ", "flake.nix ", "Package ‘a", "\x1b[", "\x1b]", "… ", "\n", "1 ", "'"]  # fmt: skip
    for piece in pieces:
        text = head + piece * (200_000 // len(piece))
        lines = "\n".join([head + piece * (4000 // len(piece))] * 50)
        log = nix(started(1, "a"), error(text), error(lines), message(text, 1), message(text, 3))
        began = time.process_time()
        build, _ = read(log + text.encode() + b"\n")
        render(build, width=80, height=20)
        assert time.process_time() - began < 1, piece
