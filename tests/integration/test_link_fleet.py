"""The fleet with real agents and the real store."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mnix_tui.domain.projects import Project
from mnix_tui.domain.servers import Server
from mnix_tui.domain.states import ProjectState, ServerState
from mnix_tui.errors import NotFound
from mnix_tui.fleet import Fleet, FleetSnapshot, fleet, writeback
from mnix_tui.link import LinkOptions
from mnix_tui.store import Store
from tests.helpers.settle import asettle
from tests.integration.link_rig import free_port

AGENT = """
import json, os, sys
print("MNIX/1", sys.argv[3], json.dumps({"protocol": 1, "version": "test"}), flush=True)
told = None
def tell(message):
    os.write(1, json.dumps(message).encode() + b"\\n")
def state():
    with open(STATE) as file:
        return json.load(file)
import threading
def follow():
    last = None
    while True:
        now = state()
        if now != last:
            tell({"event": "state", "data": now})
            last = now
        threading.Event().wait(0.02)
for line in sys.stdin:
    message = json.loads(line)
    if message["method"] == "subscribe":
        threading.Thread(target=follow, daemon=True).start()
    result = state() if message["method"] == "state.get" else {}
    tell({"id": message["id"], "result": result})
"""


class Box:
    """What the test's agent says of this machine."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "state.json"
        script = folder / "agent"
        script.write_text(f"#!{sys.executable}\nSTATE = {str(self.file)!r}\n{AGENT}")
        script.chmod(0o755)
        self.options = LinkOptions(remote_binary=str(script), connect_timeout=10)
        self.has()

    def has(self, *projects: dict[str, Any]) -> None:
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps({"projects": projects, "jobs": []}))
        fresh.rename(self.file)


def info(id_: str, name: str, state: str = "running", **more: Any) -> dict[str, Any]:
    return {"id": id_, "name": name, "state": state, "isolation": "host", **more}


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(writeback, "SETTLE", 0.02)
    monkeypatch.setattr(writeback, "ADOPT", 0.1)
    monkeypatch.setattr(fleet, "REREAD", 0.1)
    return Box(tmp_path)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(tmp_path / "client.db") as opened:
        yield opened


def states(made: Fleet) -> dict[str, ProjectState]:
    return {view.project.name: view.status.state for view in made.snapshot().projects}


async def test_what_a_server_has_is_shown_and_followed(store: Store, box: Box) -> None:
    await store.put_project(Project("api", "local", "aaaaaaaa", folder="/src/api"))
    box.has(info("aaaaaaaa", "api"))
    async with Fleet(store, box.options) as made:
        assert states(made) == {"api": ProjectState.UNKNOWN}
        await asettle(lambda: states(made) == {"api": ProjectState.RUNNING})
        (view,) = made.snapshot().projects
        assert view.project.folder == "/src/api"
        box.has(info("aaaaaaaa", "api", "stopped"))
        await asettle(lambda: states(made) == {"api": ProjectState.STOPPED})
        box.has()
        await asettle(lambda: states(made) == {"api": ProjectState.MISSING})
        assert [view.status.state for view in made.snapshot().servers] == [ServerState.ONLINE]


async def test_what_was_seen_is_in_the_store_afterwards(store: Store, box: Box) -> None:
    await store.put_project(Project("api", "local", "aaaaaaaa"))
    box.has(info("aaaaaaaa", "api", generation=12))
    async with Fleet(store, box.options) as made:
        await asettle(lambda: states(made) == {"api": ProjectState.RUNNING})
    (view,) = await store.projects()
    assert (view.status.state, view.status.generation) == (ProjectState.RUNNING, 12)
    assert abs((view.status.seen or 0) - time.time()) < 60
    assert (await store.server_statuses())["local"].state is ServerState.ONLINE


async def test_a_project_that_the_store_does_not_know_is_shown_at_once_and_saved_later(
    store: Store, box: Box
) -> None:
    box.has(info("bbbbbbbb", "web", flake="nix/flake.nix"))
    async with Fleet(store, box.options) as made:
        await asettle(lambda: states(made) == {"web": ProjectState.RUNNING})

        async def saved() -> bool:
            return bool(await store.projects())

        await asettle(saved)
    (view,) = await store.projects()
    assert view.project == Project("web", "local", "bbbbbbbb", flake="nix/flake.nix")


