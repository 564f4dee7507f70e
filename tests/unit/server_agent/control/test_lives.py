"""Following processes: by the kernel's word, and by looking where it gives none."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest

from server_agent.control import lives
from server_agent.control.lives import Lives
from server_agent.jobs import procs


@pytest.fixture(params=[True, False], ids=["told", "looked"])
def followed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lives]:
    if not request.param:
        monkeypatch.setattr(lives, "_MOST", 0)
    made = Lives()
    yield made
    made.close()


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["sleep", "60"]) as made:
        yield made
        made.kill()


def life(process: "subprocess.Popen[bytes]") -> lives.Life:
    return process.pid, procs.start_time(process.pid)


def test_the_end_of_a_process_is_seen_once(
    followed: Lives, process: "subprocess.Popen[bytes]"
) -> None:
    followed.follow([life(process)])
    before = followed.ended()
    followed.wait(0)
    assert followed.ended() == before
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    began = time.monotonic()
    followed.wait(0.2)
    assert followed.ended() == before + 1
    followed.wait(0)
    assert followed.ended() == before + 1
    if lives._MOST:
        assert time.monotonic() - began < 0.15


def test_who_ended_before_is_seen_too(followed: Lives, process: "subprocess.Popen[bytes]") -> None:
    known = life(process)
    process.kill()
    process.wait()
    before = followed.ended()
    followed.follow([known])
    assert followed.ended() == before + 1
    followed.follow([known])
    assert followed.ended() == before + 1


def test_who_is_not_followed_any_more_is_nobody_s_business(
    followed: Lives, process: "subprocess.Popen[bytes]"
) -> None:
    followed.follow([life(process), (0, "")])
    before = followed.ended()
    followed.follow([])
    process.kill()
    process.wait()
    followed.wait(0)
    assert followed.ended() == before
    assert followed._handles == {}


def test_any_thread_wakes_who_waits(followed: Lives) -> None:
    threading.Timer(0.05, followed.wake).start()
    began = time.monotonic()
    followed.wait(20)
    assert time.monotonic() - began < 10
    for _ in range(100_000):
        followed.wake()  # more than a pipe holds
    followed.wait(20)
