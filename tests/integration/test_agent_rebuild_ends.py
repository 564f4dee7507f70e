"""Rebuilds that are ended, by whoever and however: nothing of them runs on, and all of it is said."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from server_agent import jobs
from server_agent.core import lifecycle, stopping
from server_agent.jobs import killing, store
from server_agent.protocol.errors import AgentError
from tests.fleet import FlakeMaker
from tests.fleet.local import LocalPodman
from tests.helpers.settle import settle
from tests.integration.agent_rig import Rig
from tests.integration.job_rig import holder_of, jobs_of_its_own
from tests.integration.rebuild_rig import log, ours, over, says, sleepers, started, steps, wild

__all__ = ["jobs_of_its_own"]

# Ignores what it is asked, forks, forks twice, and goes into sessions of its own.
WILD = r"""
trap "" TERM HUP INT
sleep 30001 &
(sleep 30002 &)
setsid sleep 30003 &
(setsid sleep 30004 &)
(setsid sh -c 'trap "" TERM; (cd /; sleep 30005 &); exec sleep 30006' > /dev/null 2>&1 &)
echo wild and ready
while :; do sleep 30007; done
"""
SLEEPERS = tuple(str(30000 + number) for number in range(1, 8))


@pytest.fixture
def make(
    local_podman: LocalPodman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Rig]]:
    made: list[Rig] = []

    def make(image: str = "mnix-base", isolation: str = "container") -> Rig:
        local_podman.image(image)
        path = tmp_path / "server.toml"
        lines = ["substituters =", "flake-registry =", "sandbox = false"]
        path.write_text(f'base_image = "localhost/{image}"\nnix_conf = {lines}\n')
        monkeypatch.setenv("MNIX_SERVER_CONFIG", str(path))
        made.append(Rig.make("demo", isolation))
        return made[-1]

    yield make
    for rig in made:
        lifecycle.remove(rig.id)


def ready(rig: Rig, folder: Path, flake: FlakeMaker, builder: str, toml: str = "") -> None:
    """Give the project a first generation, and then a flake that is to be built."""
    rig.push(flake("tiny"))
    assert rig.rebuild()[0] == 0
    assert rig.push(wild(folder, builder, toml))["applied"]


@pytest.mark.parametrize(
    ("image", "isolation"),
    [("mnix-base-nix28", "container"), ("mnix-base", "host")],
)
def test_a_cancelled_rebuild_leaves_nothing_running_however_wild_its_builder_is(
    make: Callable[..., Rig], tmp_path: Path, flake: FlakeMaker, image: str, isolation: str
) -> None:
    rig = make(image, isolation)
    ready(rig, tmp_path / "wild", flake, WILD)
    job = started(rig)
    says(job, "wild and ready")
    settle(lambda: sleepers(*SLEEPERS) == list(SLEEPERS), what="what the builder started")
    began = time.monotonic()
    info = jobs.kill(job["id"], 5.0)
    assert time.monotonic() - began < 5
    assert sleepers(*SLEEPERS) == []
    assert (info["state"], info["exit_code"], info["reason"]) == ("exited", 143, "cancelled")
    text = log(job)
    assert steps(text)[-1] == "cancelled; the environment is as it was"
    last = ours(text)[-1]
    assert (last["action"], last["ok"], last["generation"]) == ("result", False, None)
    assert last["message"] == "cancelled; the environment is as it was"
    assert rig.out("printenv", "GREETING") == "hi\n"
    assert (rig.info["state"], rig.info["generation"]) == ("running", 1)
    assert stopping.left(rig.project) == []
    # And what was cut off can be built.
    rig.push(wild(tmp_path / "wild", "echo done > $out"))
    assert rig.rebuild()[0] == 0
    assert rig.out("printenv", "WORD") == "new\n"


HIDDEN = r"""
(cd /tmp; exec env -i setsid /bin/sh -c "(env -i -C / /bin/sleep 30002 &)" > /dev/null 2>&1)
echo wild and ready
sleep 30001
"""


def test_warm_ups_hidden_frozen_and_killed_things_one_after_the_other(
    make: Callable[..., Rig], local_podman: LocalPodman, tmp_path: Path, flake: FlakeMaker
) -> None:
    rig = make()
    folder = tmp_path / "wild"
    warm_up = 'trap "" TERM; (setsid sleep 30001 &); sleep 30002 & echo warming; sleep 30003'
    ready(rig, folder, flake, "echo > $out", f"warmup_command = '''{warm_up}'''\n")
    job = started(rig)
    says(job, "\nwarming\n")
    with pytest.raises(AgentError) as error:
        started(rig)
    assert (error.value.code, error.value.detail) == ("busy", job["id"])
    assert "is busy: rebuild, since " in error.value.message
    settle(lambda: len(sleepers("30001", "30002", "30003")) == 3)
    assert jobs.kill(job["id"], 5.0)["reason"] == "cancelled"
    assert sleepers("30001", "30002", "30003") == []
    found = [item["action"] for item in ours(log(job)) if item["action"] not in ("at", "graph")]
    assert found[-3:] == ["plain", "end", "result"]

    # What hides from us may be anybody's: it is only named.
    job = building(rig, folder, HIDDEN)
    assert "/bin/sleep 30002 (perhaps)" in jobs.kill(job["id"], 5.0)["reason"]

    # A frozen container takes no signals, and nothing in it can be asked.
    job = building(rig, folder, "echo wild and ready; sleep 30001")
    local_podman.podman("pause", "mnix-demo")
    began = time.monotonic()
    assert (
        " sleep 30001" in jobs.kill(job["id"], 5.0)["reason"].partition("still running there: ")[2]
    )
    assert time.monotonic() - began < 6  # 5, and what a busy machine adds
    assert "still running there: " in steps(log(job))[-1]
    local_podman.podman("unpause", "mnix-demo")

    # The next rebuild ends it: there is a note of it.
    rig.push(wild(folder, "echo wild and ready; kill -9 $$"))
    assert "a builder was killed (signal 9)" in over(started(rig))["reason"]
    assert sleepers("30001") == []

    job = building(rig, folder, WILD)
    subprocess.run([*exec_in(rig), "sh", "-c", "kill -9 $(pidof nix)"], check=True)
    assert over(job)["reason"] == "nix was ended by signal 9"
    assert "memory" in steps(log(job))[-1]
    assert sleepers(*SLEEPERS) in ([], ["30002"])  # that one is hidden

    rig.push(wild(folder, "echo done > $out", "warmup_command = 'kill -9 $$'\n"))
    assert over(started(rig))["reason"] == "the warm-up ended with signal 9"
    assert (rig.info["state"], rig.info["generation"]) == ("running", 1)
    assert rig.out("printenv", "GREETING") == "hi\n"


def test_a_rebuild_whose_processes_are_killed_is_ended_inside_too(
    make: Callable[..., Rig], tmp_path: Path, flake: FlakeMaker
) -> None:
    rig = make()
    ready(rig, tmp_path / "wild", flake, WILD)
    for whose in ("agent", "holder", "both"):
        killed(rig, tmp_path / "wild", whose)
    assert (rig.info["state"], rig.info["generation"]) == ("running", 1)
    assert rig.out("printenv", "GREETING") == "hi\n"


def killed(rig: Rig, folder: Path, whose: str) -> None:
    job = building(rig, folder, WILD)
    settle(lambda: sleepers(*SLEEPERS) == list(SLEEPERS), what="what the builder started")
    meta = store.read_meta(os.path.join(killing._folder(job["id"])))
    if whose != "agent":
        os.kill(holder_of(job), signal.SIGKILL)
    if whose != "holder":
        os.kill(meta["child"]["pid"], signal.SIGKILL)
    info = over(job)
    if whose == "agent":
        assert info["reason"] == "killed by SIGKILL; what it ran was ended"
    else:
        assert info["state"] == "lost"
        killing.reap_new()  # as each look at the jobs does
        settle(
            lambda: jobs.get(job["id"])["reason"] == "its holder was killed; what it ran was ended"
        )
    settle(lambda: sleepers(*SLEEPERS) == [], what="the end of what the builder started")
    assert b"wild and ready" in log(job)


def test_a_container_that_goes_away_in_the_middle_is_said_and_made_again(
    make: Callable[..., Rig], local_podman: LocalPodman, tmp_path: Path, flake: FlakeMaker
) -> None:
    rig = make()
    ready(rig, tmp_path / "wild", flake, "")
    for how, what in ((("stop", "-t", "0"), "stopped"), (("rm", "-f", "-t", "0"), "removed")):
        job = building(rig, tmp_path / "wild", "echo wild and ready; sleep 30001")
        local_podman.podman(*how, "mnix-demo")
        said = f"the container was {what} while the rebuild ran"
        assert said in over(job)["reason"]
        assert steps(log(job))[-1].startswith(f"error: {said} (rebuild: ")
    rig.push(wild(tmp_path / "wild", "echo done > $out"))
    assert rig.rebuild()[0] == 0
    assert rig.out("printenv", "WORD") == "new\n"


def building(rig: Rig, folder: Path, builder: str) -> dict[str, Any]:
    rig.push(wild(folder, builder))
    job = started(rig)
    says(job, "wild and ready")
    return job


def exec_in(rig: Rig) -> list[str]:
    return ["podman", "exec", str(rig.project.box["id"])]
