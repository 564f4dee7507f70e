"""Which activities become which nodes, and what a stop means."""

from mnix_tui.cli.node_log import NodeLines
from mnix_tui.nixlog import Build, NodeKind, NodeState, durations
from tests.unit.nixlog.logs import (
    drv,
    error,
    message,
    nix,
    ours,
    out,
    read,
    recorded,
    result,
    start,
    started,
    stop,
)


def fed(*data: bytes) -> Build:
    build = Build(clock=lambda: 0.0)
    for each in data:
        build.feed(each)
    return build


def state(build: Build, name: str) -> NodeState:
    return build.nodes[drv(name)].state


def test_done_when_counted_before_the_stop_and_failed_when_counted_as_failed() -> None:
    build = fed(
        nix(start(1, 104), started(2, "a"), started(3, "b"), started(4, "c")),
        nix(result(1, 105, 1, 3, 2, 0), stop(3)),
        nix(result(1, 105, 1, 3, 1, 1), stop(2)),
        nix(stop(4)),
    )
    assert (state(build, "b"), state(build, "a")) == (NodeState.DONE, NodeState.FAILED)
    assert state(build, "c") is NodeState.RUNNING
    build.feed(nix(stop(1)))
    assert state(build, "c") is NodeState.INTERRUPTED


def test_a_failure_that_nix_names_only_at_the_end_is_failed_at_once() -> None:
    build = fed(nix(start(1, 104), started(2, "top"), result(1, 105, 0, 1, 0, 1), stop(2), stop(1)))
    assert state(build, "top") is NodeState.FAILED
    build.feed(nix(error(f"builder for '{drv('top')}' failed with exit code 9")))
    assert [each.title for each in build.problems] == ["top failed to build (exit code 9)"]


def test_a_failure_that_nix_never_names_is_a_problem_all_the_same() -> None:
    build = fed(
        nix(start(1, 104), started(2, "top"), result(2, 101, "why"), result(1, 105, 0, 1, 0, 1)),
        nix(stop(2), stop(1)),
    )
    build.end()
    assert [(each.title, each.lines) for each in build.problems] == [
        ("top failed to build", ("why",))
    ]


def test_without_a_counter_a_stop_is_the_end_unless_an_error_names_it() -> None:
    build = fed(nix(started(1, "a"), stop(1), started(2, "b"), stop(2)))
    assert state(build, "a") is NodeState.DONE
    build.feed(nix(error(f"builder for '{drv('b')}' failed with exit code 1")))
    assert state(build, "b") is NodeState.FAILED


def test_a_build_on_another_machine_has_activities_of_both() -> None:
    build = fed(
        nix(start(1, 104), start(2, 105, drv("a"), "ssh://builder", 1, 1), started(20, "a")),
        nix(start(10, 104), started(3, "b"), result(10, 105, 1, 1, 0, 0), stop(20)),
    )
    assert state(build, "a") is NodeState.RUNNING
    assert build.nodes[drv("a")].machine == "ssh://builder"
    build.feed(nix(result(1, 105, 1, 2, 1, 0), stop(2), result(1, 105, 2, 2, 0, 0), stop(3)))
    assert (state(build, "a"), state(build, "b")) == (NodeState.DONE, NodeState.DONE)


def test_what_ran_at_the_end_of_the_log_is_interrupted_and_what_waited_is_not_done() -> None:
    build = fed(
        ours({"action": "graph", "inputs": {drv("b"): [drv("a")]}}),
        nix(start(1, 104), started(2, "a")),
    )
    build.end()
    assert state(build, "a") is NodeState.INTERRUPTED
    build = fed(
        ours({"action": "graph", "inputs": {drv("b"): [drv("a")]}}),
        nix(start(1, 104), started(2, "a"), result(1, 105, 0, 1, 0, 1), stop(2)),
        ours({"action": "result", "ok": False, "message": "the build failed"}),
    )
    build.end()
    assert state(build, "b") is NodeState.INTERRUPTED
    assert build.phase == "failed"


