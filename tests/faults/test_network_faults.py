"""The network comes, goes and changes: what a person sees of it, and how soon all is well again."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnix_tui.domain.states import ServerState
from mnix_tui.link import Link, Trying
from tests.helpers.settle import asettle
from tests.integration.link_rig import Rig, Sshd, rigged
from tests.integration.seen import Seen
from tests.integration.wire import Wire, laid

pytestmark = pytest.mark.needs("sshd", "ssh", "root", "ip", "iptables")


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    with rigged(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def wire() -> Iterator[Wire]:
    with laid() as made:
        yield made


def far(rig: Rig, wire: Wire) -> Sshd:
    """Start an sshd at the other end of the wire."""
    return rig.start(host=wire.there, inside=wire.inside)


def attempts(link: Link) -> list[int]:
    """Collect how many attempts failed, each time that a link says so."""
    found: list[int] = []

    def take(event: object) -> None:
        if isinstance(event, Trying):
            found.append(event.attempt)

    link.subscribe(take)
    return found


async def test_a_vpn_that_comes_up_is_noticed_at_once(rig: Rig, wire: Wire) -> None:
    sshd = far(rig, wire)
    wire.unroute()
    async with Link(sshd.server, rig.options) as link:
        seen, failed = Seen(link), attempts(link)
        # The pauses between attempts grow: the next one would come four seconds after this.
        await asettle(lambda: failed and failed[-1] == 4, timeout=15)
        assert seen.texts[-1] == "offline: no route"
        assert "VPN" in link.status.hint
        wire.route()
        began = time.monotonic()
        await asettle(lambda: seen.state is ServerState.ONLINE)
        assert time.monotonic() - began < 3
        assert await link.agent.request("echo", a=1) == {"a": 1}


async def test_another_network_is_noticed_and_the_server_reached_from_there(
    rig: Rig, wire: Wire
) -> None:
    sshd = far(rig, wire)
    async with Link(sshd.server, rig.options) as link:
        seen = Seen(link)
        await link.ready(10)
        await asettle(lambda: seen.state is ServerState.ONLINE)
        await quiet_for(1.5)
        wire.move()
        moved = time.monotonic()
        # Without the kernel's word it would take eight seconds to miss anything.
        await asettle(lambda: seen.sights[-1].at > moved, timeout=6, what="a doubt")
        assert seen.texts[-1] in ("online, no answer", "reconnecting: connection lost")
        await asettle(lambda: seen.texts[-1] == "online", what="the server to be back")
        assert not [text for text in seen.texts if text.startswith("offline")]
        assert await link.agent.request("echo", a=1) == {"a": 1}


async def quiet_for(seconds: float) -> None:
    """Wait while the server says nothing: who spoke just now is not doubted."""
    began = time.monotonic()
    await asettle(lambda: time.monotonic() - began >= seconds)


async def test_a_machine_that_slept_finds_its_servers_within_seconds(
    rig: Rig, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    sshd = far(rig, wire)
    async with Link(sshd.server, rig.options) as link:
        seen = Seen(link)
        await link.ready(10)
        await asettle(lambda: seen.state is ServerState.ONLINE)
        await quiet_for(1.5)
        wire.forget()  # as a router on the way does meanwhile
        real = time.time
        # What a sleep is to a program: the wall clock ran on, the other one did not.
        monkeypatch.setattr(time, "time", lambda: real() + 3 * 3600)
        woke = time.monotonic()
        # By itself the silence would be missed after eight seconds.
        await asettle(lambda: seen.sights[-1].at > woke, timeout=6, what="a doubt")
        assert seen.texts[-1] == "online, no answer"
        await asettle(lambda: seen.texts[-1] == "online", what="the server to be back")
        assert await link.agent.request("echo", a=1) == {"a": 1}
