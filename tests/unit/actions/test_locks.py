"""Lock files compared by their inputs, whatever is in them."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mnix_tui.actions.locks import MOST, changed_inputs, inputs


def locked(rev: str, modified: Any = 1_750_000_000, **inputs: Any) -> dict[str, Any]:
    return {"inputs": inputs, "locked": {"rev": rev * 40, "lastModified": modified}}


def lock(root: dict[str, Any], **nodes: dict[str, Any]) -> str:
    return json.dumps({"nodes": {"root": {"inputs": root}, **nodes}, "root": "root", "version": 7})


def test_each_input_that_differs_has_a_line_with_revision_and_day() -> None:
    before = lock(
        {"nixpkgs": "np", "shell": "sh", "gone": "g"},
        np=locked("a", 1_747_000_000),
        sh=locked("s", inner="np2", same=["nixpkgs"]),
        np2=locked("1"),
        g=locked("9"),
    )
    after = lock(
        {"nixpkgs": "np", "shell": "sh", "fresh": "f"},
        np=locked("b"),
        sh=locked("s", inner="np2", same=["nixpkgs"]),
        np2=locked("2"),
        f={"locked": {"narHash": "sha256-x"}},
    )
    assert changed_inputs(before, after) == (
        "fresh: new, sha256-x",
        "gone: gone, was 9999999 (2025-06-15)",
        "nixpkgs: aaaaaaa (2025-05-11) → bbbbbbb (2025-06-15)",
        "shell/inner: 1111111 (2025-06-15) → 2222222 (2025-06-15)",
    )
    assert changed_inputs(before, before) == ()
    assert changed_inputs("", after)[0] == "fresh: new, sha256-x"


def test_loops_and_floods_of_inputs_end() -> None:
    assert len(inputs(lock({"a": "a"}, a=locked("a", again="a")))) <= MOST
    many = {f"i{n}": "x" for n in range(5000)}
    assert len(inputs(lock(many, x=locked("x", **many)))) == MOST


def test_what_is_no_lock_file_has_no_inputs() -> None:
    for text in ("", "{", "[]", '{"nodes": []}', '{"nodes": {}, "root": 3}', "[" * 100_000):
        assert inputs(text) == {}
    hostile = lock({"a\x1b[2J": "n"}, n={"locked": {"rev": "\n" * 9, "lastModified": 1 << 39}})
    (line,) = changed_inputs("", hostile)
    assert line.isprintable()


JUNK = st.recursive(
    st.none() | st.integers() | st.text(max_size=4) | st.sampled_from(["root", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["nodes", "root", "inputs", "locked", "rev", "lastModified", "a", "path"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(JUNK, JUNK)
def test_any_json_is_survived(before: Any, after: Any) -> None:
    for line in changed_inputs(json.dumps(before), json.dumps(after)):
        assert line.isprintable()
