"""Containers of projects: names, images, replacement beside the old one, and older mnix's own."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from server_agent.core import inner, lifecycle, usecases
from tests.fleet import FlakeMaker
from tests.fleet.local import LocalPodman
from tests.helpers.settle import settle
from tests.integration.agent_rig import Rig, agent, agent_argv


@pytest.fixture
def config(local_podman: LocalPodman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The server's configuration file, with the base image of the tests."""
    path = tmp_path / "server.toml"
    path.write_text('base_image = "localhost/mnix-base"\n')
    monkeypatch.setenv("MNIX_SERVER_CONFIG", str(path))
    return path


@pytest.fixture
def rig(config: Path) -> Iterator[Rig]:
    rig = Rig.make("demo", "container")
    yield rig
    lifecycle.remove(rig.id)


def names(local_podman: LocalPodman) -> list[str]:
    return sorted(local_podman.podman("ps", "-a", "--format", "{{.Names}}").split())


def test_pypi_hole_3_the_store_outlives_the_container(
    rig: Rig, flake: FlakeMaker, local_podman: LocalPodman
) -> None:
    rig.push(flake("tiny"))
    rig.rebuild()
    tool = rig.out("printenv", "TOOL").strip()
    Path(rig.project.workspace, "mnix.toml").write_text('env.EXTRA = "1"\n')
    code, log = rig.rebuild()
    assert code == 0, log
    assert "making the container" in log
    assert rig.out("cat", tool) == "hello\n"
    assert rig.out("printenv", "EXTRA") == "1\n"
    # The same store for the next project: nothing is built twice.
    other = Rig.make("other", "container")
    other.push(flake("tiny"))
    assert other.rebuild()[0] == 0
    assert other.out("printenv", "TOOL").strip() == tool
    assert len(local_podman.podman("volume", "ls", "-q").split()) == 1
    lifecycle.remove(other.id)


def test_a_new_configuration_makes_a_container_beside_the_old_until_its_last_shell_ends(
    rig: Rig, flake: FlakeMaker, local_podman: LocalPodman
) -> None:
    rig.push(flake("tiny"))
    rig.rebuild()
    old = rig.project.box["id"]
    job = usecases_session(rig)
    Path(rig.project.workspace, "mnix.toml").write_text('env.EXTRA = "1"\n')
    assert rig.rebuild()[0] == 0
    assert rig.info["container"] == "mnix-demo"
    assert rig.out("printenv", "EXTRA") == "1\n"
    assert names(local_podman) == ["mnix-demo", f"mnix-demo-old-{old[:6]}"]
    assert job.poll() is None
    job.kill()
    job.wait()
    end_all(rig)
    settle(lambda: rig.info and names(local_podman) == ["mnix-demo"], what="the old one to go")


def usecases_session(rig: Rig) -> subprocess.Popen[bytes]:
    """Run something long in the project's box, with a pid file as a job's holder leaves it."""
    from server_agent.core import sessions_api

    argv, cwd, env = sessions_api.exec_argv(rig.id, ["sleep", "300"], True, "jobjobjo")
    process = subprocess.Popen(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL)
    settle(lambda: inner.read_pidfile(f"{rig.project.run}/jobjobjo.pid"), what="it to run")
    return process


def end_all(rig: Rig) -> None:
    from server_agent.core import sessions_api

    settle(lambda: not sessions_api.end_inside(rig.id, "jobjobjo", 9), what="its end")


def test_a_rebuild_that_fails_in_a_new_container_keeps_the_old_one(
    rig: Rig, flake: FlakeMaker, local_podman: LocalPodman
) -> None:
    rig.push(flake("tiny"))
    rig.rebuild()
    box = rig.project.box["id"]
    rig.push(flake("broken"))
    Path(rig.project.workspace, "mnix.toml").write_text('env.EXTRA = "1"\n')
    assert rig.rebuild()[0] == 1
    assert rig.project.box["id"] == box
    assert names(local_podman) == ["mnix-demo"]
    assert rig.out("printenv", "GREETING") == "hi\n"


def test_a_container_that_is_not_ours_is_left_alone(
    rig: Rig, flake: FlakeMaker, local_podman: LocalPodman
) -> None:
    local_podman.podman("create", "--name", "mnix-demo", "localhost/mnix-base")
    rig.push(flake("tiny"))
    code, log = rig.rebuild()
    assert code == 1
    assert "there is a container mnix-demo that is not this project's" in log
    assert names(local_podman) == ["mnix-demo"]


def test_the_container_of_an_older_mnix_is_kept_under_another_name(
    config: Path, flake: FlakeMaker, local_podman: LocalPodman, tmp_path: Path
) -> None:
    old = tmp_path / "old-workspace"
    old.mkdir()
    (old / "only-there").write_text("precious")
    local_podman.podman(
        "create", "--name", "mnix-demo", "-v", f"{old}:/workspace", "localhost/mnix-base", "true"
    )
    rig = Rig(lifecycle.create("demo", None, "flake.nix", None, str(old))["id"])
    rig.push(flake("tiny"))
    code, log = rig.rebuild()
    assert code == 0, log
    assert "is now called mnix-demo-legacy" in log
    assert names(local_podman) == ["mnix-demo", "mnix-demo-legacy"]
    assert rig.out("cat", "only-there") == "precious"
    assert (old / "only-there").read_text() == "precious"
    lifecycle.remove(rig.id)
    assert names(local_podman) == ["mnix-demo-legacy"]


def test_an_image_that_can_t_be_had_is_a_clear_error(rig: Rig, flake: FlakeMaker) -> None:
    folder = flake("tiny")
    (folder / "mnix.toml").write_text('image = "localhost:1/nothing/there:1"\n')
    rig.push(folder)
    code, log = rig.rebuild()
    assert code == 1
    assert "the image localhost:1/nothing/there:1 can't be had" in log
    assert "image in mnix.toml" in log
    assert rig.info["state"] == "failed"


