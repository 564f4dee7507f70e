"""What environments need of the store, and how two of them are told apart."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_agent.core import closure, environment
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError

HASH = "0123456789abcdfghijklmnpqrsvwxyz"


def base(name: str, start: str = "0") -> str:
    return f"{start}{HASH[1:]}-{name}"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("hello-2.12", ("hello", "2.12")),
        ("hello-2.12-man", ("hello", "2.12")),
        ("glibc-2.38-44-bin", ("glibc", "2.38-44")),
        ("source", ("source", "")),
        ("bash-interactive-5.2-p26", ("bash-interactive", "5.2-p26")),
        ("python3.11-requests-2.31.0", ("python3.11-requests", "2.31.0")),
        ("tiny-shell-env", ("tiny-shell", "")),
        ("gcc-13.2.0-lib32", ("gcc", "13.2.0")),
    ],
)
def test_names_are_split_as_nix_does(name: str, parts: tuple[str, str]) -> None:
    assert closure.name_and_version(base(name)) == parts


def test_lines_of_nix_are_read_and_others_passed_over() -> None:
    text = (
        f"/nix/store/{base('hello-2.12')}  \t      4096\n"
        f"warning: something else\n/nix/store/{base('a b')}\t1\n"
        f"/nix/store/{base('evil')}\t99999999999999999999999\n"
        f"/somewhere/else/{base('x', '1')}\t7"
    )
    assert closure.parse(text) == {base("hello-2.12"): 4096, base("x", "1"): 7}


@given(st.text())
def test_whatever_is_read_never_fails(text: str) -> None:
    for name in closure.parse(text):
        closure.name_and_version(name)


def test_a_difference_has_what_came_went_and_changed() -> None:
    before = {
        base("hello-2.12"): 100,
        base("gone-1"): 5,
        base("same-1"): 7,
        base("grown"): 10_000,
        base("two-1"): 1,
        base("two-2"): 1,
    }
    after = {
        base("hello-2.13", "1"): 160,
        base("hello-2.13-man", "1"): 10,
        base("new-3.1"): 9,
        base("same-1", "1"): 8,  # built anew, hardly larger
        base("grown", "1"): 20_000,
        base("two-2"): 1,
    }
    found = closure.difference(before, after)
    assert found["added"] == [{"name": "new", "versions": ["3.1"], "bytes": 9}]
    assert found["removed"] == [{"name": "gone", "versions": ["1"], "bytes": -5}]
    assert found["changed"] == [
        {"name": "grown", "before": [""], "after": [""], "bytes": 10_000},
        {"name": "hello", "before": ["2.12"], "after": ["2.13"], "bytes": 70},
        {"name": "two", "before": ["1", "2"], "after": ["2"], "bytes": -1},
    ]
    grown = sum(after.values()) - sum(before.values())
    assert closure.counts(before, after) == {
        "added": 1,
        "removed": 1,
        "changed": 3,
        "bytes": grown,
    }


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    project = Project("aaaaaaaa", "demo")
    Path(project.env, "generations").mkdir(parents=True)
    return project


def test_an_answer_is_bounded_and_counts_the_rest(project: Project) -> None:
    for count, size in ((0, 1), (5000, 150)):
        number = environment.add(project, "", cause="x", store_path="/nix/store/x", volume="")
        found = {
            base(f"{'n' * size}{at:05}-1.{'2' * 40}"[:211]): at * 100_000 for at in range(count)
        }
        text = json.dumps(found)
        Path(environment.folder(project, number), "closure.json").write_text(text)
    told = closure.diff(project, 1, 2)
    assert 0 < len(told["added"]) <= closure.MOST_ENTRIES
    assert told["more"] == 5000 - len(told["added"])
    assert len(json.dumps(told)) < 900_000
    assert max(entry["bytes"] for entry in told["added"]) == 4999 * 100_000  # what weighs most
    assert told["added"] == sorted(told["added"], key=lambda entry: entry["name"])


def test_what_was_never_noted_is_said(project: Project) -> None:
    environment.add(project, "", cause="x", store_path=None, volume="")
    with pytest.raises(AgentError, match="not noted") as found:
        closure.diff(project, 1, 1)
    assert found.value.hint == "it was made without nix"
