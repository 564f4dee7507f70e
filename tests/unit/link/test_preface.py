import pytest

from mnix_tui.errors import AgentUnusable, LinkLost
from mnix_tui.link.preface import read_preface, shorten
from server_agent.protocol.lines import preface
from tests.unit.link.memory import MemoryCommand

HELLO = {"protocol": 1, "user": "ann"}


async def test_noise_before_is_skipped_and_bytes_behind_are_kept() -> None:
    channel = MemoryCommand()
    channel.says(b"Welcome to \xff box!\nMNIX/1 other {}\n" + preface("n1", HELLO) + b"rest")
    assert await read_preface(channel, "n1", 1) == HELLO
    assert channel.hello == HELLO
    assert await channel.read() == b"rest"


async def test_a_login_that_prints_for_ever_is_cut_short() -> None:
    channel = MemoryCommand(limit=1 << 20)
    channel.says(b"spam and eggs\n" * 5000)
    with pytest.raises(AgentUnusable) as caught:
        await read_preface(channel, "n1", 1)
    assert "spam and eggs" in caught.value.detail
    assert ".bashrc" in caught.value.hint


async def test_just_less_than_that_is_still_noise() -> None:
    channel = MemoryCommand(limit=1 << 20)
    channel.says(b"x" * (64 << 10) + preface("n1", HELLO))
    assert await read_preface(channel, "n1", 1) == HELLO


async def test_an_end_without_a_preface_tells_what_came_instead() -> None:
    channel = MemoryCommand()
    channel.says(b"This account is currently not available.\n")
    channel.ends(1)
    with pytest.raises(AgentUnusable, match="not available"):
        await read_preface(channel, "n1", 1)


async def test_stderr_is_told_too() -> None:
    channel = MemoryCommand()
    channel.complains(b"sh: 1: python3: Exec format error\n")
    channel.ends(126)
    with pytest.raises(AgentUnusable, match="Exec format error"):
        await read_preface(channel, "n1", 1)


async def test_silence_ends_with_the_time() -> None:
    channel = MemoryCommand()
    channel.says(b"Enter your token: ")
    with pytest.raises(AgentUnusable, match="Enter your token"):
        await read_preface(channel, "n1", 0.01)


@pytest.mark.parametrize("garbage", [b"{nonsense\n", b"[]\n", b"\n", b"{" * 2_000_000])
async def test_a_preface_that_is_garbage_is_refused(garbage: bytes) -> None:
    channel = MemoryCommand(limit=1 << 23)
    channel.says(b"MNIX/1 n1 " + garbage)
    channel.ends(0)
    with pytest.raises(AgentUnusable):
        await read_preface(channel, "n1", 1)


async def test_a_lost_connection_stays_one() -> None:
    channel = MemoryCommand()
    channel.ends(None, LinkLost("The connection was lost"))
    with pytest.raises(LinkLost):
        await read_preface(channel, "n1", 1)


def test_text_for_an_error_is_one_short_line() -> None:
    assert shorten("a\n\x1b[31mb\tc\n") == "a [31mb c"
    assert shorten("x" * 500) == "…" + "x" * 400
