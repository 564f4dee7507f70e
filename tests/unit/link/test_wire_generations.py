"""What the agent says of generations, believed only as far as it makes sense."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnix_tui.domain.generations import Changes, Collected, GenerationDiff, PackageChange
from mnix_tui.errors import RemoteError
from mnix_tui.link import wire
from mnix_tui.link.wire_generations import collected, diff, generations

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["generations", "number", "created", "changes", "added", "removed", "changed",
                 "versions", "before", "after", "bytes", "size", "name", "more", "workspace",
                 "generation", "flake.nix"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)  # fmt: skip


def test_generations_come_newest_first_with_all_that_is_known() -> None:
    older, newer = generations(
        {
            "generations": [
                {"number": 3, "created": 5.5, "current": False, "kept": False},
                {"number": 4, "created": 9, "cause": "re\x1b[Hbuild", "duration": 2, "size": 10,
                 "paths": 3, "store_path": "/nix/store/x", "current": True, "job": "j1",
                 "changes": {"added": 1, "removed": 2, "changed": 3, "bytes": -4}},
            ]
        }
    )[::-1]  # fmt: skip
    assert (older.number, older.kept, older.changes, older.duration) == (3, False, None, None)
    assert newer.changes == Changes(1, 2, 3, -4)
    assert (newer.duration, newer.size, newer.paths, newer.job) == (2.0, 10, 3, "j1")
    assert newer.cause == "re [Hbuild"
    assert newer.kept
    assert newer.current


def test_a_comparison_is_told_as_it_came() -> None:
    found = diff(
        {
            "a": 1, "b": 2, "bytes": 7, "size": [10, 17], "more": 4,
            "added": [{"name": "jq", "versions": ["1.8"], "bytes": 5}],
            "removed": [{"name": "hx", "versions": ["24"], "bytes": -1}],
            "changed": [{"name": "go", "before": ["1.23"], "after": ["1.24"], "bytes": 3}],
        },
        1,
        2,
    )  # fmt: skip
    assert found == GenerationDiff(
        1,
        2,
        (PackageChange("jq", (), ("1.8",), 5),),
        (PackageChange("hx", ("24",), (), -1),),
        (PackageChange("go", ("1.23",), ("1.24",), 3),),
        7,
        (10, 17),
        4,
    )
    assert collected({"paths": 3, "bytes": 1 << 40}) == Collected(3, 1 << 40)


def test_a_long_list_is_cut() -> None:
    found = diff({"added": [{"name": f"p{n}"} for n in range(5000)]}, 1, 2)
    assert len(found.added) == 2000


@given(JSON)
def test_nothing_that_an_agent_says_breaks_the_client(said: Any) -> None:
    diff(said, 1, 2)
    collected(said)
    wire.flake_texts(said, "workspace")
    wire.inputs(said, "generation")
    with suppress(RemoteError):  # said with a name, and with nothing in it that moves a terminal
        generations(said)


def test_digests_and_texts_are_taken_by_known_names_only() -> None:
    status = wire.project_status(
        {
            "state": "running",
            "inputs": {"workspace": {"flake.nix": "ab" * 30, "evil": "x"}, "generation": None},
            "warm": True,
            "store": "volume",
        },
        1.0,
    )
    assert status.workspace_inputs == (("flake.nix", "ab" * 7 + "a…"),)
    assert status.generation_inputs == ()
    assert (status.warm, status.store) == (True, "volume")
    said = {"workspace": {"flake.nix": "{}", "evil": "x"}, "generation": {"flake.nix": None}}
    assert wire.flake_texts(said, "workspace") == {
        "flake.nix": "{}",
        "flake.lock": None,
        "mnix.toml": None,
    }
    assert wire.flake_texts(said, "generation") == {}


@pytest.mark.parametrize("number", [None, "3", True, 1.5, [1]])
def test_a_generation_without_a_number_is_an_error_with_a_name(number: Any) -> None:
    said = json.loads(json.dumps({"generations": [{"number": number}]}))
    with pytest.raises(RemoteError) as caught:
        generations(said)
    assert caught.value.code == "protocol"


@pytest.mark.parametrize("number", [10**400, -(10**400), float("inf"), float("nan"), 9e14])
def test_numbers_beyond_all_reason_are_none(number: float) -> None:
    assert collected({"paths": number, "bytes": number}) == Collected(0, 0)
    (one,) = generations(
        {"generations": [{"number": 3, "created": number, "duration": number, "size": number}]}
    )
    assert (one.created, one.duration, one.size) == (0.0, None, None)
