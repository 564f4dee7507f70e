"""The agent's delivery to real servers: to many clients, over cuts, without any network there."""

import asyncio
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mnix_tui.domain.jobs import Job
from mnix_tui.domain.servers import Server
from mnix_tui.domain.states import ServerState
from mnix_tui.errors import MnixError
from mnix_tui.link import Link, LinkOptions, Stage, connect, delivery, installer, open_link
from tests.fleet import ClientHome, Fleet, FleetServer
from tests.helpers.needs import require
from tests.helpers.settle import asettle
from tests.integration.link_rig import Rig, Sshd, rigged

OPTIONS = LinkOptions(accept_host_keys=True, connect_timeout=20)


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    with rigged(tmp_path, monkeypatch) as made:
        yield made


def folder(sshd: Sshd) -> Path:
    return sshd.data / "mnix/agent" / delivery.name()


async def settled(agent: Path) -> None:
    """Wait until the agent is on the disk for good, with its bytecode."""
    note = agent / "python"
    await asettle(lambda: note.read_text().count("\n") == 1, what="the agent to settle")


async def test_a_new_server_runs_one_program(rig: Rig) -> None:
    sshd = rig.start("LogLevel DEBUG1", "MaxSessions 1")
    stages: list[Stage] = []
    ran: list[Any] = []
    options = replace(OPTIONS, stage=stages.append, audit=ran.append)
    async with open_link(sshd.server, options) as link:
        state = await link.agent.state()
        assert state.projects == ()
        assert (sshd.folder / "sshd.log").read_text().count("Starting session: command") == 1
        assert (await link.agent.info())["cpus"]
    delivered = [stage.said for stage in stages if stage.key == "agent" and stage.said]
    assert len(delivered) == 1
    assert delivered[0].startswith("delivered, ")
    assert [(each.what, each.result) for each in ran if each.what == "deliver"] == [
        ("deliver", "ok")
    ]
    await settled(folder(sshd))
    assert list(folder(sshd).glob("server_agent/control/__pycache__/serve.*.pyc"))


async def test_what_is_sent_early_does_not_get_into_the_delivery(rig: Rig) -> None:
    sshd = rig.start()
    for _ in range(2):  # on a new server, and on one that knows the agent
        async with connect(sshd.server, OPTIONS) as connection:
            channel = await connection.agent("serve", early=b'{"id":1,"method":"job.list"}\n')
            assert b'{"id":1,"result":{"jobs":[]}}' in await channel.read()
            await channel.close()


async def test_clients_that_come_together_all_get_there(rig: Rig) -> None:
    sshd = rig.start()

    async def come(number: int) -> int:
        async with connect(Server(f"s{number}", sshd.server.endpoint), OPTIONS) as connection:
            channels = await asyncio.gather(*(connection.agent("serve") for _ in range(3)))
            for channel in channels:
                await channel.close()
            return len(channels)

    assert await asyncio.gather(*map(come, range(4))) == [3] * 4
    await settled(folder(sshd))
    assert [path.name for path in folder(sshd).parent.iterdir()] == [delivery.name()]


async def test_a_delivery_that_is_cut_leaves_nothing_in_the_way(rig: Rig) -> None:
    sshd = rig.start()
    for seconds in (0.05, 0.15, 0.3, 0.6):
        connection = asyncio.ensure_future(_state(sshd))
        await asyncio.wait({connection}, timeout=seconds)
        sshd.cut()
        with suppress(MnixError):
            await connection
    await _state(sshd)
    await settled(folder(sshd))
    assert [path.name for path in folder(sshd).parent.glob("*.new")] == []


async def test_a_running_agent_that_somebody_removed_is_delivered_again(rig: Rig) -> None:
    sshd = rig.start()
    async with Link(sshd.server, OPTIONS) as link:
        await link.ready(20)
        await settled(folder(sshd))
        shutil.rmtree(sshd.data / "mnix")
        first = link.hello
        with pytest.raises(MnixError) as raised:
            await link.agent.request("project.create", name="api", isolation="host")
        assert raised.value.hint == "try again: mnix installs it anew"
        await asettle(lambda: link.hello is not first and link.status.state is ServerState.ONLINE)
        made = await link.agent.request("project.create", name="api", isolation="host")
        assert made["name"] == "api"


async def test_an_old_agent_stays_for_as_long_as_a_shell_that_it_started(rig: Rig) -> None:
    sshd = rig.start()
    agents = sshd.data / "mnix/agent"
    later = time.time() + 365 * 86400

    async def shell(link: Link) -> Job:
        made = await link.agent.create_project("p", isolation="host", in_place=str(sshd.folder))
        sleep = ["sleep", "600"]
        return await link.agent.open_session(made["id"], cols=80, rows=24, argv=sleep, bare=True)

    async with open_link(sshd.server, OPTIONS) as link:
        job = await shell(link)
    for number in range(installer.KEPT):  # newer ones, as if it had been upgraded
        newer = agents / f"9.9.{number}-{'0' * 64}"
        newer.mkdir()
        os.utime(newer, (later, later))
    await asettle(lambda: not sshd.children(), what="the client to be gone")
    installer.prune(str(agents), later)
    assert folder(sshd).is_dir()
    async with open_link(sshd.server, OPTIONS) as link:
        await link.agent.kill(job.id, grace=0.5)
    await asettle(lambda: not _pruned_later(agents, later), what="the old agent to go")


def _pruned_later(agents: Path, now: float) -> bool:
    """Clear up, and say whether the old agent is still there."""
    installer.prune(str(agents), now)
    return (agents / delivery.name()).exists()


async def _state(sshd: Sshd) -> None:
    async with open_link(sshd.server, OPTIONS) as link:
        await link.agent.state()


@pytest.mark.fleet
async def test_peers_complaint_a_server_without_internet_is_set_up_all_the_same(
    fleet: Fleet, client_home: ClientHome
) -> None:
    require("unshare")
    tokyo: FleetServer = fleet.server("tokyo")
    client_home.add(tokyo)
    # Each login in a network of its own, in which nothing is, not even the loopback.
    login = tokyo.write("login", '#!/bin/sh\nexec sh -c "$SSH_ORIGINAL_COMMAND"\n', 0o755)
    tokyo.set_sshd(ForceCommand=f"unshare --map-current-user --net {login}")
    async with open_link(Server("tokyo", "tokyo"), OPTIONS) as link:
        assert (await link.agent.info())["cpus"]
        assert link.hello is None or link.hello["protocol"] == 1
    assert (tokyo.home / ".local/share/mnix/agent" / delivery.name()).is_dir()
