"""Rebuilds by the agent, with real nix: in a container and on the bare host."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from server_agent.core import environment, lifecycle, paths, projects, usecases
from server_agent.protocol.errors import AgentError
from tests.fleet import FlakeMaker
from tests.helpers.needs import require
from tests.helpers.settle import settle
from tests.integration.agent_rig import Rig, agent_argv


@pytest.fixture(params=["container", "host"])
def rig(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rig]:
    config = tmp_path / "server.toml"
    lines = ["substituters =", "flake-registry =", "sandbox = false"]
    config.write_text(f'base_image = "localhost/mnix-base"\nnix_conf = {lines}\n')
    monkeypatch.setenv("MNIX_SERVER_CONFIG", str(config))
    if request.param == "container":
        request.getfixturevalue("local_podman")
    else:
        require("nix")
    rig = Rig.make("demo", request.param)
    yield rig
    lifecycle.remove(rig.id)


def test_the_first_rebuild_makes_an_environment(rig: Rig, flake: FlakeMaker) -> None:
    answer = rig.push(flake("tiny"))
    assert answer["applied"] >= 2
    assert rig.info["state"] == "created"
    code, log = rig.rebuild()
    assert code == 0, log
    assert "mnix: generation 1 runs" in log
    assert (rig.info["state"], rig.info["generation"], rig.info["job"]) == ("running", 1, None)
    assert rig.out("sh", "-c", "echo $GREETING $HOOKED") == "hi 1\n"
    (row,) = usecases.generations(rig.id)["generations"]
    assert row["current"]
    assert row["store_path"].endswith("-env")


def test_a_rebuild_without_changes_keeps_the_generation(rig: Rig, flake: FlakeMaker) -> None:
    rig.push(flake("tiny"))
    rig.rebuild()
    box = rig.project.box.get("id")
    code, log = rig.rebuild()
    assert code == 0
    assert "nothing changed: generation 1 stays" in log
    assert (rig.info["generation"], rig.project.box.get("id")) == (1, box)


def test_a_changed_flake_makes_a_generation_and_rollback_undoes_it(
    rig: Rig, flake: FlakeMaker
) -> None:
    folder = flake("tiny")
    rig.push(folder)
    rig.rebuild()
    text = (folder / "flake.nix").read_text()
    (folder / "flake.nix").write_text(text.replace('GREETING = "hi"', 'GREETING = "hello"'))
    rig.push(folder)
    assert rig.rebuild()[0] == 0
    assert rig.out("printenv", "GREETING") == "hello\n"
    assert usecases.rollback(rig.id)["generation"] == 1
    assert rig.out("printenv", "GREETING") == "hi\n"
    assert usecases.rollback(rig.id, 2)["generation"] == 2
    for bad in (3, "2", True):
        with pytest.raises(AgentError):
            usecases.rollback(rig.id, bad)  # type: ignore[arg-type]
    # What is there again is not built again, and is a generation of its own.
    (folder / "flake.nix").write_text(text)
    rig.push(folder)
    assert rig.rebuild()[0] == 0
    assert rig.info["generation"] == 3


@pytest.mark.parametrize(
    ("name", "said"),
    [("broken", "nix could not make the environment"), ("failing", "rebuild")],
)
def test_a_failure_leaves_what_runs(rig: Rig, flake: FlakeMaker, name: str, said: str) -> None:
    rig.push(flake("tiny"))
    rig.rebuild()
    rig.push(flake(name))
    code, log = rig.rebuild()
    assert code == 1
    assert "generation 1 stays" in log
    last = log.strip().splitlines()[-1]
    assert last.startswith("mnix: error: ")
    assert said in last
    assert rig.out("printenv", "GREETING") == "hi\n"
    assert (rig.info["state"], rig.info["generation"]) == ("running", 1)
    assert "last rebuild failed" in rig.info["detail"]


def test_a_first_rebuild_that_fails_is_shown_as_failed_and_has_a_shell(
    rig: Rig, flake: FlakeMaker
) -> None:
    rig.push(flake("broken"))
    assert rig.rebuild()[0] == 1
    assert (rig.info["state"], rig.info["generation"]) == ("failed", None)
    assert rig.out("echo", "alive") == "alive\n"


def test_without_a_flake_the_nearest_one_is_named(
    rig: Rig, flake: FlakeMaker, tmp_path: Path
) -> None:
    folder = tmp_path / "nested"
    folder.mkdir()
    os.rename(flake("tiny"), folder / "nix")
    rig.push(folder)
    code, log = rig.rebuild()
    assert code == 1
    assert "there is no flake.nix in the workspace" in log
    assert "mnix rebuild-switch nix/flake.nix" in log
    project = rig.project
    project.flake = "nix/flake.nix"
    projects.save(project)
    code, log = rig.rebuild()
    assert code == 0, log
    assert rig.out("printenv", "GREETING") == "hi\n"


def test_pypi_hole_5_a_warm_up_killed_by_a_signal_is_a_failure(rig: Rig, flake: FlakeMaker) -> None:
    folder = flake("tiny")
    (folder / "mnix.toml").write_text('warmup_command = "echo warm $GREETING > warmed"\n')
    rig.push(folder)
    code, log = rig.rebuild()
    assert code == 0, log
    assert rig.out("cat", "warmed") == "warm hi\n"
    (folder / "mnix.toml").write_text("warmup_command = 'kill -9 $$'\n")
    text = (folder / "flake.nix").read_text()
    (folder / "flake.nix").write_text(text.replace('"hi"', '"hello"'))
    rig.push(folder)
    code, log = rig.rebuild()
    assert code == 1
    assert "the warm-up ended with signal 9" in log
    assert rig.info["generation"] == 1
    assert rig.out("printenv", "GREETING") == "hi\n"


def test_a_git_tree_that_tracks_the_flake_is_evaluated_as_one(rig: Rig, flake: FlakeMaker) -> None:
    folder = flake("tiny", git=True)
    (folder / "huge-untracked").write_text("not for the store")
    rig.push(folder)
    code, log = rig.rebuild()
    assert code == 0, log
    assert "evaluating git+file://" in log
    # The flake itself not tracked: git would hide it from nix.
    subprocess.run(
        ["git", "-C", rig.project.workspace, "rm", "-q", "--cached", "flake.nix"], check=True
    )
    code, log = rig.rebuild()
    assert code == 0, log
    assert "evaluating path:" in log


def test_a_rebuild_that_is_ended_leaves_nothing_running(rig: Rig, flake: FlakeMaker) -> None:
    rig.push(flake("tiny"))
    rig.rebuild()
    rig.push(flake("slow", seconds=60))
    job = paths.new_id()
    with subprocess.Popen(agent_argv("_rebuild", rig.id, job), stdout=subprocess.PIPE) as process:
        assert process.stdout
        while b"slow line 1" not in process.stdout.readline():
            pass
        assert (rig.info["state"], rig.info["job"]) == ("building", job)
        with pytest.raises(AgentError, match="is busy: rebuild, since") as error:
            lifecycle.rename(rig.id, "other")
        assert (error.value.code, error.value.detail) == ("busy", job)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 143
    assert rig.info["state"] == "running"
    assert rig.info["generation"] == 1
    settle(lambda: "slow-tool" not in processes(), what="the builder to be gone")


def test_a_rebuild_that_is_killed_leaves_the_project_usable(rig: Rig, flake: FlakeMaker) -> None:
    rig.push(flake("tiny"))
    rig.rebuild()
    rig.push(flake("slow", seconds=1))
    with subprocess.Popen(
        agent_argv("_rebuild", rig.id, paths.new_id()), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        while b"slow line 1" not in process.stdout.readline():
            pass
        process.kill()
    assert (rig.info["state"], rig.info["generation"]) == ("running", 1)
    assert rig.out("printenv", "GREETING") == "hi\n"
    code, log = rig.rebuild()
    assert code == 0, log
    assert rig.info["generation"] == 2


def test_scripts_leave_no_folder_and_no_placeholder_behind(rig: Rig, flake: FlakeMaker) -> None:
    rig.push(flake("tiny"))
    rig.rebuild()
    text = Path(rig.project.env, "current", "env.sh").read_text()
    assert "mktemp" not in text
    assert "shellHook:-" not in text.splitlines()[-1]
    assert "path-not-set" not in rig.out("sh", "-c", "echo $PATH")
    assert environment.current(rig.project) == 1


def processes() -> str:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                found.append(
                    Path("/proc", name, "cmdline").read_text()
                    + Path("/proc", name, "environ").read_text()
                )
            except (OSError, UnicodeDecodeError):
                continue
    return "\n".join(found)
