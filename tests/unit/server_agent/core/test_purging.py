"""Removing all that is ours: what counts as ours, what is measured, and what keeps a purge back."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from server_agent.core import belongings, measuring, paths, purging, removing, usecases
from server_agent.jobs import store
from server_agent.protocol.errors import AgentError


@pytest.fixture(autouse=True)
def _no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(purging, "_engine", lambda *_: ({}, {}))
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))


def job(project: str, state: str = "exited") -> dict[str, Any]:
    """Note a job of a project."""
    job_id = store.new_id()
    folder = store.create(job_id, {"kind": "session", "project": project})
    store.write_status(folder, {"state": state})
    return store.get(job_id)


def on_a_larger_disk(folder: str, disk: Path) -> None:
    """Have one of our folders be a link to another disk that has somebody else's things, too."""
    (disk / "pictures").mkdir(parents=True)  # has the form of an id
    (disk / "pictures" / "cat.jpg").touch()
    (disk / "thesis.txt").touch()
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    os.symlink(disk, folder)


def test_what_else_is_where_our_folders_lead_stays_and_is_told(tmp_path: Path) -> None:
    disk, agents, state = tmp_path / "disk", tmp_path / "agents", tmp_path / "state"
    on_a_larger_disk(paths.projects(), disk)
    on_a_larger_disk(paths.agents(), agents)
    on_a_larger_disk(os.path.dirname(paths.jobs()), state)
    for name in (f"3.0.0-{'0' * 64}", f"3.0.0-{'1' * 64}.77.new"):
        (agents / name).mkdir()
    project = usecases.create("web", "host")["id"]
    job(project)
    (disk / ".removed-abcdefgh").mkdir()
    (disk / "lost2345" / "env" / "generations").mkdir(parents=True)  # its description is gone
    (state / "agent.log").touch()

    told = usecases.purge(dry_run=True)
    kept = {f"{at / name}: not made by mnix" for at in (disk, agents, state)
            for name in ("pictures", "thesis.txt")}  # fmt: skip
    assert set(told["kept"]) == kept
    assert {str(disk), str(agents), str(state), str(state / "jobs")} == set(told["paths"])
    assert (disk / project).is_dir()

    done = usecases.purge()
    assert (done["done"], set(done["kept"])) == (True, kept)
    for at in (disk, agents, state):
        assert sorted(os.listdir(at)) == ["pictures", "thesis.txt"]
        assert (at / "pictures" / "cat.jpg").exists()


