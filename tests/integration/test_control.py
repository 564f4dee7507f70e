"""The control channel as a client sees it: a process, its stdin and its stdout."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mnix_tui.link import delivery
from server_agent.core import paths
from server_agent.jobs import procs, store
from tests.helpers.settle import settle


class Control:
    """A running `serve`, with the events that came so far."""

    def __init__(self, *agent: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *(agent or ("-m", "server_agent")), "serve", "--nonce", "n1"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.events: list[dict[str, Any]] = []
        self.hello = json.loads(self.line().removeprefix(b"MNIX/1 n1 "))
        self.number = 0

    def line(self) -> bytes:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def send(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def message(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.line())
        if "event" in found:
            self.events.append(found)
        return found

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a request and return its whole reply."""
        self.number += 1
        self.send(json.dumps({"id": self.number, "method": method, "params": params}).encode())
        self.send(b"\n")
        while True:
            found = self.message()
            if found.get("id") == self.number:
                return found

    def state(self, fits: Any) -> dict[str, Any]:
        """Read until the newest state event fits: it may have come before the last reply."""
        while True:
            states = [event["data"] for event in self.events if event["event"] == "state"]
            if states and fits(states[-1]):
                newest: dict[str, Any] = states[-1]
                return newest
            self.message()

    def end(self) -> tuple[int, bytes]:
        """Close stdin; return the exit code and stderr."""
        _, err = self.process.communicate(timeout=10)
        return self.process.returncode, err


@pytest.fixture
def control() -> Iterator[Control]:
    running = Control()
    yield running
    if running.process.poll() is None:
        code, err = running.end()
        assert (code, err) == (0, b"")


@pytest.fixture
def project(control: Control, tmp_path: Path) -> Iterator[str]:
    made = control.ask("project.create", name="api", isolation="host", in_place=str(tmp_path))
    yield made["result"]["id"]
    for job in store.listing(live=True):
        control.ask("job.kill", job=job["id"], grace=0)


def test_the_hello_says_who_answers(control: Control) -> None:
    assert control.hello["protocol"] == 1
    assert control.hello["uid"] == os.getuid()
    assert control.hello["boot_id"] == procs.boot_id()
    assert control.hello["pid"] == control.process.pid
    assert set(control.hello) >= {"version", "python", "user", "hostname", "home"}


def test_where_nothing_is_there_is_nothing_to_purge(
    control: Control, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = control.ask("server.purge", dry_run=True)["result"]
    assert (told["projects"], told["sessions"], told["done"]) == ([], 0, False)
    assert control.ask("server.purge", force=1)["error"]["code"] == "usage"


def test_it_ends_when_stdin_ends(control: Control) -> None:
    assert control.end() == (0, b"")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"garbage\n", "not JSON"),
        (b"[1]\n", "not a JSON object"),
        (b'{"id": "x", "method": "state.get"}\n', "numeric id"),
        (b'{"id": 1}\n', "numeric id and a method"),
        (b'{"id": 1, "method": "state.get", "params": [1]}\n', "not an object"),
        (b"\xff\xfe\n", "not JSON"),
        (b"[" * 100_000 + b"\n", "not JSON"),
        (b"x" * (1 << 20) + b"x", "longer than"),
    ],
    ids=["text", "list", "no-number", "no-method", "params", "bytes", "deep", "long"],
)
def test_what_is_not_the_protocol_ends_it_with_a_reason(
    control: Control, line: bytes, why: str
) -> None:
    control.send(line)
    answer = control.message()
    assert answer["id"] is None
    assert answer["error"]["code"] == "protocol"
    assert why in answer["error"]["message"]
    assert control.end() == (1, b"")


@pytest.mark.parametrize(
    ("method", "params", "why"),
    [
        ("no.such", {}, "no method 'no.such'"),
        ("job.get", {}, "needs the parameter 'job'"),
        ("job.get", {"job": 5}, "should be text"),
        ("job.get", {"job": "../../etc"}, "there is no job"),
        ("job.get", {"job": "a", "more": 1}, "no parameter 'more'"),
        ("session.open", {"project": "a", "cols": 0, "rows": 5}, "from 1 to 1000"),
        ("job.start", {"project": "a", "argv": "ls"}, "a list of words"),
        ("job.start", {"project": "a", "argv": ["a\0b"]}, "a list of words"),
        ("project.rollback", {"project": "a", "generation": True}, "should be a number"),
        ("project.rebuild", {"project": "a", "override_inputs": {"x": 1}}, "flake references"),
        ("project.rebuild", {"project": "a", "cause": "boredom"}, "rebuild or warm-up"),
        ("generation.diff", {"project": "a", "a": 1}, "needs the parameter 'b'"),
        ("store.gc", {"project": "aaaaaaaa"}, "there is no project"),
        ("project.flake", {"project": "../x"}, "there is no project"),
    ],
)
def test_a_wrong_request_gets_an_answer_and_ends_nothing(
    control: Control, method: str, params: dict[str, Any], why: str
) -> None:
    error = control.ask(method, **params)["error"]
    assert error["code"] in ("usage", "not-found")
    assert why in error["message"]
    assert control.ask("job.list")["result"] == {"jobs": []}