def test_pypi_hole_5_a_failed_pull_fails_no_rebuild_that_worked(
    rig: Rig, flake: FlakeMaker, config: Path, local_podman: LocalPodman
) -> None:
    image = "localhost:1/mnix-base:pulled"
    local_podman.podman("tag", "localhost/mnix-base", image)
    config.write_text(f'base_image = "{image}"\n')
    rig.push(flake("tiny"))
    code, log = rig.rebuild()
    assert code == 0, log
    local_podman.podman("untag", image, image)
    code, log = rig.rebuild()
    assert code == 0, log
    assert "is not there any more; the container keeps its own" in log


def test_limits_mounts_and_a_private_store(
    rig: Rig, flake: FlakeMaker, config: Path, local_podman: LocalPodman, tmp_path: Path
) -> None:
    shared = tmp_path / "with, comma"
    shared.mkdir()
    (shared / "file").write_text("shared")
    folder = flake("tiny")
    mount = f'[[mounts]]\nsource = "{shared}"\ntarget = "/data"\n'
    (folder / "mnix.toml").write_text(f'store = "private"\n{mount}')
    rig.push(folder)
    code, log = rig.rebuild()
    assert code == 1
    assert "this server does not allow to mount" in log
    config.write_text(f'base_image = "localhost/mnix-base"\nmount_roots = ["{tmp_path}"]\n')
    code, log = rig.rebuild()
    assert code == 0, log
    assert rig.out("cat", "/data/file") == "shared"
    assert rig.exec("touch", "/data/new").returncode != 0
    assert any(rig.id in name for name in local_podman.podman("volume", "ls", "-q").split())
    lifecycle.remove(rig.id)
    assert local_podman.podman("volume", "ls", "-q").split() == []
    rig.id = Rig.make("again", "container").id


def test_exec_starts_a_container_that_was_stopped(rig: Rig, local_podman: LocalPodman) -> None:
    assert rig.out("echo", "first") == "first\n"
    local_podman.podman("stop", "-t", "0", "mnix-demo")
    assert rig.info["state"] == "stopped"
    done = rig.exec("cat", stdin=b"second", bare=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"second", b"")


def test_exec_finds_a_container_that_was_restarted_by_somebody_else(
    rig: Rig, local_podman: LocalPodman
) -> None:
    rig.out("true")
    local_podman.podman("restart", "-t", "0", "mnix-demo")
    assert rig.info["state"] == "running"
    assert rig.out("echo", "found") == "found\n"


def test_exec_says_what_to_do_when_the_container_was_removed(
    rig: Rig, local_podman: LocalPodman
) -> None:
    rig.out("true")
    local_podman.podman("rm", "-f", "-t", "0", "mnix-demo")
    done = rig.exec("true")
    assert done.returncode == 1
    assert b"has no container" in done.stderr
    assert b"mnix rebuild-switch" in done.stderr


def test_a_command_ends_when_nobody_reads_it_any_more(rig: Rig) -> None:
    argv = agent_argv(
        "exec", "--project", rig.id, "--", "sh", "-c", "echo up; sleep 300; sleep 300"
    )
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert process.stdout
    assert process.stdout.readline() == b"up\n"
    process.stdout.close()
    assert process.wait(15) != 0
    assert "sleep 300" not in rig.out("ps", "ax", "-o", "args")


def test_a_command_that_ignores_the_request_is_ended_too(rig: Rig) -> None:
    script = "trap '' TERM HUP; echo up; while :; do sleep 300; done"
    argv = agent_argv("exec", "--project", rig.id, "--", "sh", "-c", script)
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert process.stdout
    assert process.stdout.readline() == b"up\n"
    process.terminate()
    assert process.wait(20) != 0
    process.stdout.close()
    assert "sleep 300" not in rig.out("ps", "ax", "-o", "args")


def test_the_first_process_reaps_what_others_leave(rig: Rig) -> None:
    rig.out("sh", "-c", "(sleep 0.01 &) ; exit 0")
    settle(lambda: " Z" not in rig.out("ps", "ax", "-o", "args,stat"), what="no zombies")


def test_hostile_names_reach_nothing(config: Path) -> None:
    for name in ("My App", "../x", "", "-rf", "a/b", "a" * 64, "日本", "x\n"):
        done = agent("project", "exec", "--name", name, "--flake", "flake.nix", "true")
        assert done.returncode == 1
        assert b"can't be a project name" in done.stderr


def test_podman_that_does_not_work_is_said_with_the_way_out(config: Path, tmp_path: Path) -> None:
    broken = tmp_path / "podman"
    config.write_text(f'podman_binary = "{broken}"\n')
    done = agent("project", "launch", "--name", "x", "--flake", "flake.nix")
    assert "Podman is not installed" in json.loads(done.stdout)["stderr"]
    assert "--isolation host" in json.loads(done.stdout)["stderr"]
    broken.write_text("#!/bin/sh\necho 'Error: the storage is on fire' >&2; exit 125\n")
    broken.chmod(0o755)
    done = agent("project", "launch", "--name", "x", "--flake", "flake.nix")
    assert "Podman does not work: the storage is on fire" in json.loads(done.stdout)["stderr"]
    broken.write_text("#!/bin/sh\necho 3.0.1 false\n")
    done = agent("project", "launch", "--name", "x", "--flake", "flake.nix")
    assert "Podman 3.0.1 is too old" in json.loads(done.stdout)["stderr"]
    info = usecases.server_info()
    assert info["engine"] is None
    assert info["engine_error"]["code"] == "no-engine"
    assert os.listdir(os.path.dirname(config)) != []
