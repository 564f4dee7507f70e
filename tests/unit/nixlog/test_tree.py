"""The rows: dependents above what they need, once in full, what matters first."""

import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from mnix_tui.nixlog import Build, Row
from mnix_tui.nixlog.shape import pick, redraw
from mnix_tui.nixlog.tree import BIG, MAX_DEPTH
from tests.unit.nixlog.logs import drv, message, nix, ours, out, result, start, started, stop


def planned(edges: dict[str, list[str]]) -> Build:
    build = Build(clock=lambda: 0.0)
    inputs = {drv(name): [drv(each) for each in wanted] for name, wanted in edges.items()}
    build.feed(ours({"action": "graph", "inputs": inputs}) + nix(start(1, 104)))
    return build


def drawn(rows: list[Row]) -> list[str]:
    lines = []
    for row in rows:
        lead = "".join("│" if each else " " for each in row.guides[1:])
        lead += ("└" if row.last else "├") if row.depth else ""
        folded = f" +{row.hidden}" if row.again else ""
        lines.append(f"{lead}{row.node.name}{folded}")
    return lines


DIAMOND = {"shell": ["web", "api"], "web": ["ssl"], "api": ["ssl", "db"], "ssl": ["zlib"], "db": []}


def test_dependents_stand_above_and_a_diamond_is_folded() -> None:
    assert drawn(planned(DIAMOND).tree()) == [
        "shell",
        "├web",
        "│└ssl",
        "│ └zlib",
        "└api",
        " ├ssl +1",
        " └db",
    ]


def test_what_follows_from_the_rest_is_not_drawn() -> None:
    build = planned({"shell": ["ssl", "zlib", "web"], "web": ["ssl", "zlib"], "ssl": ["zlib"]})
    assert drawn(build.tree()) == ["shell", "└web", " └ssl", "  └zlib"]
    assert build.nodes[drv("shell")].inputs == [drv("ssl"), drv("zlib"), drv("web")]


def test_failed_then_running_then_waiting_then_done() -> None:
    build = planned({"shell": ["a", "b", "c", "d"]})
    build.feed(nix(started(2, "d"), result(1, 105, 0, 4, 0, 1), stop(2), started(3, "c")))
    build.feed(nix(started(4, "a"), result(1, 105, 1, 4, 1, 1), stop(4)))
    assert drawn(build.tree()) == ["shell", "├d", "├c", "├b", "└a"]


def test_without_edges_groups_with_downloads_after_builds() -> None:
    build = Build(clock=lambda: 0.0)
    build.feed(
        nix(
            start(1, 104),
            message("these 2 derivations will be built:", 3),
            message(f"  {drv('waits')}", 3),
            start(5, 108, out("comes"), "https://cache"),
            start(6, 108, out("came"), "https://cache"),
            stop(6),
            started(2, "done"),
            result(1, 105, 1, 3, 0, 0),
            stop(2),
            started(3, "failed"),
            result(1, 105, 1, 3, 0, 1),
            stop(3),
            started(4, "runs"),
        )
    )
    assert drawn(build.tree()) == ["failed", "runs", "comes", "waits", "done", "came"]


def test_the_same_list_while_nothing_changes_in_it() -> None:
    build = planned(DIAMOND)
    rows = build.tree()
    build.feed(b"text\n")
    assert build.tree() is rows
    build.feed(nix(started(2, "zlib")))
    assert build.tree() is not rows


def test_a_long_chain_goes_on_at_the_left() -> None:
    build = planned({f"n{i}": [f"n{i + 1}"] for i in range(3 * MAX_DEPTH)})
    rows = build.tree()
    assert max(row.depth for row in rows) == MAX_DEPTH
    assert {row.node.name for row in rows if not row.again} == {
        f"n{i}" for i in range(3 * MAX_DEPTH + 1)
    }
    assert next(row.last for row in rows if row.depth == 0) is False


def test_in_a_big_tree_what_stands_elsewhere_is_repeated_only_as_the_one_cause() -> None:
    edges = {f"n{i}": ["base", "other"] for i in range(BIG + 10)}
    rows = planned(edges).tree()
    repeated = [row for row in rows if row.again]
    assert len(repeated) == BIG + 10 - 1
    assert all(row.last for row in repeated)


GRAPHS = st.dictionaries(st.integers(0, 14), st.lists(st.integers(0, 14), max_size=5), max_size=15)


@given(GRAPHS, st.randoms(use_true_random=False), st.integers(1, 12))
@settings(max_examples=200, deadline=None)
def test_any_graph_is_a_tree_with_each_node_once(
    graph: dict[int, list[int]], chance: random.Random, room: int
) -> None:
    build = planned({f"n{i}": [f"n{j}" for j in wanted] for i, wanted in graph.items()})
    for i in chance.sample(sorted(graph), len(graph) // 2):
        build.feed(nix(started(100 + i, f"n{i}")))
    rows = build.tree()
    assert sorted(row.node.key for row in rows if not row.again) == sorted(build.nodes)
    well_formed(rows)
    shown, words = pick(rows, room)
    assert len(shown) <= room
    left = sum(not row.again for row in rows) - len(shown)
    assert sum(int(each.split()[0]) for each in words.split(", ") if left) == left
    well_formed(redraw(rows, shown))


def well_formed(rows: list[Row]) -> None:
    """Each row hangs under the one before it, and its lines end where they should."""
    for i, row in enumerate(rows):
        assert len(row.guides) == row.depth
        assert row.depth <= (rows[i - 1].depth + 1 if i else 0)
        rest = [each.depth for each in rows[i + 1 :]]
        below = next((k for k, depth in enumerate(rest) if depth < row.depth), len(rest))
        assert row.last == (row.depth not in rest[:below])
        for depth, runs in enumerate(row.guides):
            ends = next((k for k, each in enumerate(rest) if each < depth), len(rest))
            assert runs == (depth in rest[:ends]), json.dumps(drawn(rows), ensure_ascii=False)
