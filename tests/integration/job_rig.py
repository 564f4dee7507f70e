"""Jobs of one test: started without a project, looked at through their files, ended afterwards."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server_agent import jobs
from server_agent.core import paths
from server_agent.jobs import starting, store
from tests.helpers.settle import settle

PROJECT = "aaaaaaaa"


@pytest.fixture(autouse=True)
def jobs_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give each test its own folder of sockets (their paths are short), and end what it left."""
    runtime = tempfile.mkdtemp(prefix="mnix-test-", dir="/tmp")
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    yield
    for job in jobs.listing():
        if job["state"] != "exited":
            jobs.kill(job["id"], 0.0)
    shutil.rmtree(runtime)


def start(*argv: str, kind: str = "session", **more: Any) -> dict[str, Any]:
    """Start a job."""
    env = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "PS1": "$ ", "HOME": "/tmp"}
    env["LANG"] = "C.UTF-8"
    more = {"pty": kind == "session", **more}
    return starting.start(kind, PROJECT, list(argv), "/tmp", env, **more)


def holder_of(job: dict[str, Any]) -> int:
    """Return the pid of a job's holder."""
    return int(store.read_meta(os.path.join(paths.jobs(), job["id"]))["holder"]["pid"])


def ended(job: dict[str, Any]) -> dict[str, Any]:
    """Wait for a job's end; return its JobInfo."""
    settle(lambda: jobs.get(job["id"])["state"] == "exited", what="the job's end")
    return jobs.get(job["id"])


def cpu(pid: int) -> float:
    """Return the seconds that a process has computed."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> int:
    """Return the bytes of memory that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
