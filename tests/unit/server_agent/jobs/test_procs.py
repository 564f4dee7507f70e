"""Which processes are a job's."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from server_agent.jobs import procs
from tests.helpers.settle import settle

SCRIPT = "MNIX_JOB=ijklmnop sleep 61 & echo $!; sleep 62 & echo $!; read end"


@pytest.fixture
def session() -> Iterator[tuple[subprocess.Popen[bytes], str, int, int]]:
    """A session's leader with its start time, a stranger in it and a process of the job."""
    with subprocess.Popen(
        ["sh", "-c", SCRIPT],
        start_new_session=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], procs.JOB: "abcdefgh"},
    ) as leader:
        assert leader.stdin
        assert leader.stdout
        other, own = (int(leader.stdout.readline()) for _ in range(2))
        for pid in (other, own):
            settle(lambda p=pid: Path(f"/proc/{p}/cmdline").read_bytes().startswith(b"sleep"))
        yield leader, procs.start_time(leader.pid), other, own
        for pid in (other, own):
            os.kill(pid, signal.SIGKILL)
        leader.kill()


def test_all_in_a_session_are_the_job_s_while_its_leader_lives(
    session: tuple[subprocess.Popen[bytes], str, int, int],
) -> None:
    leader, start, other, own = session
    assert set(procs.left_of(leader.pid, start, "abcdefgh")) == {leader.pid, other, own}
    assert procs.left_of(leader.pid, start + "1", "abcdefgh") == []


def test_without_the_leader_they_are_those_that_bear_its_name(
    session: tuple[subprocess.Popen[bytes], str, int, int],
) -> None:
    leader, start, _, own = session
    leader.kill()
    leader.wait()
    assert procs.left_of(leader.pid, start, "abcdefgh") == [own]
    assert procs.left_of(leader.pid, start, "qrstuvwx") == []
