"""How shells in containers end when something else ended: their holder, their container."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mnix_tui.terminal import Emulator
from server_agent import jobs
from server_agent.control import dispatch
from server_agent.core import lifecycle
from server_agent.jobs import procs
from server_agent.protocol.frames import Type
from tests.fleet.local import LocalPodman
from tests.helpers.settle import settle
from tests.integration.agent_rig import Rig, agent_argv
from tests.integration.job_client import JobClient
from tests.integration.job_rig import holder_of, jobs_of_its_own

__all__ = ["jobs_of_its_own"]

PAINTER = r"""
paint() { printf '\033[H\033[2Jpainted %s' "$(stty size)"; }
trap paint WINCH
printf '\033[?1049h'; paint
while :; do sleep 1000 & wait $!; done
"""


@pytest.fixture
def rig(
    local_podman: LocalPodman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rig]:
    path = tmp_path / "server.toml"
    path.write_text('base_image = "localhost/mnix-base"\n')
    monkeypatch.setenv("MNIX_SERVER_CONFIG", str(path))
    rig = Rig.make("demo", "container")
    yield rig
    lifecycle.remove(rig.id)


def opened(rig: Rig, *argv: str) -> dict[str, Any]:
    """Open a session in the container."""
    asked: dict[str, Any] = {"project": rig.id, "cols": 80, "rows": 24, "bare": True}
    if argv:
        asked["argv"] = list(argv)
    found: dict[str, Any] = dispatch.call("session.open", asked)
    return found


def running(*words: str) -> list[int]:
    """Return the processes whose command line is this, in whatever container."""
    wanted = "\0".join(words).encode() + b"\0"
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == wanted and procs.start_time(int(path.parent.name)):
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


def test_a_killed_holder_s_shell_is_ended_inside_within_2_seconds(rig: Rig) -> None:
    job, other = opened(rig), opened(rig)
    with JobClient(job["socket"]) as client, JobClient(other["socket"], "two") as kept:
        client.type(b"(trap '' HUP; sleep 54321; :) & sleep 12345; echo never\n")
        kept.type(b"sleep 11111 &\n")
        for seconds in ("54321", "12345", "11111"):
            settle(lambda s=seconds: running("sleep", s), what=f"sleep {seconds}")
        with subprocess.Popen(
            agent_argv("serve", "--nonce", "n"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        ) as serve:
            assert serve.stdin
            serve.stdin.write(b'{"id": 1, "method": "subscribe"}\n')
            serve.stdin.flush()
            settle(lambda: procs.start_time(serve.pid))
            os.kill(holder_of(job), signal.SIGKILL)
            begun = time.monotonic()
            settle(lambda: not running("sleep", "12345") + running("sleep", "54321"))
            assert time.monotonic() - begun < 3  # two, and what a busy machine adds
            reason = "its holder was killed; the shell was ended"
            settle(lambda: jobs.get(job["id"])["reason"] == reason, what="the reason")
            serve.stdin.close()
        assert client.ended()
        assert running("sleep", "11111")  # only its own
        kept.type(b"echo al''ive\n")
        kept.until_text(b"alive")


def test_without_an_agent_it_is_ended_at_the_next_contact_and_the_log_stays(rig: Rig) -> None:
    job = opened(rig)
    with JobClient(job["socket"]) as client:
        client.type(b"echo pre''cious; sleep 12345\n")
        client.until_text(b"precious")
        settle(lambda: running("sleep", "12345"))
        os.kill(holder_of(job), signal.SIGKILL)
        assert client.ended()
    done = subprocess.run(
        agent_argv("attach", job["id"], "--nonce", "n"),
        input=b"\1\0\0\0\x1c" + b'{"client":"x","offset":null}',
        capture_output=True,
        check=False,
        timeout=20,
    )
    assert b"precious" in done.stdout
    assert b"its holder was killed; the shell was ended" in done.stdout
    assert not running("sleep", "12345")


@pytest.mark.parametrize("how", ["stop", "rm", "kill"])
def test_a_container_that_is_stopped_by_hand_ends_its_shells_with_a_reason(
    rig: Rig, local_podman: LocalPodman, how: str
) -> None:
    first, second = opened(rig), opened(rig, "sleep", "12345")
    with JobClient(first["socket"]) as client, JobClient(second["socket"]) as other:
        client.type(b"echo pre''cious\n")
        client.until_text(b"precious")
        settle(lambda: running("sleep", "12345"))
        arguments = {"stop": ("stop", "-t", "0"), "rm": ("rm", "-f", "-t", "0"), "kill": ("kill",)}
        local_podman.podman(*arguments[how], "mnix-demo")
        for each in (client, other):
            told = each.until_type(Type.EXIT, timeout=10).json()
            assert told["reason"] == "the container was stopped"
    for job in (first, second):
        settle(lambda j=job: jobs.get(j["id"])["state"] == "exited", what="the end")
        assert jobs.get(job["id"])["reason"] == "the container was stopped"
    assert jobs.get(first["id"])["log_size"] > 0


def test_a_command_that_ends_by_itself_says_nothing_of_the_container(rig: Rig) -> None:
    job = opened(rig, "sh", "-c", "echo ready; read x; kill -9 $$")
    with JobClient(job["socket"]) as client:
        client.until_text(b"ready")
        client.type(b"\n")
        assert client.until_type(Type.EXIT).json() == {"code": 137, "signal": None, "reason": ""}


def test_a_full_screen_program_inside_is_drawn_for_a_fresh_client_each_time(rig: Rig) -> None:
    job = opened(rig, "bash", "-c", PAINTER)
    with JobClient(job["socket"], "old") as old:
        old.until_text(b"painted 24 80")
        for number in range(5):
            painted = old.output.count(b"painted")
            with JobClient(job["socket"], f"new{number}") as new:
                new.until_type(Type.LIVE)
                # Another size, and back: whatever way the news take into the container.
                while old.output.count(b"painted") < painted + 2:
                    old.receive()
                assert old.output.endswith(b"painted 24 80")
                new.until(lambda _: new.output.endswith(b"painted 24 80"))
                emulator = Emulator(80, 24)
                emulator.feed(bytes(new.output))
                assert emulator.text().strip() == "painted 24 80"


def test_a_shell_inside_has_marks_and_utf_8(rig: Rig) -> None:
    job = dispatch.call("session.open", {"project": rig.id, "cols": 80, "rows": 24})
    with JobClient(job["socket"]) as client:
        client.until_text(b"\x1b]133;B\x07")
        client.type(
            "echo $TERM $COLORTERM $TERM_PROGRAM; (exit 4); cd /tmp; printf '%s' ü | wc -m\n".encode()
        )
        client.until_text(b"xterm-256color truecolor mnix")
        client.until_text(b"\x1b]7;file://demo/tmp\x07")
        client.until_text(b"\r\n1\r\n")
        client.type(b"exit\n")
        client.until_type(Type.EXIT)
