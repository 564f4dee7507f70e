"""What a rebuild leaves when it ends in the middle of things."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from server_agent.adapters import nix
from server_agent.core import (
    closure,
    environment,
    inputs,
    isolations,
    keeping,
    paths,
    projects,
    rebuild,
    sessions_api,
)
from server_agent.core.projects import Box, Project
from server_agent.core.relay_log import ReaderGone, RelayLog
from server_agent.jobs import store
from server_agent.protocol.errors import AgentError
from server_agent.protocol.mnixtoml import Settings

JOB = "jobjobjo"


class _Isolation:
    kind = "container"

    def __init__(self) -> None:
        self.discarded: list[Any] = []
        self.swept = 0

    def ensure(self, *_: Any) -> Box:
        return {"id": "new"}

    def adopt(self, project: Project, box: Box) -> None:
        project.box = box

    def discard(self, box: Box) -> None:
        self.discarded.append(box["id"])

    def sweep(self, *_: Any) -> None:
        self.swept += 1


@pytest.fixture
def isolation(monkeypatch: pytest.MonkeyPatch) -> _Isolation:
    made = _Isolation()
    monkeypatch.setattr(isolations, "of", lambda *_: made)
    return made


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(rebuild, "_ignore_signals", lambda: None)
    project = Project("aaaaaaaa", "demo", "container")
    for folder in (f"{project.env}/generations", project.workspace, project.run):
        os.makedirs(folder)
    project.box = {"id": "old"}
    environment.switch(project, added(project))
    projects.save(project)
    return project


def added(project: Project) -> int:
    return environment.add(project, "", cause="rebuild", store_path="/nix/store/x", volume="")


@pytest.fixture
def log() -> RelayLog:
    return RelayLog(os.open(os.devnull, os.O_WRONLY))


def test_a_disk_that_is_full_at_the_switch_costs_no_container_that_is_the_projects(
    project: Project, isolation: _Isolation, log: RelayLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def build(self: Any, _: Settings) -> int:
        number = added(project)
        with monkeypatch.context() as broken:
            broken.setattr(environment, "switch", full)
            self._commit(project, number)
        return number

    monkeypatch.setattr(rebuild._Rebuild, "_build", build)
    with pytest.raises(OSError, match="No space"):
        rebuild._Rebuild(project, JOB, log).run()
    assert isolation.discarded == []
    assert projects.load(project.id).box == {"id": "new"}
    with projects.locked(project.id, "another") as again:
        assert environment.current(again) == 2


def test_a_container_that_did_not_become_the_projects_goes(
    project: Project, isolation: _Isolation, log: RelayLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(*_: Any) -> int:
        raise OSError("no")

    monkeypatch.setattr(rebuild._Rebuild, "_build", build)
    with pytest.raises(OSError, match="no"):
        rebuild._Rebuild(project, JOB, log).run()
    assert isolation.discarded == ["new"]


def test_what_a_killed_rebuild_made_goes_also_when_what_it_ran_was_ended_already(
    project: Project, isolation: _Isolation, log: RelayLog
) -> None:
    rebuild._Rebuild(project, JOB, log)._clear_up()  # no note is left of it
    assert isolation.swept == 1


def test_a_reader_that_goes_after_the_switch_is_too_late(
    project: Project, isolation: _Isolation
) -> None:
    reading, writing = os.pipe()
    log = RelayLog(writing)
    made = rebuild._Rebuild(project, JOB, log)
    made.box = project.box
    made._commit(project, added(project))
    os.close(reading)
    log.say("generation 2 runs")
    os.close(writing)


def test_the_same_environment_of_other_files_keeps_its_root_and_is_not_told_as_unbuilt(
    project: Project, isolation: _Isolation, log: RelayLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    flake = Path(project.workspace, "flake.nix")
    flake.write_text("{ } # said anew")
    kept: list[int] = []
    monkeypatch.setattr(nix, "keep", lambda *given: kept.append(given[-1]))
    store = Path(project.folder, "nix")
    project.box["mountpoint"] = str(store)
    built = nix.Built(0, "", "/nix/store/x", nix.Facts("2.8", "", (), False))

    def take() -> int:
        made = rebuild._Rebuild(project, JOB, log)
        made.box, made.inputs = project.box, inputs.collect(project)
        return made._take(project, Settings(), "", built)

    assert take() == 1
    assert kept == [1]
    assert inputs.generation_digests(project) == inputs.workspace_digests(project)
    assert inputs.texts(project)["generation"]["flake.nix"] == "{ } # said anew"
    flake.unlink()
    root = store / "var/nix/profiles/mnix" / project.id / "1"
    root.parent.mkdir(parents=True)
    root.symlink_to("/nix/store/x")
    assert take() == 1
    assert kept == [1]
    assert inputs.texts(project)["generation"]["flake.nix"] is None


@pytest.mark.parametrize(
    ("ended", "holder", "failure"),
    [
        (rebuild.Cancelled, os.getppid(), ""),
        (rebuild.Cancelled, -1, store.HOLDER_KILLED),
        (ReaderGone, os.getppid(), store.HOLDER_KILLED),
    ],
)
def test_a_rebuild_notes_that_its_holder_was_killed(
    project: Project,
    isolation: _Isolation,
    log: RelayLog,
    monkeypatch: pytest.MonkeyPatch,
    ended: type[BaseException],
    holder: int,
    failure: str,
) -> None:
    def build(*_: Any) -> int:
        raise ended

    monkeypatch.setattr(rebuild._Rebuild, "_build", build)
    with pytest.raises(ended):
        rebuild._locked(project, JOB, log, holder)
    assert projects.load(project.id).failure == failure


def test_a_rebuild_that_could_not_say_anything_is_noted_once_the_project_is_free(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.makedirs(paths.job(JOB))
    monkeypatch.setattr("server_agent.jobs.listing", lambda *_: [{"id": JOB}])
    with monkeypatch.context() as held:
        held.setattr(projects, "_flock", _busy)
        assert not sessions_api.rebuild_lost(project.id, JOB, "it was killed")
    assert projects.load(project.id).failure == ""
    assert sessions_api.rebuild_lost(project.id, JOB, "it was killed")
    assert projects.load(project.id).failure == "it was killed"
    assert sessions_api.rebuild_lost(project.id, "another", "no")
    assert sessions_api.rebuild_lost("bbbbbbbb", JOB, "no")
    # One that had switched, and one that told of its end, have nothing to be noted.
    environment.note(project, 1, job=JOB)
    assert sessions_api.rebuild_lost(project.id, JOB, "no")
    environment.note(project, 1, job="")
    Path(paths.job(JOB), "result.json").write_text("{}")
    assert sessions_api.rebuild_lost(project.id, JOB, "no")
    assert projects.load(project.id).failure == "it was killed"


def test_a_rebuild_tells_its_end_before_it_looks_at_old_generations(
    project: Project, isolation: _Isolation, log: RelayLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = Path(paths.job(JOB), "result.json")
    result.parent.mkdir(parents=True)
    told: list[Any] = []

    def build(self: Any, _: Settings) -> int:
        self.settles = True
        return 1

    def settle(*_: Any) -> None:
        told.append(json.loads(result.read_text())["generation"])

    monkeypatch.setattr(rebuild._Rebuild, "_build", build)
    monkeypatch.setattr(rebuild, "_listen_for_the_end", lambda: None)
    monkeypatch.setattr(keeping, "settle", settle)
    rebuild._locked(project, JOB, log, os.getppid())
    assert told == [1]


def test_few_old_generations_are_asked_after_at_once(
    project: Project, isolation: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        added(project)
    asked: list[int] = []
    monkeypatch.setattr(closure, "record", lambda *given: asked.append(given[-1]))
    monkeypatch.setattr(keeping, "release", lambda *_: 0)
    keeping.settle(project, isolation)
    assert asked == [4, 5, 6]


def _busy(*_: Any) -> None:
    raise AgentError("busy", "demo is busy")
