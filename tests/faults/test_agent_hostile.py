"""Agents that break the protocol: the link says so, memory stays bounded, others go on."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from mnix_tui.actions.doctor import doctor
from mnix_tui.domain.checks import CheckState
from mnix_tui.domain.servers import Server
from mnix_tui.domain.states import ServerState
from mnix_tui.errors import LinkError, RemoteError
from mnix_tui.link import Link, LinkOptions, open_link
from tests.fleet import Fleet
from tests.helpers.settle import asettle
from tests.integration.link_hostile import __file__ as hostile_file
from tests.integration.link_rig import Rig, Sshd, rigged
from tests.integration.people import Person

pytestmark = pytest.mark.needs("sshd", "ssh")
MEBI = 1 << 20
NOT_OURS = "The agent sent what is not the protocol"
SLOWEST = 2.0
"""Seconds within which a healthy server answers, whatever its neighbour does."""


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with (
        pytest.MonkeyPatch.context() as patch,
        rigged(tmp_path_factory.mktemp("rig"), patch) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def sshd(rig: Rig) -> Sshd:
    return rig.start()


def misbehaving(rig: Rig, how: str) -> LinkOptions:
    path = rig.folder / how
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {hostile_file} {how} "$@"\n')
    path.chmod(0o755)
    return replace(rig.options, remote_binary=str(path))


@asynccontextmanager
async def undisturbed(rig: Rig, sshd: Sshd) -> AsyncIterator[None]:
    """A neighbour that is asked all the time, and answers, while something else goes on."""
    slowest = 0.0

    async def ask(link: Link) -> None:
        nonlocal slowest
        while True:
            asked = time.monotonic()
            assert await link.agent.request("echo", a=1) == {"a": 1}
            slowest = max(slowest, time.monotonic() - asked)
            await asyncio.sleep(0.02)

    async with open_link(Server("well", sshd.server.endpoint), rig.options) as link:
        await link.agent.request("echo")
        asking = asyncio.ensure_future(ask(link))
        try:
            yield
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            assert asking.cancelled(), asking
    assert slowest < SLOWEST


class Memory:
    """How far this process's memory grew at its highest since now."""

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")
        self._before = self._read("VmRSS")

    @property
    def growth(self) -> int:
        return self._read("VmHWM") - self._before

    def _read(self, name: str) -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith(name))


BROKEN = (
    "invalid-utf-8",
    "broken-json",
    "endless-line",
    "no-question",
    "odd-ids",
    "deep",
    "huge-number",
    "no-object",
    "odd-state",
    "odd-job",
)


async def test_what_is_no_protocol_ends_the_link_with_a_reason(rig: Rig, sshd: Sshd) -> None:
    async with undisturbed(rig, sshd), AsyncExitStack() as stack:
        memory = Memory()
        made = [Link(Server(how, sshd.server.endpoint), misbehaving(rig, how)) for how in BROKEN]
        links = [await stack.enter_async_context(link) for link in made]
        for link in links:
            name = link.server.name
            await asettle(lambda link=link: link.status.reason == NOT_OURS, what=name)
            assert link.status.state is not ServerState.ONLINE
            with pytest.raises(LinkError) as caught:
                await link.agent.state()
            said = caught.value.title + caught.value.detail + caught.value.hint
            assert said.isprintable(), name
            assert len(said) < 1000, name
        assert memory.growth < 48 * MEBI


@pytest.mark.parametrize("how", ["odd-answer", "odd-error"])
async def test_an_answer_that_makes_no_sense_is_an_error_for_who_asked(
    rig: Rig, sshd: Sshd, how: str
) -> None:
    async with open_link(sshd.server, misbehaving(rig, how)) as link:
        for ask in (link.agent.info, link.agent.state, link.agent.jobs):
            with pytest.raises(RemoteError) as caught:
                await ask()
            assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("how", ["stderr-flood", "event-flood"])
async def test_floods_are_read_and_dropped(rig: Rig, sshd: Sshd, how: str) -> None:
    async with undisturbed(rig, sshd), Link(sshd.server, misbehaving(rig, how)) as link:
        memory = Memory()
        await link.ready(30)
        assert (await link.agent.state()).projects == ()
        assert link.status.state is ServerState.ONLINE
        assert memory.growth < 24 * MEBI


async def test_an_agent_that_never_answers_is_not_waited_for_for_ever(rig: Rig, sshd: Sshd) -> None:
    async with open_link(sshd.server, misbehaving(rig, "nothing")) as link:
        with pytest.raises(LinkError, match="did not answer in time"):
            await (await link._need().control()).request("state.get", {}, 0.3)


@pytest.mark.parametrize("how", ["well", "endless-line", "odd-answer", "invalid-utf-8"])
async def test_a_check_says_what_is_wrong_with_an_agent(rig: Rig, sshd: Sshd, how: str) -> None:
    report = await doctor(sshd.server, misbehaving(rig, how))
    assert all(check.over for check in report.checks)
    for check in report.checks:
        texts = check.said + check.fix + check.hint
        assert texts.isprintable()
        assert len(texts) < 1000
    agent = next(check for check in report.checks if check.key == "agent")
    assert agent.state in (CheckState.FAILED, CheckState.WARN)
    assert ("its clock is" in agent.said) == (how == "well")


@pytest.mark.fleet
def test_a_person_sees_what_is_wrong_and_no_traceback(fleet: Fleet, tmp_path: Path) -> None:
    tokyo = fleet.server("tokyo")
    program = tokyo.write("hostile.py", Path(hostile_file).read_text())
    agent = tokyo.write("agent", f'#!/bin/sh\nexec python3 {program} "$(cat how)" "$@"\n', 0o755)
    anna = Person(tmp_path / "anna")
    (anna.home.path / ".config/mnix").mkdir()
    (anna.home.path / ".config/mnix/client.toml").write_text(f'remote_binary = "{agent}"\n')
    anna.knows(tokyo)
    for how, command in (
        ("endless-line", "sessions -s tokyo"),
        ("odd-state", "ls --refresh"),
        ("odd-answer", "server doctor tokyo"),
    ):
        tokyo.write("how", how)
        done = anna.run(*command.split(), code=None)
        said = (done.stdout + done.stderr).decode()
        assert "Traceback" not in said
        assert "\x1b[2J" not in said
        assert "gent" in said, (how, command, said)
