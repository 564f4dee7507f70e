"""What counts as the rest of a rebuild, and when it counts as ended."""

import os
from pathlib import Path
from typing import Any

import pytest

from server_agent.core import stopping
from server_agent.core.projects import Project

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
