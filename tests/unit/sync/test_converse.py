"""The conversation with the agent's ``sync``, over a channel that is lost."""

import asyncio
from typing import Any

import pytest

from mnix_tui.errors import LinkLost
from mnix_tui.sync.converse import Conversation
from tests.unit.link.memory import MemoryCommand


async def test_nothing_is_written_once_the_channel_is_lost() -> None:
    loop = asyncio.get_running_loop()
    channel: Any = MemoryCommand()
    sent: list[int] = []

    def write(data: bytes) -> None:
        sent.append(len(data))
        if len(sent) == 2:  # a transport says of its end when the loop runs
            loop.call_soon(channel._on_end, LinkLost("The connection was lost"))

    channel._transport_write = write
    with pytest.raises(LinkLost, match="cut off"):
        await Conversation(channel, "tokyo")._write(bytes(1 << 20))
    assert len(sent) == 2