def test_a_log_that_ends_amid_anything_broke_off_and_one_that_ends_well_leaves_nothing() -> None:
    doing = nix(start(1, 0, text="evaluating derivation 'path:/w'"))
    build, _ = read(doing)
    assert (build.phase, build.problems[0].title) == ("failed", "the rebuild broke off")
    build, _ = read(b"error: unrecognised flag '--foo'\nTry 'nix --help'.\n")
    assert (build.phase, build.problems[0].title) == ("failed", "unrecognised flag '--foo'")
    plan = [
        f"  {drv('a')}",
        f"  {drv('b')}",
        "this path will be fetched (1 B download, 9 KiB unpacked):",
    ]
    build, _ = read(
        nix(message("these 2 derivations will be built:", 3), *(message(each, 3) for each in plan)),
    )
    assert build.phase == "failed"
    build, _ = read(
        nix(message("these 2 derivations will be built:", 3), *(message(each, 3) for each in plan))
        + nix(start(1, 104), started(2, "b"), result(1, 105, 1, 1, 0, 0), stop(2), stop(1)),
    )
    summary = build.summary()
    assert (summary.phase, summary.builds_waiting, summary.bytes_total) == ("done", 0, 0)


def test_waiting_for_a_lock_or_a_machine_is_waiting() -> None:
    build = fed(nix(start(1, 111, text=f"waiting for a machine to build '{drv('a')}'")))
    assert state(build, "a") is NodeState.WAITING
    build.feed(nix(stop(1), started(2, "a")))
    assert state(build, "a") is NodeState.RUNNING
    assert fed(nix(start(1, 111, text=f"waiting for lock on '{out('a')}'"))).nodes == {}


def test_lines_phases_and_hooks_belong_to_their_builds() -> None:
    build, lines = read(
        nix(
            started(1, "a"),
            result(1, 104, "buildPhase"),
            result(1, 101, "one"),
            result(1, 101, 'two "quoted" \\ \u00e9'),
            start(2, 110, drv("a"), text="running post-build-hook '/hook'", level=4),
            result(2, 107, "uploading"),
        ),
        tail=1,
    )
    node = build.nodes[drv("a")]
    assert (node.phase, node.lines, list(node.tail)) == (
        "buildPhase",
        2,
        ['two "quoted" \\ \u00e9'],
    )
    hook = next(n for n in build.nodes.values() if n.kind is NodeKind.OTHER)
    assert (hook.name, list(hook.tail)) == ("post-build hook of a", ["uploading"])
    assert [line.text for line in lines if line.kind == "build"][-1] == "uploading"
    assert build.flat(lines[0]) == "a> one"


def test_a_hook_that_fails_is_to_blame_and_what_it_was_to_follow_is_built() -> None:
    log = nix(
        start(1, 104),
        started(2, "a"),
        start(3, 110, drv("a"), text="running post-build-hook '/etc/hook'"),
        result(3, 107, "denied"),
        *(stop(each) for each in (3, 2, 1)),
        error("program '/etc/hook' failed with exit code 1"),
    )
    build, _ = read(log)
    assert state(build, "a") is NodeState.DONE
    [problem] = build.problems
    assert problem.title == "the post-build hook of a failed (exit code 1)"
    assert (problem.lines, problem.node_key) == (("denied",), f"hook:{drv('a')}")
    assert build.nodes[problem.node_key].state is NodeState.FAILED
    assert NodeLines(problem.node_key).feed(log) == ["denied"]


def test_keys_in_any_order_and_spaces_make_no_difference() -> None:
    build = fed(nix(started(1, "a")))
    [line] = build.feed(b'@nix { "type": 101, "id": 1, "fields": ["x"], "action": "result" }\r\n')
    assert (line.kind, line.text, line.node) == ("build", "x", drv("a"))
    [line] = build.feed(b'@nix {"action":"result","fields":["x","y"],"id":1,"type":101}\n')
    assert (line.kind, line.text, line.node) == ("build", "x", drv("a"))


