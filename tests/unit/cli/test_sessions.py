"""Ending and renaming what runs: only what was named, and only in the project that was named."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from mnix_tui.cli import connect, lifecycle, sessions
from mnix_tui.domain.jobs import Job
from mnix_tui.domain.projects import Project
from mnix_tui.domain.servers import Server
from mnix_tui.domain.states import JobState
from mnix_tui.errors import NotFound


class Agent:
    """A server's jobs, and what was done to them."""

    def __init__(self, *jobs: Job) -> None:
        self._jobs = jobs
        self.done: list[tuple[str, ...]] = []

    async def jobs(self, project: str | None = None, kind: str | None = None) -> list[Job]:
        return [
            job
            for job in self._jobs
            if project in (None, job.project_id) and kind in (None, job.kind)
        ]

    async def kill(self, job: str) -> Job:
        self.done.append(("kill", job))
        (found,) = [each for each in self._jobs if each.id == job]
        return replace(found, state=JobState.EXITED)

    async def rename_session(self, job: str, name: str) -> Job:
        self.done.append(("rename", job, name))
        return self._jobs[0]


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> Agent:
    agent = Agent(
        Job("a1", "session", "a", JobState.RUNNING, title="shell"),
        Job("a2", "rebuild", "a", JobState.RUNNING),
        Job("b1", "session", "b", JobState.RUNNING, name="web", title="web"),
    )

    @asynccontextmanager
    async def linked(*_: object) -> AsyncIterator[tuple[None, Any]]:
        yield None, SimpleNamespace(agent=agent)

    monkeypatch.setattr(connect, "linked", linked)
    return agent


async def change(
    monkeypatch: pytest.MonkeyPatch,
    project: str,
    end: str | None,
    rename: tuple[str, str] | None = None,
) -> None:
    monkeypatch.setattr(sessions, "_where", lambda _: (Server("tokyo", "me@tokyo"), project))
    context: Any = SimpleNamespace(project=project)
    await sessions._change(context, end, rename)


@pytest.mark.parametrize("wanted", ["web", "b1"])
async def test_what_another_project_runs_is_left_alone(
    agent: Agent, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    with pytest.raises(NotFound):
        await change(monkeypatch, "a", wanted)
    with pytest.raises(NotFound):
        await change(monkeypatch, "a", None, (wanted, "new"))
    assert agent.done == []


async def test_a_title_names_nothing_to_end(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound):
        await change(monkeypatch, "", "shell")
    assert agent.done == []


def test_that_nothing_runs_is_not_said_of_a_rebuild() -> None:
    server = Server("tokyo", "me@tokyo")
    found = [(server, Job(f"r{n}", "rebuild", "a", JobState.RUNNING), "api") for n in (1, 2)]
    assert sessions._none([]) == "Nothing runs."
    assert sessions._none([], " on oslo") == "Nothing runs on oslo."
    told = "1 rebuild runs of api, and nothing else: mnix logs -f --tree --job r1 --server tokyo"
    assert sessions._none(found[:1]) == told
    assert sessions._none(found) == "2 rebuilds run, and nothing else: --all lists them"


async def test_a_name_or_an_id_ends_what_has_it(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    await change(monkeypatch, "", "web")
    await change(monkeypatch, "a", "a2")
    await change(monkeypatch, "b", None, ("web", "new"))
    assert agent.done == [("kill", "b1"), ("kill", "a2"), ("rename", "b1", "new")]


async def test_a_stop_says_what_ended_with_it(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stop(*_: object) -> None:
        agent.done.append(("stop",))

    monkeypatch.setattr("mnix_tui.actions.lifecycle.stop", stop)
    link: Any = SimpleNamespace(agent=agent)
    store: Any = None
    agent._jobs += (
        Job("b2", "exec", "b", JobState.RUNNING),
        Job("b3", "exec", "b", JobState.EXITED, exit_code=0),
    )
    project = Project("b", "tokyo", "b")
    assert await lifecycle.end(store, link, project) == ", and with it 1 shell and 1 command"
    assert await lifecycle.end(store, link, replace(project, remote_id="c")) == ""
    assert agent.done == [("stop",), ("stop",)]


def test_how_a_job_ended_is_listed() -> None:
    why = "the container was stopped"
    job = Job("a1", "exec", "a", JobState.EXITED, title="make", exit_code=137, reason=why)
    row = sessions._row(job, "api")
    assert (row[4], row[-1]) == ("exited 137", "make · the container was stopped")
