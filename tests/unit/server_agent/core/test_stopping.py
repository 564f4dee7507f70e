"""What counts as the rest of a rebuild, and when it counts as ended."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from server_agent.adapters import nix
from server_agent.adapters.host import Host
from server_agent.core import rebuild_failure, stopping
from server_agent.core.projects import Project
from server_agent.core.relay_hints import Tail

JOB = "jobjobjo"


class Box:
    """An isolation in which a script of ours ends as it is told."""

    kind = "container"

    def __init__(self, says: str = "exit 0", state: str = "running") -> None:
        self.says = says
        self.state = state
        self.asked: list[tuple[str, list[str]]] = []

    def argv(self, project: Project, inner: list[str], **options: Any) -> list[str]:
        """Note what is to run, and in which box."""
        self.asked.append((project.box["id"], inner))
        return ["sh", "-c", self.says]

    def owns(self, project: Project, box: str) -> bool:
        """Say which boxes are the project's."""
        return box in ("own", "new")

    def states(self, projects: list[Project]) -> dict[str, str]:
        """Say how the box is."""
        return {project.id: self.state for project in projects}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    project = Project("aaaaaaaa", "x", box={"id": "own"})
    os.makedirs(project.run)
    stopping.note(project, JOB)
    return project


def pidfile(project: Project, text: str) -> None:
    Path(project.run, f"{JOB}.pid").write_text(text)


def stop(box: Box, project: Project) -> list[str]:
    return stopping.stop(box, project, JOB, 0.0)  # type: ignore[arg-type]


def test_without_a_pid_no_session_is_a_rebuilds(project: Project) -> None:
    # Kernel threads are of session 0, and whoever came from outside.
    box = Box()
    assert stop(box, project) == []
    assert box.asked[0][1][4] == "none"


@pytest.mark.parametrize("code", [1, 2, 125, 137])
def test_what_could_not_be_asked_is_not_taken_for_ended(project: Project, code: int) -> None:
    assert stop(Box(f"exit {code}"), project) == [
        f"what runs inside can't be asked: it ended with {code}"
    ]
    assert stop(Box("kill -TERM $$"), project) == [
        "what runs inside can't be asked: it ended with -15"
    ]
    assert stopping.left(project) == [JOB]
    assert stop(Box(f"exit {code}", "stopped"), project) == []  # with its container it ended
    assert stopping.left(project) == []


def test_what_runs_is_ended_when_the_workspace_is_gone(project: Project) -> None:
    assert not os.path.exists(project.workspace)
    assert stopping.stop(Host(), project, JOB, 0.0) == []


def test_a_box_that_is_another_projects_is_left_alone(project: Project) -> None:
    box = Box("exit 1")
    for named in ("own", "new", "another"):
        pidfile(project, f"1 5 {named}")
        stop(box, project)
    asked = [(where, script[4:6]) for where, script in box.asked]
    assert asked == [("own", ["1", "5"]), ("new", ["1", "5"]), ("own", ["none", "-"])]


class Cancelled(BaseException):
    """What a signal raises in a rebuild."""


@pytest.fixture
def listening() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]

    def cancel(*_: Any) -> NoReturn:
        raise Cancelled

    signal.signal(signal.SIGTERM, cancel)
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.usefixtures("listening")
def test_a_second_word_does_not_cut_clearing_up_short(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take(data: bytes) -> None:
        raise ConnectionError

    def clear(*_: Any) -> list[str]:
        os.kill(os.getpid(), signal.SIGTERM)
        return ["7 sleep"]

    monkeypatch.setattr(stopping, "_stop", clear)
    box = Box("echo")
    box.kind = "host"
    box.places = lambda project: ("", project.env, project.run)  # type: ignore[attr-defined]
    with pytest.raises(ConnectionError) as error:
        nix.run(box, project, JOB, ["nix"], take)  # type: ignore[arg-type]
    assert error.value.left == ["7 sleep"]  # type: ignore[attr-defined]
    killed = nix.Built(137, "", "", nix.Facts("2", "", (), alone=False))
    failed = rebuild_failure.of(box, project, JOB, killed, Tail())  # type: ignore[arg-type]
    assert failed.message == "nix was ended by signal 9; still running there: 7 sleep"
    assert failed.left == ["7 sleep"]  # type: ignore[attr-defined]


@pytest.mark.usefixtures("listening")
def test_what_a_signal_cuts_short_leaves_something(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(*_: Any) -> NoReturn:
        raise Cancelled

    def clear(*_: Any) -> NoReturn:
        raise Cancelled

    box = Box("exit 9")
    pidfile(project, "4000000 1 own")
    box.places = lambda project: ("", project.env, project.run)  # type: ignore[attr-defined]
    monkeypatch.setattr(nix, "Stream", start)  # it may have started all the same
    for left in ["what runs inside can't be asked: it ended with 9"], ["what it ran"]:
        with pytest.raises(Cancelled) as error:
            nix.run(box, project, JOB, ["nix"], print)  # type: ignore[arg-type]
        assert error.value.left == left  # type: ignore[attr-defined]
        monkeypatch.setattr(stopping, "_stop", clear)