def test_inputs_that_nix_fetches_are_nodes_and_narinfos_are_not() -> None:
    build = fed(
        nix(
            start(1, 112, text="fetching github input 'github:NixOS/nixpkgs/abc'"),
            start(2, 101, "https://github.com/NixOS/nixpkgs/archive/abc.tar.gz", parent=1),
            start(3, 101, "https://cache.example/abc.narinfo"),
            start(4, 101, "https://cache.example/nix-cache-info"),
            start(5, 101, "https://example.org/source.tar.gz"),
            result(5, 105, 10, 100, 0, 0),
        )
    )
    fetched = [(n.name, n.kind, n.done, n.total) for n in build.nodes.values()]
    assert fetched == [
        ("fetching github input 'github:NixOS/nixpkgs/abc'", NodeKind.FETCH, 0, 0),
        ("https://example.org/source.tar.gz", NodeKind.FETCH, 10, 100),
    ]


def test_what_a_builder_elsewhere_is_sent_is_no_download_and_touches_no_build() -> None:
    build = fed(
        nix(start(1, 104), started(2, "dep"), result(1, 105, 1, 2, 0, 0), stop(2)),
        nix(start(3, 105, drv("top"), "ssh-ng://b", 1, 1), start(4, 103)),
        nix(result(4, 106, 100, 5000)),
        nix(start(5, 100, drv("dep"), "local", "ssh-ng://b", parent=4), result(5, 105, 9, 9, 0, 0)),
        nix(start(6, 100, out("src"), "daemon", "ssh-ng://b", parent=4)),
    )
    assert state(build, "dep") is NodeState.DONE
    summary = build.summary()
    assert (summary.downloads_total, summary.bytes_done, summary.bytes_total) == (0, 0, 0)
    assert [n.name for n in build.nodes.values()][2:] == ["uploading to ssh-ng://b"]
    build.feed(nix(stop(5), stop(6), stop(4), start(7, 103), result(7, 106, 100, 700)))
    build.feed(nix(start(8, 100, out("top"), "ssh-ng://b", "local?root=/w", parent=7)))
    summary = build.summary()
    assert (summary.downloads_total, summary.bytes_total) == (1, 700)


def test_a_fetch_that_is_tried_again_and_comes_is_done() -> None:
    url = "https://example.org/a.tar.gz"
    said = f"warning: unable to download '{url}': HTTP error 503; retrying in 253 ms"
    build = fed(nix(start(1, 101, url), message(said, 1), result(1, 105, 9, 9, 0, 0), stop(1)))
    assert build.nodes[url].state is NodeState.DONE


def test_a_download_that_fails_and_comes_from_elsewhere_is_done() -> None:
    build = fed(
        nix(start(1, 103), start(2, 108, out("a"), "https://one"), stop(2)),
        nix(result(1, 105, 0, 1, 0, 1)),
    )
    assert build.nodes[out("a")].state is NodeState.FAILED
    build.feed(nix(start(3, 108, out("a"), "https://two"), stop(3), result(1, 105, 1, 1, 0, 1)))
    assert build.nodes[out("a")].state is NodeState.DONE


def test_a_download_that_stops_short_is_undecided_until_nix_counts_it() -> None:
    def tried(ident: int, source: str) -> bytes:
        copy = start(ident + 1, 100, out("a"), source, "local", parent=ident)
        come = result(ident + 1, 105, 10, 40, 0, 0)
        return nix(start(ident, 108, out("a"), source), copy, come, stop(ident + 1), stop(ident))

    build = fed(nix(start(1, 103)), tried(2, "https://one"))
    node = build.nodes[out("a")]
    assert (node.state, node.done, build.summary().downloads_done) == (NodeState.RUNNING, 10, 0)
    build.feed(nix(result(1, 105, 0, 1, 0, 0)) + tried(4, "https://two"))
    assert (node.state, node.done) == (NodeState.RUNNING, 10)
    build.feed(nix(result(1, 105, 0, 1, 0, 1)))
    assert (node.state, node.done) == (NodeState.FAILED, 10)
    build.feed(tried(6, "https://three") + nix(result(1, 105, 1, 1, 0, 1)))
    assert (node.state, node.done) == (NodeState.DONE, 40)
    build.feed(nix(start(20, 103), start(21, 100, out("b"), "local", "ssh://b", parent=20)))
    build.feed(nix(result(20, 105, 1, 1, 0, 1), stop(21), stop(20)))
    assert node.state is NodeState.DONE
    build.feed(tried(8, "https://four") + nix(stop(1)))
    assert build.nodes[out("a")].state is NodeState.INTERRUPTED


