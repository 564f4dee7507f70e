"""Many servers on one machine: sshds with their default MaxStartups, every fifth server dead.

What peers were asked for: all servers of a company in one view (lazydocker 504), and that one
which can't be reached is no heavy load (podman-desktop 10016).
"""

import time
from collections import Counter
from pathlib import Path

import pytest

from mnix_tui.domain.servers import Server
from mnix_tui.domain.states import ServerState
from mnix_tui.fleet import Fleet
from mnix_tui.fleet import FleetSnapshot as Snapshot
from mnix_tui.fleet.fleet import SAMPLES
from mnix_tui.link import LinkOptions
from mnix_tui.store import Store
from tests.fleet import ClientHome
from tests.fleet import Fleet as Machines
from tests.fleet.crowd import crowd
from tests.helpers.settle import asettle

pytestmark = [pytest.mark.fleet, pytest.mark.timeout(180)]

COUNT = 60
PATIENCE = 60.0
"""Seconds that a server has to answer: none of the living may wait as long for the dead."""


def of(made: Fleet, state: ServerState) -> set[str]:
    return {view.server.name for view in made.snapshot().servers if view.status.state is state}


async def test_dead_servers_delay_no_living_one_and_each_says_why(
    fleet: Machines, client_home: ClientHome, tmp_path: Path
) -> None:
    lost: list[str] = []
    with crowd(fleet, client_home, COUNT, machines=3) as many:
        async with Store.open(tmp_path / "client.db") as store:
            for name in many.all:
                await store.add_server(Server(name, name))
            options = LinkOptions(connect_timeout=PATIENCE)
            async with Fleet(store, options, connect="all") as made:
                made.subscribe(lambda now: lost.extend(_lost(now, set(many.living))))
                began = time.monotonic()
                await asettle(lambda: of(made, ServerState.ONLINE) >= set(many.living), timeout=120)
                assert time.monotonic() - began < PATIENCE
                assert of(made, ServerState.CONNECTING) >= {*many.dropping, *many.silent}
                assert of(made, ServerState.OFFLINE) == set(many.refusing)
                reasons = {
                    view.status.reason
                    for view in made.snapshot().servers
                    if view.server.name in many.refusing
                }
                assert reasons == {"connection refused"}
                assert lost == []  # sshd turned nobody away
                await _samples_come(made, set(many.living))
                await _nothing_is_redone(made)


def _lost(now: Snapshot, living: set[str]) -> list[str]:
    down = (ServerState.OFFLINE, ServerState.RECONNECTING, ServerState.REFUSED)
    return [
        f"{view.server.name}: {view.status.reason}"
        for view in now.servers
        if view.server.name in living and view.status.state in down
    ]


async def _samples_come(made: Fleet, living: set[str]) -> None:
    await asettle(
        lambda: all(len(made.snapshot().samples[name].memory) >= 2 for name in living),
        timeout=30,
    )
    samples = made.snapshot().samples
    now = time.time()
    for name in living:
        assert all(0 <= share <= 1 for share in samples[name].memory + samples[name].disk)
        assert now - samples[name].seen < 15


async def _nothing_is_redone(made: Fleet) -> None:
    """While nothing happens but samples, subscribers hear of them now and then, and all together."""
    told: list[Snapshot] = []
    end = made.subscribe(told.append)
    began, cpu = time.monotonic(), time.process_time()
    await asettle(lambda: len(told) == 3, timeout=30)
    spent = time.monotonic() - began
    end()
    assert spent > SAMPLES  # the first may come at once, and one may be of real news
    before, after = told[0], told[-1]
    same = Counter(a is b for a, b in zip(before.servers, after.servers, strict=True))
    assert same[True] >= COUNT // 5  # of the dead there is nothing new
    assert (time.process_time() - cpu) / spent < 0.5, "an idle fleet is busy"
