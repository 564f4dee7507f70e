"""Which generations are kept, what a collection says that it took, and the files of a flake."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_agent.core import environment, gc, inputs, keeping, storelock
from server_agent.core.projects import Project

DAY = 86400.0
NOW = 1000 * DAY


def test_the_last_the_young_the_used_and_the_current_stay() -> None:
    created = {number: NOW - (20 - number) * 10 * DAY for number in range(1, 20)}
    stay = keeping.wanted(created, 3, [5, 99], generations=2, days=35, now=NOW)
    assert stay == {3, 5, 17, 18, 19}
    assert keeping.wanted(created, None, [], generations=0, days=0, now=NOW) == set()


@given(
    st.dictionaries(st.integers(1, 99), st.floats(0, 2 * NOW)),
    st.integers(0, 9),
    st.floats(0, 999),
)
def test_what_is_kept_is_never_less_than_asked_for(
    created: dict[int, float], generations: int, days: float
) -> None:
    stay = keeping.wanted(created, None, [], generations=generations, days=days, now=NOW)
    assert stay <= set(created)
    assert len(stay) >= min(generations, len(created))
    if generations and created:
        assert max(created) in stay


@pytest.mark.parametrize(
    ("text", "paths", "size"),
    [
        ("deleting '/nix/store/x'\n4 store paths deleted, 4.47 MiB freed\n", 4, 4687135),
        ("1 store path deleted, 0.00 MiB freed", 1, 0),
        ("12 store paths deleted, 812.5 KiB freed", 12, 832000),
        ("1,234 store paths deleted, 1.5 GiB freed", 1234, 1610612736),
        ("0 store paths deleted, 0.0 KiB freed", 0, 0),
        ("3 store paths deleted, 512 B freed", 3, 512),
        ("note: nothing", 0, 0),
        ("9 store paths deleted, -0.10 MiB freed", 9, 0),
    ],
)
def test_what_nix_says_it_took(text: str, paths: int, size: int) -> None:
    found = gc.freed(text)
    assert found["paths"] == paths
    assert abs(found["bytes"] - size) <= 0.01 * size


@given(st.text())
def test_whatever_nix_says_never_fails(text: str) -> None:
    gc.freed(text)


def test_the_store_is_shared_by_builds_and_cleared_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    said: list[str] = []
    with (
        storelock.shared(said.append),
        storelock.shared(said.append),
        pytest.raises(BlockingIOError),
        storelock.alone(),
    ):
        raise AssertionError("unreachable")
    with storelock.alone():
        pass
    assert said == []


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    project = Project("aaaaaaaa", "demo", flake="nix/flake.nix")
    for folder in (f"{project.env}/generations", f"{project.workspace}/nix"):
        os.makedirs(folder)
    return project


def test_what_an_environment_was_made_from_is_kept_with_it(project: Project) -> None:
    workspace = Path(project.workspace)
    (workspace / "nix" / "flake.nix").write_text("{ }")
    (workspace / "mnix.toml").write_text("")
    assert inputs.generation_digests(project) == {}
    number = environment.add(
        project, "", cause="x", store_path=None, volume="", inputs=inputs.collect(project)
    )
    environment.switch(project, number)
    was = inputs.workspace_digests(project)
    assert set(was) == {"flake.nix", "mnix.toml"}
    assert inputs.generation_digests(project) == was
    # A change of the same length, in the same moment.
    kept = os.stat(workspace / "mnix.toml")
    (workspace / "nix" / "flake.nix").write_text("{:}")
    (workspace / "nix" / "flake.lock").write_text("{}")
    os.unlink(workspace / "mnix.toml")
    now = inputs.workspace_digests(project)
    assert set(now) == {"flake.nix", "flake.lock"}
    assert now["flake.nix"] != was["flake.nix"]
    assert kept.st_size == 0
    texts = inputs.texts(project)
    assert texts["generation"] == {"flake.nix": "{ }", "flake.lock": None, "mnix.toml": ""}
    assert texts["workspace"] == {"flake.nix": "{:}", "flake.lock": "{}", "mnix.toml": None}


def test_odd_and_huge_files_hold_nobody_up(project: Project) -> None:
    workspace = Path(project.workspace)
    os.mkfifo(workspace / "mnix.toml")
    (workspace / "nix" / "flake.nix").mkdir()
    (workspace / "nix" / "flake.lock").write_bytes(b"\xff" * (inputs.MAX_BYTES + 1))
    assert inputs.workspace_digests(project) == {}
    assert inputs.collect(project) == {}
    texts = inputs.texts(project)
    assert texts["workspace"]["mnix.toml"] is None
    assert len(json.dumps(texts)) < 1_000_000


def test_descriptions_outlast_generations(project: Project) -> None:
    for _ in range(3):
        environment.add(project, "", cause="x", store_path=None, volume="", started=1.0, job="j")
    environment.switch(project, 3)
    os.unlink(Path(environment.folder(project, 1), "env.sh"))
    rows = environment.listing(project)
    assert [(row["number"], row["kept"], row["current"]) for row in rows] == [
        (3, True, True),
        (2, True, False),
        (1, False, False),
    ]
    assert environment.warm(project, 3)
    assert not environment.warm(project, 1)
    assert not environment.warm(project, None)
