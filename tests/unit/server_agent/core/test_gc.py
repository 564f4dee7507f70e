"""A collection takes nothing that was built by hand, and is over only when nothing of it runs."""

import os
from pathlib import Path
from typing import Any

import pytest

from server_agent.adapters import host, nixstore
from server_agent.core import gc, keeping, projects, results, running, scripts
from server_agent.core.projects import Project
from server_agent.jobs import procs
from server_agent.protocol.errors import AgentError

BUILT = f"/nix/store/{'a' * 32}-built"


class Behind(host.Host):
    """A client that may be killed without what it started, as Podman's."""

    def argv(self, project: Project, inner: list[str], **how: Any) -> list[str]:
        apart = 'setsid "$@" > /dev/null 2>&1 & wait $!'
        return ["sh", "-c", apart, "mnix", *super().argv(project, inner, **how)]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return made("aaaaaaaa", tmp_path)


def made(project_id: str, tmp_path: Path) -> Project:
    project = Project(project_id, project_id, "host")
    for folder in (project.env, project.workspace, project.run):
        os.makedirs(folder)
    scripts.install(project.env)
    project.box = {"id": "host", "mountpoint": str(tmp_path / "volume"), "volume": "v"}
    (tmp_path / "volume/var/nix/gcroots/auto").mkdir(parents=True, exist_ok=True)
    projects.save(project)
    return project


def test_a_collection_that_takes_too_long_is_ended_inside(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = tmp_path / "pid"
    monkeypatch.setattr(nixstore, "_COLLECT", f"trap '' TERM\necho $$ > {note}\nsleep 60; sleep 60")
    monkeypatch.setattr(nixstore, "_POLITE", 0.1)
    done = nixstore.collect(Behind(), project, os.open(note, os.O_CREAT), 0.3)
    assert done.code != 0
    assert "error: it took longer than" in done.text
    assert not procs.left_of(int(note.read_text() or 0), "-", "none")
    assert os.listdir(project.run) == []


@pytest.fixture
def collected(project: Project, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []

    def collect(*_: object) -> nixstore.Output:
        found.append("cleared")
        return nixstore.Output(0, "1 store paths deleted, 1.00 MiB freed", False)

    monkeypatch.setattr(nixstore, "collect", collect)
    monkeypatch.setattr(keeping, "release", lambda *_: 0)
    monkeypatch.setattr(running, "ready", lambda _: (project, host.Host()))
    return found


def test_what_a_project_at_work_built_by_hand_is_kept(
    project: Project, collected: list[str], tmp_path: Path
) -> None:
    other = made("bbbbbbbb", tmp_path)
    Path(other.workspace, "result").symlink_to(BUILT)
    (tmp_path / "volume/var/nix/gcroots/auto/x").symlink_to("/workspace/result")
    with projects.locked(other.id, "push", finish=False):
        gc.collect(project.id)
    assert collected == ["cleared"]
    kept = tmp_path.joinpath("volume", *results.PLACE, other.id, "result")
    assert os.readlink(kept) == BUILT


def test_nothing_is_cleared_when_what_was_built_can_not_be_kept(
    project: Project, collected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Project) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(results, "keep", full)
    with pytest.raises(AgentError, match="No space left"):
        gc.collect(project.id)
    assert collected == []
