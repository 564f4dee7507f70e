"""After a restart of the machine projects run again by themselves, with their environments."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from server_agent import jobs
from server_agent.control import dispatch
from server_agent.core import lifecycle, usecases
from tests.fleet import FlakeMaker
from tests.fleet.local import LocalPodman
from tests.helpers.settle import settle
from tests.integration.agent_rig import Rig, agent_argv


@pytest.fixture
def rig(
    local_podman: LocalPodman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flake: FlakeMaker
) -> Iterator[Rig]:
    path = tmp_path / "server.toml"
    path.write_text('base_image = "localhost/mnix-base"\n')
    monkeypatch.setenv("MNIX_SERVER_CONFIG", str(path))
    rig = Rig.make("demo", "container")
    rig.push(flake("tiny"))
    assert rig.rebuild()[0] == 0
    yield rig
    lifecycle.remove(rig.id)


@contextmanager
def serving() -> Iterator[None]:
    """Let an agent serve somebody who stays to watch."""
    argv = agent_argv("serve", "--nonce", "n0")
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline().startswith(b"MNIX/1 n0")
        process.stdin.write(json.dumps({"id": 1, "method": "subscribe"}).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["result"] == {}
        yield
        process.stdin.close()
        process.stdout.read()
        assert process.wait(30) == 0


def restart(rig: Rig, local_podman: LocalPodman) -> None:
    """Leave things as the end of the machine would: nothing runs, and it is another run now."""
    local_podman.podman("stop", "-a", "-t", "0")
    Path(rig.project.folder, "boot").write_text("the run before")


def rebuilds(rig: Rig) -> list[dict[str, Any]]:
    return jobs.listing(rig.id, "rebuild")


def told_of_sessions(rig: Rig) -> None:
    """A session tells the generation of its shell, and whether its container was replaced."""
    job = dispatch.call("session.open", {"project": rig.id, "cols": 80, "rows": 24})["id"]

    def told() -> tuple[Any, Any]:
        info = dispatch.call("job.get", {"job": job})
        return info["generation"], info["replaced"]

    settle(lambda: told() == (1, False), what="the shell to run")
    Path(rig.project.workspace, "mnix.toml").write_text('env.EXTRA = "1"\n')
    assert rig.rebuild()[0] == 0
    assert told() == (1, True)
    dispatch.call("job.kill", {"job": job, "grace": 1})


@pytest.mark.timeout(180)
def test_what_ran_before_a_restart_runs_again(rig: Rig, local_podman: LocalPodman) -> None:
    assert rig.info["warm"]
    restart(rig, local_podman)
    assert rig.info["state"] == "stopped"
    with serving():
        settle(lambda: rig.info["state"] == "running", what="the project to run again")
    assert rig.info["warm"]
    assert rebuilds(rig) == []
    told_of_sessions(rig)

    # Not when it was turned off, nor what was stopped.
    Path(rig.project.workspace, "mnix.toml").write_text('warm_up = false\nenv.EXTRA = "1"\n')
    other = Rig.make("other", "container")
    usecases.start(other.id)
    restart(rig, local_podman)
    Path(other.project.folder, "boot").write_text("the run before")
    with serving():
        settle(lambda: other.info["state"] == "running", what="the other one to run")
        assert rig.info["state"] == "stopped"
    usecases.stop(other.id)
    assert not Path(other.project.folder, "boot").exists()
    lifecycle.remove(other.id)

    # One whose store is gone is built again.
    Path(rig.project.workspace, "mnix.toml").unlink()
    volume = rig.project.box["volume"]
    local_podman.podman("rm", "-a", "-f", "-t", "0")
    local_podman.podman("volume", "rm", "-f", volume)
    assert (rig.info["state"], rig.info["warm"]) == ("failed", False)
    with serving():
        settle(lambda: rebuilds(rig) != [], what="a rebuild to begin")
        settle(lambda: rebuilds(rig)[0]["state"] == "exited", what="its end", timeout=60)
    (job,) = rebuilds(rig)
    assert (job["cause"], job["exit_code"]) == ("warm-up", 0)
    assert (rig.info["state"], rig.info["warm"]) == ("running", True)
    assert rig.out("sh", "-c", "cat $TOOL") == "hello\n"
