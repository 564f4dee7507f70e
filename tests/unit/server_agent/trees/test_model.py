"""States on the wire, and paths: what could lead out of a tree is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_agent.protocol.errors import ProtocolError
from server_agent.trees.model import State, clean_path, from_wire, join, parent, same, to_wire

FILE = State("f", 0o644, 5, 10**18, "A-_" * 8)
LINK = State("l", 0, 0, 7, "../b\udcff")
FOLDER = State("d", 0, 0, 0, "")


def test_same_is_kind_value_and_permissions() -> None:
    assert same(None, None)
    assert not same(None, FILE)
    assert not same(FILE, None)
    assert same(FILE, FILE._replace(mtime=1, size=9))
    assert not same(FILE, FILE._replace(mode=0o755))
    assert not same(FILE, FILE._replace(value="B" * 24))
    assert not same(FILE._replace(value=""), FILE._replace(value=""))
    assert same(LINK, LINK._replace(mtime=8))
    assert same(FOLDER, FOLDER)
    assert not same(FOLDER, FILE)


@pytest.mark.parametrize("state", [FILE, LINK, FOLDER, FILE._replace(value="")])
def test_states_travel(state: State) -> None:
    assert from_wire(to_wire(state)) == state


@pytest.mark.parametrize(
    "wire",
    [
        None, {}, [], ["f"], ["f", 0, 0, 0, "", ""], ["q", 0, 0, 0, ""], ["f", 0o1000, 0, 0, ""],
        ["f", "0", 0, 0, ""], ["f", True, 0, 0, ""], ["f", 0, -1, 0, ""], ["f", 0, 1 << 63, 0, ""],
        ["f", 0, 0, 1 << 64, ""], ["f", 0, 0, 0.5, ""], ["f", 0, 0, 0, "../x"], ["f", 0, 0, 0, "x" * 65],
        ["f", 0, 0, 0, None], ["l", 0, 0, 0, ""], ["l", 0, 0, 0, "a\0b"], ["l", 0, 0, 0, "x" * 5000],
        ["l", 0o777, 0, 0, "x"], ["d", 0, 0, 0, "x"], ["l", 0, 0, 0, "\ud800"], [["f"], 0, 0, 0, ""],
    ],
)  # fmt: skip
def test_what_is_no_state_is_refused(wire: object) -> None:
    with pytest.raises(ProtocolError):
        from_wire(wire)


@pytest.mark.parametrize(
    "path",
    [
        "", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "a/../b", "a\0", ".mnix", ".mnix/x",
        "x" * 4097, "ä" * 2049, "/".join("a" * 257), None, 5, "\ud800",
    ],
)  # fmt: skip
def test_a_path_that_could_lead_out_is_refused(path: object) -> None:
    with pytest.raises(ProtocolError):
        clean_path(path)


@pytest.mark.parametrize(
    "path", ["a", "a/.mnix", "..a", "a..", "...", "\udcff/x", "a\nb", ".mnixignore"]
)
def test_other_paths_are_fine(path: str) -> None:
    assert clean_path(path) == path
    assert join(parent(path), path.rpartition("/")[2]) == path


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=8))
def test_anything_else_is_a_protocol_error_or_a_state(wire: object) -> None:
    try:
        state = from_wire(wire)
    except ProtocolError:
        return
    assert to_wire(state) == wire
