import asyncio
import json

import pytest

from mnix_tui.errors import AgentUnusable, LinkLost
from mnix_tui.link import delivery
from mnix_tui.link.handover import hand_over
from tests.helpers.settle import asettle
from tests.unit.link.memory import MemoryCommand

HELLO = {"protocol": 1}
ANSWER = f"MNIX/1 n1 {json.dumps(HELLO)}\n".encode()


async def test_what_is_sent_is_the_installer_and_the_archive() -> None:
    channel = MemoryCommand()
    handing = asyncio.ensure_future(hand_over(channel, "n1", 5))
    archive = delivery.build()
    await asettle(lambda: bytes(channel.sent).endswith(archive.data), what="the archive")
    channel.says(ANSWER + b"more")
    assert await handing == HELLO
    assert await channel.read() == b"more"
    script = delivery.bootstrap(archive.name, "n1")
    assert bytes(channel.sent) == script + delivery.head(archive) + archive.data


async def test_a_server_that_answers_before_it_has_all_is_heard() -> None:
    channel = MemoryCommand()
    channel.slow(True)
    handing = asyncio.ensure_future(hand_over(channel, "n1", 5))
    await asettle(lambda: channel.sent, what="the installer")
    channel.says(b'MNIX/1 n1 {"missing":"python"}\n')
    channel.ends(1)
    assert await handing == {"missing": "python"}


async def test_a_server_that_goes_away_meanwhile_is_an_error() -> None:
    channel = MemoryCommand()
    channel.ends(None, LinkLost("The connection was lost"))
    with pytest.raises(LinkLost):
        await hand_over(channel, "n1", 5)


async def test_a_server_that_ends_without_a_word_is_an_error() -> None:
    channel = MemoryCommand()
    channel.complains(b"sh: cannot fork\n")
    channel.ends(1)
    with pytest.raises(AgentUnusable, match="cannot fork"):
        await hand_over(channel, "n1", 5)


async def test_a_server_that_takes_nothing_is_not_waited_for_for_ever() -> None:
    channel = MemoryCommand()
    channel.slow(True)
    with pytest.raises(AgentUnusable, match="no answer"):
        await hand_over(channel, "n1", 0.05)