def test_a_second_run_of_nix_adds_to_the_first_and_between_them_it_evaluates() -> None:
    build = fed(nix(start(9, 0, text="evaluating derivation 'path:/w'", level=4)))
    build.feed(nix(start(1, 104), start(2, 102), result(2, 106, 100, 100)))
    build.feed(nix(start(3, 100, out("a"), "https://c", "local"), result(3, 105, 100, 100, 0, 0)))
    assert build.phase == "download"
    build.feed(nix(result(1, 105, 0, 7, 0, 0), stop(3)))
    assert build.summary().builds_waiting == 7
    build.feed(nix(stop(2), stop(1)))
    summary = build.summary()
    assert (summary.phase, summary.builds_waiting, summary.fraction) == ("evaluate", 0, None)
    assert summary.what.startswith("evaluating derivation")
    build.feed(nix(message("this path will be fetched (1 B download, 0.05 KiB unpacked):", 3)))
    build.feed(nix(message(f"  {out('b')}", 3), start(4, 104), start(5, 102)))
    build.feed(nix(result(5, 106, 100, 50)))
    summary = build.summary()
    assert (summary.phase, summary.bytes_done, summary.bytes_total) == ("download", 100, 151)


def test_phases_in_their_order() -> None:
    build = Build(clock=lambda: 0.0)
    seen = [build.phase]
    for data in (
        ours({"action": "phase", "phase": "evaluate"}),
        nix(start(1, 108, out("a"), "https://one")),
        nix(stop(1), started(2, "b")),
        nix(stop(2)) + ours({"action": "phase", "phase": "warm-up"}),
        ours({"action": "phase", "phase": "switch"}),
        ours(
            {"action": "result", "ok": True, "generation": 7, "changed": True, "message": "ready"}
        ),
    ):
        version = build.version
        build.feed(data)
        assert build.version != version
        seen.append(build.phase)
    assert seen == ["prepare", "evaluate", "download", "build", "warm-up", "switch", "done"]
    assert build.summary().generation == 7


def test_steps_say_how_bad_they_are() -> None:
    _, lines = read(b"mnix: pushing\nmnix: error: it broke\nmnix: warning: odd\n")
    assert [(line.kind, line.text) for line in lines] == [
        ("step", "pushing"),
        ("error", "error: it broke"),
        ("warning", "warning: odd"),
    ]


def test_a_failed_result_without_any_other_error_is_the_problem() -> None:
    build, lines = read(
        ours(
            {
                "action": "result",
                "ok": False,
                "generation": None,
                "message": "the container is gone\nmake it anew",
            }
        )
    )
    assert [(each.title, each.lines) for each in build.problems] == [
        ("the container is gone", ("make it anew",))
    ]
    assert [line.kind for line in lines] == ["error", "error"]
    assert build.summary().ok is False


def test_durations_are_those_of_builds_that_succeeded() -> None:
    build = fed(
        ours({"action": "at", "time": 10}),
        nix(start(1, 104), started(2, "a-1.0"), started(3, "b-2")),
        ours({"action": "at", "time": 14}),
        nix(result(1, 105, 1, 2, 1, 0), stop(2)),
        ours({"action": "at", "time": 12}),
        nix(result(1, 105, 1, 2, 0, 1), stop(3)),
    )
    assert durations(build) == {"a": 4.0}
    assert build.now == 14


