"""What is agreed, here and there for each path, from what both sides say and what was kept."""

import os
from pathlib import Path

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
    assert state.triples({}, index(a="1"), {}, There("i", 3)) == {}


def test_each_side_is_what_it_said_last() -> None:
    known = index(a="new", b="1", c="1", d="1")
    changes = {"a": (file("old"), file("new")), "gone": (file("g"), None)}
    there = There("i", 3, changed={"b": file("2")}, gone={"c"})
    odd = {"d": (file("0"), file("2"))}
    assert state.triples(changes, known, odd, there) == {
        "a": (file("old"), file("new"), file("old")),
        "gone": (file("g"), None, file("g")),
        "b": (file("1"), file("1"), file("2")),
        "c": (file("1"), file("1"), None),
        "d": (file("0"), file("1"), file("2")),
    }


def test_a_full_listing_tells_what_is_gone_too() -> None:
    there = There("other", 1, full=True, changed={"b": file("1")})
    found = state.triples({}, index(a="1", b="1"), {}, there)
    assert found == {
        "a": (file("1"), file("1"), None),
        "b": (file("1"), file("1"), file("1")),
    }


def test_at_first_nothing_is_agreed_or_what_an_older_mnix_has_sent() -> None:
    changes = {"a": (None, file("1")), "b": (None, file("1"))}
    there = There("i", 1, full=True, changed={"a": file("2"), "c": file("3")})
    known = index(a="1", b="1")
    assert state.triples(changes, known, {}, there, first="nobody") == {
        "a": (None, file("1"), file("2")),
        "b": (None, file("1"), None),
        "c": (None, None, file("3")),
    }
    older = state.triples(changes, known, {}, there, first="server")
    assert older["a"] == (file("2"), file("1"), file("2"))  # ours is newer, and is sent
    assert older["c"] == (None, None, file("3"))  # only there: never deleted for that


def test_what_the_rules_leave_out_by_now_was_not_deleted() -> None:
    known = index(a="1")
    known.put("", [*known.items(""), Item("build", "j", 0, 0, 0, 0, 0, "", 0)])
    changes: dict[str, tuple[State | None, State | None]] = {
        "build/x": (file("1"), None),
        "z": (file("1"), None),
    }
    found = state.triples(changes, known, {}, There("i", 1))
    assert found["build/x"] == (None, None, file("1"))
    assert found["z"] == (file("1"), None, file("1"))


def test_a_digest_that_was_asked_for_stands_while_the_file_does() -> None:
    odd = {"a": (None, file("known"))}
    touched = State("f", 0o644, 1, 6, "")
    for said, digest in ((file(""), "known"), (touched, "")):
        found = state.triples({}, index(), odd, There("i", 1, changed={"a": said}))
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
