"""The commands of PyPI mnix-server 0.2.0, with its answers and without its holes."""

import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from server_agent.core import lifecycle, paths, projects
from tests.fleet import FlakeMaker
from tests.fleet.local import LocalPodman
from tests.integration.agent_rig import agent, packed

KEYS = {"workspace_path", "flake_path", "container_name", "stdout", "stderr"}


@pytest.fixture(autouse=True)
def _config(local_podman: LocalPodman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "server.toml"
    path.write_text('base_image = "localhost/mnix-base"\n')
    monkeypatch.setenv("MNIX_SERVER_CONFIG", str(path))


def project(
    command: str, name: str, *rest: str, stdin: bytes = b"", flake: str = "flake.nix"
) -> tuple[int, dict[str, Any]]:
    done = agent("project", command, "--name", name, "--flake", flake, *rest, stdin=stdin)
    assert b"Traceback" not in done.stderr + done.stdout
    return done.returncode, json.loads(done.stdout)


def test_launch_rebuild_exec_ls_and_rm(flake: FlakeMaker, local_podman: LocalPodman) -> None:
    archive = packed(flake("tiny"), "w:gz")[0]
    code, answer = project("launch", "demo", stdin=archive)
    assert code == 0, answer
    assert set(answer) == KEYS
    assert answer["container_name"] == "mnix-demo"
    assert answer["flake_path"] == f"{answer['workspace_path']}/flake.nix"
    assert "generation 1 runs" in answer["stdout"]
    assert json.loads(agent("project", "ls").stdout) == {"containers": ["mnix-demo"]}
    done = agent(
        "project", "exec", "--name", "demo", "--flake", "flake.nix", "printenv", "GREETING"
    )
    assert done.stdout == b"hi\n"
    assert project("rebuild-switch", "demo", stdin=archive)[0] == 0
    done = agent("project", "rm", "--name", "demo")
    assert (done.returncode, set(json.loads(done.stdout))) == (0, {"stdout", "stderr"})
    assert local_podman.podman("ps", "-a", "-q") == ""
    assert projects.every() == []


def test_pypi_hole_11_exec_passes_options_and_input_on(flake: FlakeMaker) -> None:
    project("launch", "demo", stdin=packed(flake("tiny"), "w:gz")[0])
    start = ("project", "exec", "--name", "demo", "--flake", "flake.nix")
    assert agent(*start, "ls", "-h").stdout == b"flake.nix\ntoolchain\n"
    assert agent(*start, "--", "cat", "--", stdin=b"typed").stdout == b"typed"
    assert agent(*start, "sh", "-c", "exit 9").returncode == 9
    lifecycle.remove(projects.every()[0].id)


def test_pypi_hole_4_names_are_never_slugged_together(flake: FlakeMaker) -> None:
    archive = packed(flake("tiny"), "w:gz")[0]
    for name, near in (("My App", "use my-app?"), ("日本", ""), ("한국", "")):
        code, answer = project("launch", name, stdin=archive)
        assert code == 1
        assert "can't be a project name" in answer["stderr"]
        assert near in answer["stderr"]
    assert projects.every() == []


def test_pypi_hole_6_a_failed_launch_leaves_nothing(
    flake: FlakeMaker, local_podman: LocalPodman
) -> None:
    code, answer = project("launch", "demo", stdin=packed(flake("broken"), "w:gz")[0])
    assert (code, set(answer)) == (1, KEYS)
    assert "nix could not make the environment" in answer["stderr"]
    code, answer = project("launch", "demo", stdin=packed(flake("tiny"), "w:gz")[0][:5000])
    assert code == 1
    assert "not whole" in answer["stderr"]
    assert projects.every() == []
    assert os.listdir(paths.projects()) == ["names.lock"]
    assert local_podman.podman("ps", "-a", "-q") == ""


def test_pypi_hole_14_launch_overwrites_nothing(flake: FlakeMaker) -> None:
    archive = packed(flake("tiny"), "w:gz")[0]
    project("launch", "demo", stdin=archive)
    (made,) = projects.every()
    code, answer = project("launch", "demo", stdin=archive)
    assert code == 1
    assert "there is a project demo" in answer["stderr"]
    assert [found.id for found in projects.every()] == [made.id]
    lifecycle.remove(made.id)


def test_pypi_hole_1_a_hostile_archive_writes_nothing_outside(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, str(outside)
        tar.addfile(link)
        evil = tarfile.TarInfo("link/evil")
        evil.size = 4
        tar.addfile(evil, io.BytesIO(b"evil"))
    code, answer = project("launch", "demo", stdin=buffer.getvalue())
    assert code == 1
    assert "refused" in answer["stderr"]
    assert list(outside.iterdir()) == []


def test_what_is_missing_is_said() -> None:
    done = agent("project", "launch", "--name", "x")
    assert done.returncode == 2
    assert b"launch needs --flake" in done.stderr
    assert agent("project", "frobnicate").returncode == 2
    assert agent("project", "--help").returncode == 0
    done = agent("project", "rm", "--name", "nobody")
    assert done.returncode == 1
    assert "there is no project nobody" in json.loads(done.stdout)["stderr"]
    done = agent("project", "shell", "--name", "nobody", "--flake", "flake.nix")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"there is no project nobody" in done.stderr
