"""A project that is being made when its making is stopped."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from mnix_tui.actions.create import made
from mnix_tui.errors import LinkLost


class Agent:
    """Makes a project when it is let."""

    def __init__(self) -> None:
        self.asked, self.may = asyncio.Event(), asyncio.Event()
        self.there: list[str] = []
        self.error: Exception | None = None

    async def create_project(self, name: str, **_: object) -> dict[str, Any]:
        self.asked.set()
        await self.may.wait()
        if self.error is not None:
            raise self.error
        self.there.append(f"id-of-{name}")
        return {"id": f"id-of-{name}"}

    async def remove(self, project: str) -> None:
        self.there.remove(project)


def begin(agent: Agent) -> asyncio.Future[dict[str, Any]]:
    link: Any = SimpleNamespace(agent=agent, server=SimpleNamespace(name="tokyo"))
    return asyncio.ensure_future(made(link, "api", flake="flake.nix", isolation=None))


async def test_what_the_server_makes_after_it_was_stopped_is_taken_back() -> None:
    agent = Agent()
    making = begin(agent)
    await agent.asked.wait()
    making.cancel()
    agent.may.set()
    with pytest.raises(asyncio.CancelledError):
        await making
    assert agent.there == []


async def test_what_may_be_left_is_said() -> None:
    agent = Agent()
    agent.error = LinkLost("tokyo: connection lost", "time-out")
    agent.may.set()
    with pytest.raises(LinkLost, match="may still have the new project api") as caught:
        await begin(agent)
    assert caught.value.hint == "once it answers: mnix sync, then mnix rm api@tokyo"


async def test_what_was_made_is_told() -> None:
    agent = Agent()
    agent.may.set()
    assert await begin(agent) == {"id": "id-of-api"}
    assert agent.there == ["id-of-api"]