def test_what_took_no_time_is_known_too() -> None:
    build = fed(
        ours({"action": "at", "time": 10}),
        nix(start(1, 104), started(2, "a-env"), result(1, 105, 1, 1, 0, 0), stop(2)),
    )
    assert durations(build) == {"a-env": 0.0}


def test_the_clock_counts_while_the_log_says_no_time() -> None:
    now = [100.0]
    build = Build(clock=lambda: now[0])
    build.feed(nix(started(1, "a")))
    now[0] = 103
    build.feed(nix(message("x", 3)))
    assert (build.now, build.nodes[drv("a")].seconds(build.now)) == (103, 3)
    build.feed(ours({"action": "at", "time": 50}))
    now[0] = 1000
    build.feed(b"text\n")
    assert build.now == 50


def test_lines_that_name_their_machine_are_known_too() -> None:
    build = fed(nix(started(1, "a")))
    said = [result(1, 101, f"line {i}") | {"machine": "ssh-ng://builder"} for i in range(3)]
    lines = build.feed(nix(*said))
    assert [(line.text, line.node) for line in lines] == [(f"line {i}", drv("a")) for i in range(3)]
    assert build.nodes[drv("a")].lines == 3
    build.feed(nix(stop(1)))
    [line] = build.feed(nix(said[0]))
    assert (line.kind, line.node) == ("build", "")


def test_a_failure_on_another_machine_is_the_failure() -> None:
    build = fed(
        nix(start(1, 104), started(2, "a"), result(1, 105, 0, 1, 0, 1)),
        nix(
            error(
                f"build of '{drv('a')}' on 'ssh://builder' failed: "
                f"builder for '{drv('a')}' failed with exit code 4"
            )
        ),
    )
    assert [each.title for each in build.problems] == ["a failed to build (exit code 4)"]
    assert state(build, "a") is NodeState.FAILED


def test_a_failure_told_through_a_daemon_after_the_build_ended_is_believed() -> None:
    build = fed(nix(start(1, 104), started(2, "a"), result(1, 105, 0, 1, 0, 1), stop(2)))
    build.feed(
        nix(
            message(
                f"error: Cannot build '{drv('a')}'.\n  Reason: builder failed with exit code 7."
            )
        )
    )
    assert [each.title for each in build.problems] == ["a failed to build (exit code 7)"]


def test_a_failure_told_without_a_name_is_that_of_the_build_that_just_ended() -> None:
    build = fed(nix(start(1, 104), started(2, "a"), result(1, 105, 0, 1, 0, 1), stop(2)))
    build.feed(nix(error("timed out after 5 seconds")))
    build.end()
    [problem] = build.problems
    assert (problem.title, problem.node_key) == ("a took over 5 s and was stopped", drv("a"))


def test_an_input_that_could_not_be_fetched_is_not_done() -> None:
    url = "https://github.com/x/y/archive/1.tar.gz"
    build = fed(
        nix(start(1, 112, text="fetching github input 'github:x/y/1'"), start(2, 101, url)),
        nix(message(f"warning: unable to download '{url}': HTTP error 500; retrying", 1), stop(2)),
    )
    assert build.nodes[url].state is NodeState.FAILED
    build.feed(nix(start(2, 101, url), stop(2)))
    assert build.nodes[url].state is NodeState.DONE
    build.feed(
        nix(stop(1), error("… while fetching the input 'github:x/y/1'\n\n       error: gone"))
    )
    assert [n.state for n in build.nodes.values() if n.name.startswith("fetching")] == [
        NodeState.FAILED
    ]


def test_a_log_that_ends_in_the_middle_is_no_success() -> None:
    whole = recorded("nix226", "forest", plain=True).splitlines(keepends=True)
    for lines in (whole[: len(whole) // 2], whole[:-4]):
        build, _ = read(b"".join(lines))
        assert (build.phase, build.problems[0].title) == ("failed", "the rebuild broke off")
    assert read(b"".join(whole))[0].phase == "done"
