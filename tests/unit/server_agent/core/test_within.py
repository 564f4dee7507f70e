"""Links and FIFOs that a container makes lead nobody out of its folders, and hold nobody up."""

import os
from pathlib import Path
from typing import Any

import pytest

from server_agent.adapters import daemon, nix, volumes
from server_agent.core import inner, inputs, live, results, within
from server_agent.core.projects import Project

ID = "aaaaaaaa"
BUILT = f"/nix/store/{'a' * 32}-built"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    project = Project(ID, "demo", flake="nix/flake.nix")
    for folder in (f"{project.env}/generations", f"{project.workspace}/nix", project.run):
        os.makedirs(folder)
    project.box = {"mountpoint": str(tmp_path / "volume")}
    (tmp_path / "volume/var/nix/gcroots/auto").mkdir(parents=True)
    return project


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of the host's, with what would be taken for ours."""
    for name in (ID, "running-1", "mnix/" + ID):
        (tmp_path / "outside" / name).mkdir(parents=True)
    for name in ("thesis", "1", f"{ID}/thesis", "running-1/thesis", f"mnix/{ID}/1"):
        (tmp_path / "outside" / name).write_text("precious")
    return tmp_path / "outside"


def whole(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("at", ["gcroots", "gcroots/mnix", f"gcroots/mnix/{ID}"])
def test_roots_are_not_looked_for_behind_a_link(project: Project, outside: Path, at: str) -> None:
    link = Path(project.box["mountpoint"], "var/nix", at)
    if at == "gcroots":
        (link / "auto").rmdir()
        link.rmdir()
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(outside)
    was = whole(outside)
    with pytest.raises(OSError, match="directory"):
        results.keep(project)
    if not at.endswith(ID):
        with pytest.raises(OSError, match="directory"), live.rooted(project):
            raise AssertionError("unreachable")
    assert volumes.forget(project.box["mountpoint"], ID) is at.endswith(ID)
    assert whole(outside) == was


@pytest.mark.parametrize("at", ["profiles", "profiles/mnix", f"profiles/mnix/{ID}"])
def test_generations_are_let_go_of_in_their_volume_alone(
    project: Project, outside: Path, at: str
) -> None:
    place = project.box["mountpoint"]
    link = Path(place, "var/nix", at)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside)
    was = whole(outside)
    with pytest.raises(NotADirectoryError):
        volumes.unlink(place, (*volumes.ROOTS, ID), [1])
    volumes.forget(place, ID)
    assert whole(outside) == was


def test_what_was_built_is_rooted_as_long_as_its_link_is_there(project: Project) -> None:
    store = Path(project.box["mountpoint"])
    link = Path(project.workspace, "result")
    link.symlink_to(BUILT)
    (store / "var/nix/gcroots/auto/x").symlink_to("/workspace/result")
    (store / "var/nix/gcroots/auto/y").symlink_to("/workspace/../../result")
    results.keep(project)
    own = store.joinpath(*results.PLACE, ID)
    assert {path.name: os.readlink(path) for path in own.iterdir()} == {"result": BUILT}
    os.unlink(link)
    results.keep(project)
    assert list(own.iterdir()) == []
    (own / "more").mkdir()
    (own / "more/x").symlink_to("/")
    assert volumes.forget(str(store), ID)
    assert not own.exists()


def test_what_runs_is_rooted_until_the_collection_is_over(project: Project) -> None:
    roots = Path(project.box["mountpoint"]).joinpath(*results.PLACE)
    (roots / "running-1/x").mkdir(parents=True)
    with live.rooted(project):
        assert [path.name for path in roots.iterdir()] == [f"running-{os.getpid()}"]
    assert list(roots.iterdir()) == []


def test_a_pid_file_or_a_script_that_is_none_holds_nobody_up(project: Project) -> None:
    for name in ("fifo", "link", "endless"):
        path = os.path.join(project.run, name)
        if name == "fifo":
            os.mkfifo(path)
        elif name == "link":
            Path(project.folder, "secret").write_text("1 2 box 3\n")
            os.symlink(os.path.join(project.folder, "secret"), path)
        else:
            os.symlink("/dev/zero", path)
        assert inner.read_pidfile(path) is None
        assert inner.read_generation(path) == 0
        assert nix._read(path) == ""
    good = os.path.join(project.run, "good")
    Path(good).write_text("1 2 box 3\nleft over")
    assert (inner.read_pidfile(good), inner.read_generation(good)) == ((1, "2", "box"), 3)


@pytest.mark.parametrize("linked", ["flake.lock", "nix", "nix/flake.lock"])
def test_what_lies_outside_of_the_workspace_is_no_input(project: Project, linked: str) -> None:
    secret = Path(project.folder, "secret")
    secret.mkdir()
    (secret / "flake.lock").write_text("PRIVATE")
    at = Path(project.workspace, linked)
    if linked == "flake.lock":
        project.flake = "flake.nix"
    elif linked == "nix":
        at.rmdir()
    at.symlink_to(secret if linked == "nix" else secret / "flake.lock")
    assert inputs.collect(project) == {}
    assert inputs.workspace_digests(project) == {}
    assert inputs.texts(project)["workspace"]["flake.lock"] is None
    project.isolation = "host"  # there everything is the user's own
    assert inputs.collect(project) == {"flake.lock": b"PRIVATE"}


def test_a_link_within_the_workspace_is_followed(project: Project) -> None:
    Path(project.workspace, "nix/flake.nix").symlink_to("../real")
    Path(project.workspace, "real").write_text("{ }")
    assert inputs.collect(project) == {"flake.nix": b"{ }"}
    assert within.read(f"{project.workspace}/nix/flake.nix", 99) is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_no_file_is_given_away_behind_a_link_that_came_meanwhile(
    project: Project, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nested = Path(project.workspace, "nix")
    (nested / "thesis").write_text("")
    chown = os.chown

    def swapped(path: str, *args: Any, **kwargs: Any) -> None:
        if path == "thesis" and nested.exists():
            nested.rename(nested.parent / "was")
            nested.symlink_to(outside)
        chown(path, *args, **kwargs)

    monkeypatch.setattr(os, "chown", swapped)
    daemon.own(project)
    assert (nested.parent / "was/thesis").stat().st_uid == daemon._FIRST_UID
    assert (outside / "thesis").stat().st_uid == 0
