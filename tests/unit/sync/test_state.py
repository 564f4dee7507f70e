"""What is agreed, here and there for each path, from what both sides say and what was kept."""

import os
from pathlib import Path

import pytest

from mnix_tui.sync import state
from mnix_tui.sync.converse import There
from server_agent.trees.index import Index
from server_agent.trees.model import State
from server_agent.trees.packed import Item


def file(value: str, size: int = 1) -> State:
    return State("f", 0o644, size, 5, value)


def index(**values: str) -> Index:
    found = Index()
    items = [Item(name, "f", 0o644, 1, 5, 7, 9, value, 1) for name, value in values.items()]
    found.put("", sorted(items))
    return found


def test_what_nobody_touched_is_no_question() -> None:
    assert state.triples({}, index(a="1"), {}, There("i", 3)) == ({}, {})


def test_each_side_is_what_it_said_last() -> None:
    known = index(a="new", b="1", c="1", d="1")
    changes = {"a": (file("old"), file("new")), "gone": (file("g"), None)}
    there = There("i", 3, changed={"b": file("2")}, gone={"c"})
    odd = {"d": (file("0"), file("2"))}
    assert state.triples(changes, known, odd, there)[0] == {
        "a": (file("old"), file("new"), file("old")),
        "gone": (file("g"), None, file("g")),
        "b": (file("1"), file("1"), file("2")),
        "c": (file("1"), file("1"), None),
        "d": (file("0"), file("1"), file("2")),
    }


def test_a_full_listing_tells_what_is_gone_too() -> None:
    there = There("other", 1, full=True, changed={"b": file("1")})
    found, _ = state.triples({}, index(a="1", b="1"), {}, there)
    assert found == {
        "a": (file("1"), file("1"), None),
        "b": (file("1"), file("1"), file("1")),
    }


def test_at_first_nothing_is_agreed_or_what_an_older_mnix_has_sent() -> None:
    changes = {"a": (None, file("1")), "b": (None, file("1"))}
    there = There("i", 1, full=True, changed={"a": file("2"), "c": file("3")})
    known = index(a="1", b="1")
    assert state.triples(changes, known, {}, there, first="nobody")[0] == {
        "a": (None, file("1"), file("2")),
        "b": (None, file("1"), None),
        "c": (None, None, file("3")),
    }
    older, _ = state.triples(changes, known, {}, there, first="server")
    assert older["a"] == (file("2"), file("1"), file("2"))  # ours is newer, and is sent
    assert older["c"] == (None, None, file("3"))  # only there: never deleted for that


def with_rest(known: Index, **rest: str) -> Index:
    known.put("", [*known.items(""), *(_left(name, kind) for name, kind in rest.items())])
    return known


def _left(name: str, kind: str) -> Item:
    return Item(name, kind, 0, 0, 0, 0, 0, "", 0)


@pytest.mark.parametrize("kind", ["j", "x"])
@pytest.mark.parametrize("first", ["", "nobody", "server"])
def test_what_is_left_out_here_is_no_matter_of_a_plan(kind: str, first: str) -> None:
    known = with_rest(index(a="1"), build=kind)
    changes: dict[str, tuple[State | None, State | None]] = {
        "build/x": (file("1"), None),
        "build/y": (file("1"), None),
        "z": (file("1"), None),
    }
    for there in (
        There("i", 1, gone={"build/y"}),
        There("i", 1, full=True, changed={"build/x": file("1"), "z": file("1")}),
    ):
        found, left = state.triples(changes, known, {}, there, first=first)
        assert "z" in found
        assert found.keys() <= {"a", "z"}
        assert left["build/x"][1] == file("1")
        # What is gone there while it is left out here is nobody's deletion when it is back.
        assert left["build/y"] == (None, None)


def test_what_is_left_out_there_was_not_deleted() -> None:
    changes: dict[str, tuple[State | None, State | None]] = {"a": (file("0"), file("1"))}
    there = There("i", 1, full=True, left={"a", "data"})
    known = index(a="1", b="1")
    known.put("data", [Item("x", "f", 0o644, 1, 5, 7, 9, "1", 1)])
    found, _ = state.triples(changes, known, {}, there)
    assert found == {
        "a": (file("0"), file("1"), file("0")),
        "data/x": (file("1"), file("1"), file("1")),
        "b": (file("1"), file("1"), None),
    }


def test_of_another_folder_what_is_missing_was_not_deleted() -> None:
    changes: dict[str, tuple[State | None, State | None]] = {
        "a": (file("1"), None),
        "b": (file("1"), file("2")),
    }
    found, _ = state.triples(changes, index(b="2"), {}, There("i", 1), elsewhere=True)
    assert found == {
        "a": (None, None, file("1")),
        "b": (file("1"), file("2"), file("1")),
    }


def test_a_link_that_leaves_the_folder_is_in_the_way_of_a_folder_there() -> None:
    known = with_rest(index(), out="x", build="j")
    there = There("i", 1, changed={"out/x/a": file("1"), "out/b": file("1"), "build/a": file("1")})
    found, left = state.triples({}, known, {"out/c": (file("1"), file("1"))}, there)
    assert found == {}
    assert state.in_the_way(left, known) == {"out": 2}


def test_a_digest_that_was_asked_for_stands_while_the_file_does() -> None:
    odd = {"a": (None, file("known"))}
    touched = State("f", 0o644, 1, 6, "")
    for said, digest in ((file(""), "known"), (touched, "")):
        found, _ = state.triples({}, index(), odd, There("i", 1, changed={"a": said}))
        there = found["a"][2]
        assert there is not None
        assert there.value == digest


def test_odd_paths_are_kept_and_read_again(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9")
    pairs = {name: (file("1"), None), "b": (None, State("l", 0, 0, 5, "x"))}
    assert state.read_odd(state.write_odd(pairs)) == pairs
    assert state.read_odd([(b"a", "broken", None), (b"b", '["x"]', None)]) == {}
    odd, even = state.split(
        {"a": (file("1"), file("1"), file("1")), "b": (None, file(""), file(""))}
    )
    assert even == ["a"]  # a digest that nobody knows is never the same
    assert odd == {"b": (None, file(""))}
