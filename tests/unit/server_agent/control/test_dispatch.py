"""What the agent tells of all that is on a server."""

from typing import Any

import pytest

from server_agent import jobs
from server_agent.control import dispatch
from server_agent.core import usecases

Info = dict[str, Any]


def test_what_ran_in_a_container_that_was_stopped_is_not_said_to_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shell: Info = {"id": "shell", "kind": "session", "project_id": "api", "state": "running"}
    other: Info = {"id": "other", "kind": "session", "project_id": "web", "state": "running"}

    def ask_the_engine() -> list[Info]:
        shell["state"] = "exited"  # while the engine takes its time
        return [{"id": "api", "state": "stopped"}, {"id": "web", "state": "running"}]

    monkeypatch.setattr(jobs, "listing", lambda: [dict(shell), dict(other)])
    monkeypatch.setattr(usecases, "state", ask_the_engine)
    assert [job["id"] for job in dispatch.state()["jobs"]] == ["other"]
