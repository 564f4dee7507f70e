from typing import Any

import pytest

from mnix_tui.cli import check_lines
from mnix_tui.domain.checks import CheckState, took
from mnix_tui.domain.servers import Server
from mnix_tui.errors import AgentUnusable, HostKeyChanged, LoginRefused, NoWay
from mnix_tui.link import LinkOptions, SecretQuestion, checkup
from mnix_tui.link.model import Stage


async def test_the_warning_stands_before_the_command_that_removes_a_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = HostKeyChanged(
        "box: host key changed",
        "another one",
        "someone may be listening in. If it was really changed, remove it: ssh-keygen -R box",
    )
    error.fix = "ssh-keygen -R box"

    async def refused(*_: Any) -> None:
        raise error

    monkeypatch.setattr(checkup, "_load_ssh", lambda: refused)
    found = await checkup.check(Server("box", "box"), LinkOptions(), lambda _: None)
    check = next(each for each in found if each.key == "hostkey")
    assert check.refused
    assert check_lines.advice(check) == [
        "      → someone may be listening in. If it was really changed, remove it",
        "      $ ssh-keygen -R box",
    ]


async def test_a_way_that_is_closed_is_no_matter_of_host_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refused(_: Server, options: LinkOptions) -> None:
        assert options.stage is not None
        options.stage(Stage("box", "hostkey"))  # the line to the program is made
        raise NoWay("box: no way through", "the ProxyCommand says: no")

    monkeypatch.setattr(checkup, "_load_ssh", lambda: refused)
    found = await checkup.check(Server("box", "box"), LinkOptions(), lambda _: None)
    failed = [each.key for each in found if each.state is CheckState.FAILED]
    assert failed == ["connect"]
    assert not any(each.refused for each in found)
    hostkey = next(each for each in found if each.key == "hostkey")
    assert hostkey.state is CheckState.SKIPPED


async def test_the_clock_stands_still_while_a_person_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr("mnix_tui.link.checkup.time.monotonic", lambda: now[0])

    async def think(_: SecretQuestion) -> tuple[str, ...]:
        now[0] += 20.0
        return ("secret",)

    async def refused(_: Server, options: LinkOptions) -> None:
        assert options.stage is not None
        assert options.ask_secret is not None
        assert options.ask_host_key is None
        options.stage(Stage("box", "login"))
        now[0] += 1.0
        await options.ask_secret(SecretQuestion("box", "password", "me@box", ()))
        now[0] += 0.5
        raise LoginRefused("box: login refused")

    monkeypatch.setattr(checkup, "_load_ssh", lambda: refused)
    found = await checkup.check(Server("box", "box"), LinkOptions(ask_secret=think), lambda _: None)
    login = next(each for each in found if each.key == "login")
    assert login.seconds == 1.5
    assert took(found) == 1.5


async def test_an_agent_that_can_t_be_delivered_says_nothing_of_python(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr("mnix_tui.link.checkup.time.monotonic", lambda: now[0])

    async def refused(_: Server, options: LinkOptions) -> None:
        assert options.stage is not None
        options.stage(Stage("box", "python"))
        options.stage(Stage("box", "agent"))
        now[0] += 3.0
        raise AgentUnusable("box: no room")

    monkeypatch.setattr(checkup, "_load_ssh", lambda: refused)
    found = {
        each.key: each
        for each in await checkup.check(Server("box", "box"), LinkOptions(), lambda _: None)
    }
    assert (found["agent"].state, found["agent"].seconds) == (CheckState.FAILED, 3.0)
    assert (found["python"].state, found["python"].seconds) == (CheckState.SKIPPED, None)