@pytest.mark.parametrize("text", [None, "{"], ids=["gone", "spoilt"])
def test_a_project_without_a_description_goes_with_its_files_elsewhere(
    tmp_path: Path, text: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "big"
    (elsewhere / "pictures").mkdir(parents=True)
    settings = tmp_path / "server.toml"
    settings.write_text(f'workspace_root = "{elsewhere}"\n')
    monkeypatch.setenv("MNIX_SERVER_CONFIG", str(settings))
    project = usecases.create("web", "host")
    workspace = Path(project["workspace"])
    assert workspace.parent == elsewhere / project["id"]
    (workspace / "file").write_text("x" * 99)
    description = Path(paths.project(project["id"]), "project.json")
    description.write_text(text) if text else description.unlink()

    told = usecases.purge(dry_run=True)
    assert str(workspace.parent) in told["paths"]
    (lost,) = told["projects"]
    assert (lost["id"], lost["name"]) == (
        project["id"],
        f"{project['id']} (its description is lost)",
    )
    assert lost["bytes"] > 0
    table = tmp_path / "table"
    table.write_text(f"36 35 98:0 / {os.path.realpath(workspace)} rw - x x x\n")
    monkeypatch.setattr(removing, "MOUNTS", str(table))
    with pytest.raises(AgentError, match="is mounted in"):
        usecases.purge()
    table.write_text("")
    assert usecases.purge()["kept"] == []
    assert os.listdir(elsewhere) == ["pictures"]
    assert not os.path.lexists(paths.data())


def test_nothing_is_left_of_folders_that_are_only_ours(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    os.makedirs(paths.data())
    os.symlink(tmp_path / "disk", paths.projects())
    job(usecases.create("web", "host")["id"])
    assert usecases.purge()["kept"] == []
    assert os.listdir(tmp_path / "disk") == []
    assert not os.path.lexists(paths.data())
    assert not os.path.lexists(os.path.dirname(paths.jobs()))


def test_a_link_whose_disk_is_away_stays(tmp_path: Path) -> None:
    os.makedirs(paths.data())
    os.symlink(tmp_path / "away", paths.projects())
    (told,) = usecases.purge()["kept"]
    assert told == f"{paths.projects()}: it leads to {tmp_path / 'away'}, which is not there"
    assert os.path.islink(paths.projects())


def test_nothing_goes_while_something_is_mounted_in_what_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (usecases.create(name, "host") for name in ("api", "web"))
    disk = os.path.realpath(os.path.join(second["workspace"], "data"))
    os.mkdir(disk)
    table = tmp_path / "table"
    monkeypatch.setattr(removing, "MOUNTS", str(table))
    table.write_text(f"36 35 98:0 / {disk} rw - x x x\n")
    (told,) = usecases.purge(dry_run=True)["kept"]
    assert told.startswith(f"{disk}: mounted; nothing goes")
    with pytest.raises(AgentError, match=f"{disk} is mounted in"):
        usecases.purge(force=True)
    assert os.path.isdir(paths.project(first["id"]))
    # The folder itself may be a disk of its own.
    table.write_text(f"36 35 98:0 / {os.path.realpath(paths.projects())} rw - x x x\n")
    assert usecases.purge(force=True)["done"]


def meanwhile(
    monkeypatch: pytest.MonkeyPatch, where: Any, name: str, act: Callable[[], Any]
) -> None:
    """Have something happen once, just before a function is called."""
    real = getattr(where, name)
    waiting = [act]

    def call(*args: Any, **more: Any) -> Any:
        if waiting:
            waiting.pop()()
        return real(*args, **more)

    monkeypatch.setattr(where, name, call)


@pytest.mark.parametrize(
    ("where", "name"), [(measuring, "sizes"), (purging, "_remove_project")], ids=["early", "late"]
)
def test_what_began_to_run_meanwhile_is_not_ended(
    where: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = usecases.create("web", "host")["id"]
    monkeypatch.setattr(store, "_loss", lambda meta: "")
    meanwhile(monkeypatch, where, name, lambda: job(project, "running"))
    with pytest.raises(AgentError, match="web"):
        usecases.purge()
    assert [each["project_id"] for each in store.listing(live=True)] == [project]
    assert os.path.isdir(paths.project(project))


def test_what_takes_long_to_measure_costs_only_its_own_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [str(tmp_path / name) for name in ("a", "slow", "b", "gone")]
    for place in places[:3]:
        os.mkdir(place)
    script = 'for at; do case $at in *slow) exec sleep 60;; esac; printf "4\\t%s\\n" "$at"; done'
    wrap = lambda argv: ["sh", "-c", script, *argv[argv.index("--") :]]  # noqa: E731
    monkeypatch.setattr(measuring, "_LEAST", 0.2)
    assert measuring.sizes(places, 1.0, wrap) == {
        places[0]: 4096, places[1]: None, places[2]: 4096, places[3]: 0
    }  # fmt: skip


def test_a_sum_without_one_of_its_parts_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    usecases.create("api", "host")
    assert usecases.purge(dry_run=True)["bytes"] > 0
    monkeypatch.setattr(
        measuring, "sizes", lambda wanted, *_: {**dict.fromkeys(wanted, 5), wanted[0]: None}
    )
    told = usecases.purge(dry_run=True)
    assert (told["bytes"], told["projects"][0]["bytes"]) == (None, None)


def test_what_is_ours_is_so_by_its_form() -> None:
    os.makedirs(os.path.join(paths.agents(), "3.0.0-tools"))
    assert belongings.agents().ours == []
