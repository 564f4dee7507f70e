"""Projects: their names and files, the lock that says who holds it, and how they are made."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from server_agent.core import config, lifecycle, paths, projects, usecases
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError


def make(name: str = "demo", **more: str) -> Project:
    return projects.load(usecases.create(name, "host", **more)["id"])


def test_a_project_is_made_private_and_listed() -> None:
    project = make()
    assert paths.is_id(project.id)
    assert stat.S_IMODE(os.stat(project.folder).st_mode) == 0o700
    info = usecases.get(project.id)
    assert (info["name"], info["state"], info["generation"]) == ("demo", "created", None)
    assert [found["id"] for found in usecases.state()] == [project.id]


@pytest.mark.parametrize(
    "name", ["My App", "", "-x", "x-", "a/b", "日本", "a" * 64, "x\n", None, 3]
)
def test_pypi_hole_4_names_are_validated_never_slugged(name: str) -> None:
    with pytest.raises(AgentError, match="can't be a project name"):
        usecases.create(name, "host")
    assert usecases.state() == []


def test_a_name_s_suggestion_is_in_the_hint() -> None:
    with pytest.raises(AgentError) as error:
        usecases.create("My App", "host")
    assert error.value.hint == "use my-app?"


def test_pypi_hole_14_an_existing_name_is_not_overwritten() -> None:
    project = make()
    with pytest.raises(AgentError) as error:
        usecases.create("demo", "host")
    assert error.value.code == "exists"
    other = make("other")
    with pytest.raises(AgentError, match="there is a project demo"):
        usecases.rename(other.id, "demo")
    assert usecases.rename(project.id, "demo")["name"] == "demo"


@pytest.mark.parametrize("flake", ["/etc/flake.nix", "../flake.nix", "a/../../b", "x/shell.nix"])
def test_a_flake_is_below_the_workspace(flake: str) -> None:
    with pytest.raises(AgentError) as error:
        usecases.create("demo", "host", flake)
    assert error.value.code == "usage"
    assert usecases.state() == []


def test_a_folder_stands_for_its_flake() -> None:
    assert usecases.create("demo", "host", "./nix/")["flake"] == "nix/flake.nix"


def test_in_place_uses_the_folder_and_never_removes_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    project = make(in_place=str(tmp_path))
    assert usecases.get(project.id)["workspace"] == str(tmp_path.resolve())
    usecases.remove(project.id)
    assert (tmp_path / "file").read_text() == "mine"
    for bad in ("/", "relative", str(tmp_path / "gone")):
        with pytest.raises(AgentError):
            usecases.create("demo", "host", in_place=bad)


def test_workspaces_go_where_the_server_s_configuration_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "server.toml"
    file.write_text(f'workspace_root = "{tmp_path}/w"\n')
    monkeypatch.setenv("MNIX_SERVER_CONFIG", str(file))
    project = make()
    assert project.workspace == f"{tmp_path}/w/{project.id}/workspace"
    assert os.path.isdir(project.workspace)
    usecases.remove(project.id)
    assert os.listdir(f"{tmp_path}/w") == []


def test_a_project_whose_description_is_lost_can_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "server.toml"
    file.write_text(f'workspace_root = "{tmp_path}/w"\npodman_binary = "/nowhere/podman"\n')
    monkeypatch.setenv("MNIX_SERVER_CONFIG", str(file))
    project, other = make(), make("other")
    os.unlink(os.path.join(project.folder, "project.json"))
    assert usecases.remove(project.id) == {}
    assert os.listdir(f"{tmp_path}/w") == [other.id]
    assert not os.path.exists(project.folder)
    # What only looks like one is none.
    os.mkdir(project.folder)
    with pytest.raises(AgentError) as caught:
        usecases.remove(project.id)
    assert caught.value.code == "not-found"
    assert os.path.isdir(project.folder)


def test_an_older_workspace_is_copied_and_stays(tmp_path: Path) -> None:
    old = tmp_path / "old"
    (old / "d").mkdir(parents=True)
    (old / "d" / "file").write_text("x")
    (old / "link").symlink_to("d/file")
    os.mkfifo(old / "fifo")
    project = make(legacy_workspace=str(old))
    assert Path(project.workspace, "d", "file").read_text() == "x"
    assert Path(project.workspace, "link").readlink() == Path("d/file")
    assert not os.path.exists(f"{project.workspace}/fifo")
    assert (old / "d" / "file").read_text() == "x"
    with pytest.raises(AgentError, match="there is no workspace"):
        usecases.create("other", "host", legacy_workspace=str(tmp_path / "gone"))
    assert [info["name"] for info in usecases.state()] == ["demo"]


HOLD = """
import sys; sys.path.insert(0, sys.argv[1])
from server_agent.core import projects
with projects.locked(sys.argv[2], "rebuild", job="abcdefgh"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_lock_says_who_holds_it_and_dies_with_its_holder(repo: Path) -> None:
    project = make()
    assert projects.holder(project.id) is None
    argv = [sys.executable, "-c", HOLD, str(repo), project.id]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"held\n"
        info = usecases.get(project.id)
        assert (info["state"], info["job"]) == ("building", "abcdefgh")
        for act in (usecases.start, usecases.stop, usecases.remove, usecases.rebuild):
            with pytest.raises(AgentError, match="demo is busy: rebuild, since") as error:
                act(project.id)
            assert (error.value.code, error.value.detail) == ("busy", "abcdefgh")
        process.kill()
    assert projects.holder(project.id) is None
    assert usecases.get(project.id)["state"] == "created"


def test_what_the_agent_does_by_itself_is_waited_for() -> None:
    project = make()
    began, over = threading.Event(), threading.Event()

    def clear_up() -> None:
        with projects.locked(project.id, "clearing up"):
            began.set()
            over.wait(30)

    thread = threading.Thread(target=clear_up)
    thread.start()
    began.wait(30)
    with pytest.raises(AgentError, match="busy"), projects.locked(project.id, "recovery"):
        raise AssertionError("unreachable")
    threading.Timer(0.2, over.set).start()
    assert usecases.rename(project.id, "other")["name"] == "other"
    thread.join()


def test_what_is_not_there_is_not_found() -> None:
    for bad in ("aaaaaaaa", "../../etc", "", "x" * 500):
        with pytest.raises(AgentError) as error:
            usecases.get(bad)
        assert error.value.code == "not-found"


def test_a_damaged_project_does_not_hide_the_others() -> None:
    project, other = make("one"), make("two")
    Path(project.folder, "project.json").write_text("{")
    assert [info["id"] for info in usecases.state()] == [other.id]
    with pytest.raises(AgentError, match="can't be read") as error:
        usecases.get(project.id)
    assert error.value.hint


def test_fields_of_a_newer_agent_do_no_harm() -> None:
    project = make()
    path = Path(project.folder, "project.json")
    path.write_text(path.read_text().replace("{", '{"from_the_future": 1,', 1))
    assert projects.load(project.id).name == "demo"


def test_a_full_disk_at_creation_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    file = tmp_path / "server.toml"
    file.write_text(f'workspace_root = "{blocked}/below"\n')
    monkeypatch.setenv("MNIX_SERVER_CONFIG", str(file))
    with pytest.raises(AgentError, match="can't be made"):
        usecases.create("demo", "host")
    assert os.listdir(paths.projects()) == ["names.lock"]
    assert config.load().workspace_root
    assert lifecycle.check_name("demo") == "demo"


def test_the_folder_of_sockets_is_ours_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert paths.runtime() == f"{tmp_path}/mnix"
    os.chmod(tmp_path / "mnix", 0o777)
    assert stat.S_IMODE(os.stat(paths.runtime()).st_mode) == 0o700
    (tmp_path / "mnix").rmdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "mnix").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AgentError) as error:
        paths.runtime()
    assert error.value.code == "refused"