async def test_a_project_that_its_maker_saves_itself_keeps_its_folder(
    store: Store, box: Box
) -> None:
    async with Fleet(store, box.options) as made:
        await asettle(lambda: made.snapshot().servers[0].status.state is ServerState.ONLINE)
        box.has(info("cccccccc", "new"))
        await asettle(lambda: states(made) == {"new": ProjectState.RUNNING})
        await store.put_project(Project("new", "local", "cccccccc", folder="/src/new"))
        await made.refresh()
        assert [view.project.folder for view in made.snapshot().projects] == ["/src/new"]
        await asettle(lambda: not made._writer._unknown)
    (view,) = await store.projects()
    assert view.project.folder == "/src/new"


async def test_a_rename_over_there_is_a_rename_here(store: Store, box: Box) -> None:
    await store.put_project(Project("api", "local", "aaaaaaaa", folder="/src/api"))
    box.has(info("aaaaaaaa", "api2"))
    async with Fleet(store, box.options) as made:
        await asettle(lambda: states(made) == {"api2": ProjectState.RUNNING})

        async def renamed() -> bool:
            return [view.project.name for view in await store.projects()] == ["api2"]

        await asettle(renamed)
    (view,) = await store.projects()
    assert view.project.folder == "/src/api"


async def test_servers_come_and_go_while_it_runs(store: Store, box: Box) -> None:
    async with Fleet(store, box.options) as made:
        lab = Server("lab", f"127.0.0.1:{free_port()}")
        await store.add_server(lab)
        await made.add(lab)
        await asettle(lambda: state_of(made, "lab") is ServerState.OFFLINE)
        (view,) = [view for view in made.snapshot().servers if view.server == lab]
        assert view.status.reason == "connection refused"
        made.retry("lab")
        assert state_of(made, "lab") is ServerState.CONNECTING
        await asettle(lambda: state_of(made, "lab") is ServerState.OFFLINE)
        await store.remove_server("lab")
        await made.remove("lab")
        assert [view.server.name for view in made.snapshot().servers] == ["local"]
        with pytest.raises(NotFound):
            made.link("lab")


async def test_another_process_s_servers_are_seen(store: Store, box: Box, tmp_path: Path) -> None:
    async with Fleet(store, box.options) as made, Store.open(tmp_path / "client.db") as other:
        await other.add_server(Server("lab", f"127.0.0.1:{free_port()}"))
        await asettle(lambda: state_of(made, "lab") is ServerState.OFFLINE)
        await other.remove_server("lab")
        await asettle(lambda: state_of(made, "lab") is None)


async def test_changes_are_told_ten_times_a_second_at_most(store: Store, box: Box) -> None:
    told: list[FleetSnapshot] = []
    async with Fleet(store, box.options) as made:
        await asettle(lambda: made.snapshot().servers[0].status.state is ServerState.ONLINE)
        unsubscribe = made.subscribe(told.append)
        begin = time.monotonic()
        count = 0
        while time.monotonic() - begin < 0.6:
            count += 1
            box.has(info("aaaaaaaa", f"name{count}"))
            await asyncio.sleep(0)
        await asettle(lambda: f"name{count}" in states(made))
        spent = time.monotonic() - begin
        assert 2 <= len(told) <= spent * 10 + 2
        unsubscribe()
        before = len(told)
        box.has()
        await asettle(lambda: states(made) == {} or "missing" in states(made).values())
        assert len(told) == before


async def test_it_can_be_left_at_once_and_leaves_nothing(store: Store, box: Box) -> None:
    tasks = asyncio.all_tasks()
    async with Fleet(store, box.options):
        pass
    assert asyncio.all_tasks() == tasks


async def test_a_broken_store_costs_the_cache_not_the_fleet(
    store: Store, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mnix_tui.errors import StoreError

    async def broken(*_: object) -> None:
        raise StoreError("The database is on fire")

    async with Fleet(store, box.options) as made:
        monkeypatch.setattr(store, "put_status", broken)
        monkeypatch.setattr(store, "projects", broken)
        box.has(info("aaaaaaaa", "api"))
        await asettle(lambda: states(made) == {"api": ProjectState.RUNNING})


def state_of(made: Fleet, name: str) -> ServerState | None:
    found = {view.server.name: view.status.state for view in made.snapshot().servers}
    return found.get(name)
