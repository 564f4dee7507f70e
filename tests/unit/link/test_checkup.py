from typing import Any

import pytest

from mnix_tui.cli import check_lines
from mnix_tui.domain.checks import CheckState
from mnix_tui.domain.servers import Server
from mnix_tui.errors import HostKeyChanged, NoWay
from mnix_tui.link import LinkOptions, checkup
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
