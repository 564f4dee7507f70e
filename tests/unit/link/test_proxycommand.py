import asyncio
import threading
from pathlib import Path
from unittest.mock import Mock

import pytest

from mnix_tui.errors import ConfigError
from mnix_tui.link import sshdial
from mnix_tui.link.proxycommand import ProxyCommand
from tests.helpers.settle import asettle, settle


def test_it_is_a_line_in_both_directions_and_its_stderr_is_kept_apart() -> None:
    proxy = ProxyCommand("sh -c 'printf \"a\\033[1mb\\n\" >&2; cat'", "config:1")
    proxy.line.send(b"hello")
    proxy.line.setblocking(True)
    assert proxy.line.recv(100) == b"hello"
    settle(proxy.said)
    assert proxy.said() == "a [1mb"
    proxy.end()
    settle(lambda: proxy._process.poll() is not None)
    proxy.end()


def test_of_a_flood_on_stderr_the_end_is_kept() -> None:
    proxy = ProxyCommand("sh -c 'head -c 3000000 /dev/zero >&2; echo the end >&2'", "config:1")
    settle(lambda: proxy.said().endswith("the end"))
    assert len(proxy._said) <= 2048
    proxy.end()


def test_it_ends_with_its_children() -> None:
    proxy = ProxyCommand("sh -c 'sleep 60 & echo $! >&2; wait'", "config:1")
    settle(proxy.said)
    child = Path("/proc", proxy.said())
    proxy.end()
    settle(lambda: not child.exists() or "Z" in (child / "stat").read_text().split()[2])


async def test_one_that_starts_when_nobody_wants_it_any_more_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_start, started = threading.Event(), list[ProxyCommand]()

    def start(command: str, origin: str) -> ProxyCommand:
        may_start.wait(10)
        started.append(ProxyCommand(command, origin))
        return started[0]

    monkeypatch.setattr(sshdial, "ProxyCommand", start)
    config = Mock(proxy_command=lambda: "cat", origins={})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await sshdial._line(config, Mock())
    may_start.set()
    await asettle(lambda: started and started[0]._process.poll() is not None)


def test_a_shell_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/nowhere/sh")
    with pytest.raises(ConfigError, match="/nowhere/sh") as caught:
        ProxyCommand("true", "config:7")
    assert "config:7" in caught.value.hint


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("ann@bastion: Permission denied (publickey).", "use ProxyJump instead, or ssh-add"),
        ("Host key verification failed.", "use ProxyJump instead, or ssh-add"),
        ("no gate today", "see config:7"),
    ],
)
def test_a_program_that_would_have_asked_is_told_from_one_that_is_broken(
    said: str, advice: str
) -> None:
    proxy = ProxyCommand(f"echo '{said}' >&2", "config:7")
    settle(proxy.said)
    refusal = proxy.refusal("box")
    assert refusal is not None
    assert refusal.detail == f"the ProxyCommand says: {said}"
    assert advice in refusal.hint
    assert "config:7" in refusal.hint
    proxy.end()
