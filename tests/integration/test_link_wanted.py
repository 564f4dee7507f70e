"""A fleet connects to the servers that somebody uses, over real sshds."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mnix_tui.domain.projects import Project
from mnix_tui.domain.servers import Server, ServerStatus
from mnix_tui.domain.states import ServerState
from mnix_tui.fleet import Fleet, fleet
from mnix_tui.link import sshdial
from mnix_tui.store import Store
from tests.helpers.settle import asettle
from tests.integration.link_rig import Rig, rigged

LINGER = 0.3
ONLINE, UNKNOWN = ServerState.ONLINE, ServerState.UNKNOWN


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr(fleet, "REREAD", 0.1)
    with rigged(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(tmp_path / "client.db") as opened:
        yield opened


def status(made: Fleet, name: str) -> ServerStatus:
    return next(view.status for view in made.snapshot().servers if view.server.name == name)


async def seen_before(store: Store, server: Server) -> None:
    await store.add_server(server)
    await store.put_server_status(server.name, ServerStatus(ONLINE, seen=1000.0))


async def test_only_servers_in_use_are_connected_and_others_when_wanted(
    rig: Rig, store: Store
) -> None:
    endpoint = rig.start().server.endpoint
    for server in (
        Server("home", endpoint),
        Server("idle", endpoint),
        Server("kept", endpoint, connect="always"),
        Server("shy", endpoint, connect="never"),
    ):
        await seen_before(store, server)
    await store.add_server(Server("new", endpoint))
    for name in ("home", "shy"):
        await store.put_project(Project("api", name, "aaaaaaaa"))
    async with Fleet(store, replace(rig.options, linger=LINGER)) as made:
        await asettle(lambda: {status(made, n).state for n in ("home", "kept")} == {ONLINE})
        # Nobody knows what a server has that never answered; this one has nothing, it turns out.
        await asettle(lambda: status(made, "new").reason == "not connected")
        assert status(made, "new").seen is not None
        for name in ("idle", "shy"):
            assert status(made, name) == ServerStatus(UNKNOWN, "not connected", seen=1000.0)
        assert [view.status.state for view in made.snapshot().of("shy")] == ["unknown"]

        made.want("shy", True)
        made.want("idle", True, "tab")
        made.want("idle", True, "row")
        await asettle(lambda: {status(made, n).state for n in ("idle", "shy")} == {ONLINE})
        made.want("shy", False)
        made.want("idle", False, "row")
        await asettle(lambda: status(made, "shy").state is UNKNOWN)
        assert (status(made, "shy").seen or 0) > 1000.0
        assert status(made, "idle").state is ONLINE  # its tab is still open
        made.want("idle", False, "tab")
        await asettle(lambda: status(made, "idle").state is UNKNOWN)

        # Who needs the link gets it, and a session that is looked at keeps it.
        link = made.link("idle")
        with link.watched():
            await link.ready(10)
            await link.agent.state()
            long_after = time.monotonic() + 3 * LINGER
            await asettle(lambda: time.monotonic() > long_after)
            assert status(made, "idle").state is ONLINE
        await asettle(lambda: status(made, "idle").state is UNKNOWN)
        async with asyncio.timeout(10):  # nobody told the fleet, but somebody waits for it
            await link.ready()
        end = link.subscribe(lambda _: None)  # as a session in a hidden tab does
        long_after = time.monotonic() + 3 * LINGER
        await asettle(lambda: time.monotonic() > long_after)
        await asettle(lambda: status(made, "idle").state is ONLINE)
        end()
        await asettle(lambda: status(made, "idle").state is UNKNOWN)
        await store.set_connect("shy", "always")
        await asettle(lambda: status(made, "shy").state is ONLINE)


async def test_a_server_that_moved_is_connected_where_it_is_now(rig: Rig, store: Store) -> None:
    old, new = rig.start(), rig.start()
    await store.add_server(Server("box", old.server.endpoint))
    async with Fleet(store, rig.options) as made:
        await asettle(lambda: status(made, "box").state is ONLINE)
        old.stop()
        await store.add_server(Server("box", new.server.endpoint), replace=True)
        await asettle(
            lambda: (
                status(made, "box").state is ONLINE
                and made.snapshot().servers[1].server.endpoint == new.server.endpoint
            )
        )


async def test_a_surprise_about_one_server_is_told_and_disturbs_no_other(
    rig: Rig, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    dial = sshdial.dial

    async def surprising(server: Server, *more: object) -> object:
        if server.name == "odd":
            raise ZeroDivisionError("who would have thought\x1b[2J")
        return await dial(server, *more)  # type: ignore[arg-type]

    monkeypatch.setattr("mnix_tui.link.ssh.dial", surprising)
    endpoint = rig.start().server.endpoint
    for name in ("box", "odd"):
        await store.add_server(Server(name, endpoint))
    async with Fleet(store, rig.options) as made:
        await asettle(lambda: status(made, "box").state is ONLINE)
        await asettle(lambda: status(made, "odd").state is ServerState.OFFLINE)
        assert status(made, "odd").reason == "mnix made a mistake"
        error = made.link("odd").error
        assert error.detail == "ZeroDivisionError: who would have thought [2J"
