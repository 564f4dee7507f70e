"""How a job's process is started."""

import fcntl
import os
from pathlib import Path
from typing import Any

import pytest

from server_agent.jobs import child as children


def test_a_size_that_is_set_before_the_program_runs_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    parent, ioctl = os.getpid(), fcntl.ioctl
    go, resized = os.pipe()

    def late(*args: Any) -> Any:
        if os.getpid() != parent:
            os.read(go, 1)
        return ioctl(*args)

    monkeypatch.setattr(fcntl, "ioctl", late)
    env = {"PATH": os.environ["PATH"]}
    child = children.spawn(["stty", "size"], "/", env, pty=True, cols=80, rows=24, umask=0o22)
    child.resize(90, 20)
    os.write(resized, b"x")
    os.set_blocking(child.fd, True)
    assert os.read(child.fd, 100) == b"20 90\r\n"
    os.waitpid(child.pid, 0)
    for handle in (child.fd, go, resized):
        os.close(handle)


def test_what_is_typed_before_a_relay_listens_is_kept_as_it_was_typed(tmp_path: Path) -> None:
    go = tmp_path / "go"
    os.mkfifo(go)
    relay = ["sh", "-c", f"read x < {go}; stty raw; dd bs=1 count=2 2> {tmp_path}/dd | od -An -tx1"]
    env = {"PATH": os.environ["PATH"]}
    child = children.spawn(relay, "/", env, pty=True, cols=80, rows=24, umask=0o22, relayed=True)
    child.write(b"\r")
    child.end_of_input()
    go.write_text("\n")
    os.waitpid(child.pid, 0)
    assert child.read().split() == [b"0d", b"04"]
    os.close(child.fd)