def test_what_nobody_expected_is_told_in_a_line_and_logged(control: Control) -> None:
    Path(paths.jobs()).parent.mkdir(parents=True)
    Path(paths.data()).parent.mkdir(parents=True, exist_ok=True)
    Path(paths.data()).write_text("a file where a folder should be")
    error = control.ask("project.create", name="api", isolation="host")["error"]
    assert error["code"] == "error"
    assert "Traceback" not in json.dumps(error)
    log = Path(paths.jobs()).parent / "agent.log"
    assert "Traceback" in log.read_text()
    assert str(log) in error["hint"]
    assert log.stat().st_mode & 0o777 == 0o600


def test_it_ends_once_it_was_removed_and_lacks_something(tmp_path: Path) -> None:
    folder = tmp_path / "agent"
    for path, data in delivery.files().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    control = Control("-B", "-I", "-S", str(folder))
    assert control.ask("state.get")["result"] == {"projects": [], "jobs": []}
    shutil.rmtree(folder)
    assert control.ask("state.get")["result"] == {"projects": [], "jobs": []}
    error = control.ask("project.create", name="api", isolation="host")["error"]
    assert (error["message"], error["hint"]) == (
        "project.create: the agent was removed from the server meanwhile",
        "try again: mnix installs it anew",
    )
    assert control.line() == b""  # without having been asked to
    assert control.end() == (0, b"")
    assert not os.path.exists(os.path.dirname(paths.jobs()))


def test_requests_run_at_the_same_time(control: Control, project: str) -> None:
    job = control.ask("job.start", project=project, argv=["bash", "-c", "trap '' TERM; sleep 60"])
    control.send(
        b'{"id":901,"method":"job.kill","params":{"job":"%s","grace":1}}\n'
        % job["result"]["id"].encode()
    )
    control.send(b'{"id":902,"method":"job.list"}\n')
    assert [control.message()["id"] for _ in range(2)] == [902, 901]


def test_a_subscriber_hears_of_its_own_changes_and_of_others(
    control: Control, project: str
) -> None:
    assert control.ask("subscribe")["result"] == {}
    control.state(lambda s: [p["id"] for p in s["projects"]] == [project])
    other = Control()
    opened = other.ask("session.open", project=project, cols=80, rows=24, name="my shell")["result"]
    assert other.end() == (0, b"")
    assert (opened["title"], opened["state"], opened["pty"]) == ("my shell", "running", True)
    seen = control.state(lambda s: s["jobs"])
    assert [job["id"] for job in seen["jobs"]] == [opened["id"]]
    control.ask("job.kill", job=opened["id"])
    control.state(lambda s: not s["jobs"])
    assert any(event["event"] == "stats" for event in control.events)


def test_a_subscriber_hears_of_an_edited_flake(control: Control, project: str) -> None:
    control.ask("subscribe")
    info = control.state(lambda s: s["projects"])["projects"][0]
    assert info["inputs"] == {"workspace": {}, "generation": {}}
    path = Path(info["workspace"], "flake.nix")
    for text in ("{ }", "{ outputs = 1; }"):
        path.write_text(text)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        wanted = {"flake.nix": digest}
        control.state(lambda s, wanted=wanted: s["projects"][0]["inputs"]["workspace"] == wanted)


def test_a_job_whose_holder_was_killed_is_noticed_and_reaped(
    control: Control, project: str
) -> None:
    control.ask("subscribe")
    job = control.ask("job.start", project=project, argv=["sh", "-c", "sleep 1000"])["result"]
    control.state(lambda s: s["jobs"])
    meta = store.read_meta(paths.job(job["id"]))
    os.kill(meta["holder"]["pid"], signal.SIGKILL)
    control.state(lambda s: not s["jobs"])
    assert control.ask("job.get", job=job["id"])["result"]["state"] == "lost"
    settle(lambda: store.read_status(paths.job(job["id"])).get("reaped"))
    assert not procs.session_members(meta["child"]["pid"])


def test_it_ends_when_nobody_reads_it_any_more(control: Control) -> None:
    assert control.process.stdout is not None
    control.process.stdout.close()
    control.send(b'{"id":1,"method":"job.list"}\n')
    assert control.process.wait(10) == 0
    control.process.communicate()


def test_watching_costs_next_to_nothing(control: Control, project: str) -> None:
    control.ask("subscribe")
    control.state(lambda s: s["projects"])
    _next_stats(control)
    before = _cpu_ticks(control.process.pid)
    _next_stats(control)  # five seconds later
    assert _cpu_ticks(control.process.pid) - before <= 0.02 * 5 * os.sysconf("SC_CLK_TCK")


def _next_stats(control: Control) -> None:
    while control.message().get("event") != "stats":
        pass


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
