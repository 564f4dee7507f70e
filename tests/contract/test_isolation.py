"""What every isolation does: one suite, over containers and over the bare host."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from server_agent.core import inner, isolations, lifecycle, projects, running
from server_agent.core.ports import Isolation
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError
from server_agent.protocol.mnixtoml import Settings
from tests.helpers.settle import settle


@pytest.fixture(params=["container", "host"])
def isolation(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Isolation:
    if request.param == "container":
        request.getfixturevalue("local_podman")
        config = tmp_path / "server.toml"
        config.write_text('base_image = "localhost/mnix-base"\n')
        monkeypatch.setenv("MNIX_SERVER_CONFIG", str(config))
    return isolations.of(request.param)


@pytest.fixture
def project(isolation: Isolation) -> Iterator[Project]:
    """A project with a running box, made the way a rebuild makes it."""
    made = projects.load(lifecycle.create("demo", isolation.kind, "flake.nix", None, None)["id"])
    box = isolation.ensure(made, Settings(), lambda line: None)
    isolation.adopt(made, box)
    projects.save(made)
    yield made
    if os.path.exists(made.folder):
        lifecycle.remove(made.id)


def out(isolation: Isolation, project: Project, *command: str, stdin: bytes = b"") -> bytes:
    done = subprocess.run(
        isolation.argv(project, list(command)), input=stdin, capture_output=True, check=True
    )
    return done.stdout


def session(isolation: Isolation, project: Project, *command: str) -> subprocess.Popen[bytes]:
    """Start something with a pid file, as a job's holder does."""
    _, env, run = isolation.places(project)
    argv = inner.entry(env, f"{run}/abcdefgh.pid", project.box["id"], "bare", list(command))
    return subprocess.Popen(
        isolation.argv(project, argv),
        start_new_session=True,
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )


def test_it_says_what_it_is(isolation: Isolation) -> None:
    assert set(isolation.probe()) == {"kind", "version", "rootless"}


def test_before_it_has_a_box_a_project_is_missing(isolation: Isolation) -> None:
    made = projects.load(lifecycle.create("bare", isolation.kind, "flake.nix", None, None)["id"])
    assert isolation.states([made]) == {made.id: "missing"}
    with pytest.raises(AgentError) as error:
        isolation.start(made)
    assert error.value.hint
    isolation.remove(made)


def test_a_command_has_the_workspace_its_input_and_its_exit_code(
    isolation: Isolation, project: Project
) -> None:
    Path(project.workspace, "file").write_text("from outside")
    assert out(isolation, project, "cat", f"{isolation.places(project)[0]}/file") == b"from outside"
    assert out(isolation, project, "cat", stdin=b"typed\0\xff") == b"typed\0\xff"
    done = subprocess.run(isolation.argv(project, ["sh", "-c", "exit 7"]), check=False)
    assert done.returncode == 7


def test_a_command_gets_its_folder_and_variables(isolation: Isolation, project: Project) -> None:
    workspace = isolation.places(project)[0]
    Path(project.workspace, "a b").mkdir()
    argv = isolation.argv(
        project, ["sh", "-c", 'echo "$X" "$PWD"'], cwd=f"{workspace}/a b", env={"X": "it's $HOME"}
    )
    assert subprocess.run(argv, capture_output=True, check=True).stdout.decode() == (
        f"it's $HOME {workspace}/a b\n"
    )


def test_the_environment_s_folder_is_there_and_the_run_folder_can_be_written(
    isolation: Isolation, project: Project
) -> None:
    _, env, run = isolation.places(project)
    assert b"entry.sh" in out(isolation, project, "ls", env)
    out(isolation, project, "touch", f"{run}/here")
    assert os.path.exists(f"{project.run}/here")


def test_states_follow_stop_and_start(isolation: Isolation, project: Project) -> None:
    assert isolation.states([project]) == {project.id: "running"}
    isolation.stop(project)
    assert isolation.states([project]) == {project.id: "stopped"}
    isolation.start(project)
    isolation.start(project)
    assert isolation.states([project]) == {project.id: "running"}
    assert out(isolation, project, "echo", "ok") == b"ok\n"


def test_ensure_again_keeps_the_box(isolation: Isolation, project: Project) -> None:
    isolation.stop(project)
    again = isolation.ensure(project, Settings(), lambda line: None)
    assert again["id"] == project.box["id"]
    assert isolation.states([project]) == {project.id: "running"}


def test_a_renamed_project_runs_on(isolation: Isolation, project: Project) -> None:
    with session(isolation, project, "sh", "-c", "echo up; exec sleep 60") as process:
        assert process.stdout
        assert process.stdout.readline() == b"up\n"
        assert lifecycle.rename(project.id, "other")["name"] == "other"
        renamed = projects.load(project.id)
        assert isolation.states([renamed]) == {project.id: "running"}
        assert process.poll() is None
        assert isolation.end(renamed, "abcdefgh.pid", signal.SIGKILL)
        assert process.wait(10) != 0


