"""What an agent answers is checked where somebody goes on with it."""

from typing import Any

import pytest

from mnix_tui.errors import RemoteError
from mnix_tui.link.agent import AgentClient


def client(answer: Any) -> AgentClient:
    async def request(method: str, params: dict[str, Any], timeout: float | None) -> Any:
        return answer

    return AgentClient(request, "tokyo")


async def test_a_project_that_was_made_has_an_id() -> None:
    made = await client({"id": "abcdefgh", "name": "api", "more": 1}).create_project("api")
    assert (made["id"], made["name"], made["more"]) == ("abcdefgh", "api", 1)


@pytest.mark.parametrize("answer", [{}, {"id": None}, {"id": ""}, [], None, "\x1b[2J"])
async def test_one_without_is_the_agents_mistake(answer: Any) -> None:
    with pytest.raises(RemoteError) as caught:
        await client(answer).create_project("api")
    assert caught.value.code == "protocol"
    assert str(caught.value).isprintable()