def test_ending_reaches_every_process_of_the_session(
    isolation: Isolation, project: Project
) -> None:
    # Children in groups of their own, one of which ignores what it is asked: as in a real shell.
    script = "set -m; sleep 61 & (trap '' TERM; echo up; sleep 62; sleep 62) & wait"
    process = session(isolation, project, "bash", "-c", script)
    assert process.stdout
    assert process.stdout.readline() == b"up\n"
    assert isolation.end(project, "abcdefgh.pid", 0)
    assert isolation.end(project, "abcdefgh.pid", signal.SIGTERM)
    assert isolation.end(project, "abcdefgh.pid", 0), "one of them ignores SIGTERM"
    isolation.end(project, "abcdefgh.pid", signal.SIGKILL)
    settle(lambda: not isolation.end(project, "abcdefgh.pid", 0), what="the session to be gone")
    process.stdout.close()
    process.wait(10)


def test_killing_a_session_that_is_forking_leaves_nobody(
    isolation: Isolation, project: Project
) -> None:
    script = "echo up; for _ in $(seq 400); do sleep 61 & done; wait"
    with session(isolation, project, "sh", "-c", script) as process:
        assert process.stdout
        assert process.stdout.readline() == b"up\n"
        assert isolation.end(project, "abcdefgh.pid", signal.SIGKILL)
        settle(lambda: not isolation.end(project, "abcdefgh.pid", 0), what="the session to be gone")


def test_a_pid_that_somebody_else_has_now_is_left_alone(
    isolation: Isolation, project: Project
) -> None:
    with session(isolation, project, "sh", "-c", "echo up; exec sleep 60") as process:
        assert process.stdout
        assert process.stdout.readline() == b"up\n"
        pid, _, box = inner.read_pidfile(f"{project.run}/abcdefgh.pid") or (0, "", "")
        Path(project.run, "stale.pid").write_text(f"{pid} 1 {box}\n")
        assert not isolation.end(project, "stale.pid", signal.SIGKILL)
        assert process.poll() is None
        isolation.end(project, "abcdefgh.pid", signal.SIGKILL)


def test_without_its_leader_a_session_is_what_bears_the_job_s_name(
    isolation: Isolation, project: Project
) -> None:
    script = "sleep 63 > /dev/null 2>&1 & echo up"
    with session(isolation, project, "sh", "-c", script) as process:
        assert process.stdout
        assert process.stdout.readline() == b"up\n"
        assert process.wait(20) == 0
    pidfile = Path(project.run, "abcdefgh.pid")
    stale = Path(project.run, "ijklmnop.pid")
    stale.write_text(pidfile.read_text())
    assert not isolation.end(project, stale.name, signal.SIGKILL)
    assert isolation.end(project, pidfile.name, signal.SIGKILL)
    settle(lambda: not isolation.end(project, pidfile.name, 0), what="its own to be gone")


def test_without_a_pid_file_there_is_nothing_to_end(isolation: Isolation, project: Project) -> None:
    assert not isolation.end(project, "nothere0.pid", signal.SIGTERM)


def test_a_terminal_is_one(isolation: Isolation, project: Project) -> None:
    import pty

    reader, terminal = pty.openpty()
    argv = isolation.argv(project, ["sh", "-c", "tty; echo $TERM"], tty=True, env={"TERM": "vt100"})
    with subprocess.Popen(argv, stdin=terminal, stdout=terminal, stderr=terminal) as process:
        assert process.wait(20) == 0
    text = os.read(reader, 4096).decode()
    assert "/dev/" in text
    assert "vt100" in text
    os.close(reader)
    os.close(terminal)


def test_a_workspace_that_is_gone_is_said_clearly(isolation: Isolation, project: Project) -> None:
    isolation.stop(project)
    os.rename(project.workspace, project.workspace + ".away")
    with pytest.raises(AgentError, match="is gone") as error:
        isolation.start(project)
    assert project.workspace in error.value.message
    os.rename(project.workspace + ".away", project.workspace)


def test_running_makes_the_first_box_itself(isolation: Isolation) -> None:
    made = lifecycle.create("lazy", isolation.kind, "flake.nix", None, None)
    argv, cwd, env = running.launch(made["id"], ["echo", "hi"], "abcdefgh", tty=False)
    done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, check=False)
    assert done.stdout == b"hi\n"
    lifecycle.remove(made["id"])


def test_removing_leaves_nothing(isolation: Isolation, project: Project) -> None:
    Path(project.workspace, "file").write_text("x")
    assert lifecycle.remove(project.id) == {}
    assert os.listdir(os.path.dirname(project.folder)) == ["names.lock"]
    assert isolation.states([project])[project.id] == (
        "missing" if isolation.kind == "container" else "stopped"
    )
