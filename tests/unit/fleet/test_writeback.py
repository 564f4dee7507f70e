"""What was observed is in the store soon, and nothing is written that it has already."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mnix_tui.domain.projects import Project, ProjectStatus, ProjectView
from mnix_tui.domain.servers import LOCAL, ServerStatus
from mnix_tui.domain.states import ProjectState, ServerState
from mnix_tui.errors import StoreError
from mnix_tui.fleet import writeback
from mnix_tui.fleet.writeback import WriteBack
from mnix_tui.store import Store
from tests.helpers.settle import asettle

API = Project("api", LOCAL, "aaaaaaaa")


@pytest.fixture
async def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    monkeypatch.setattr(writeback, "SETTLE", 0.01)
    async with Store.open(tmp_path / "client.db") as opened:
        await opened.put_project(API)
        yield opened


def online(seen: float) -> ServerStatus:
    return ServerStatus(ServerState.ONLINE, seen=seen)


def running(seen: float) -> tuple[ProjectView, ...]:
    return (ProjectView(API, ProjectStatus(ProjectState.RUNNING, seen=seen)),)


async def seen(store: Store) -> tuple[float | None, float | None]:
    (view,) = [view for view in await store.projects() if view.project.name == "api"]
    statuses = await store.server_statuses()
    return (statuses[LOCAL].seen if LOCAL in statuses else None), view.status.seen


async def test_a_change_is_written_soon_and_the_time_alone_once_a_minute(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = WriteBack(store, lambda: None)
    running_task = asyncio.ensure_future(writer.run())
    writer.observe(LOCAL, online(10.0), running(10.0), [])

    async def written() -> bool:
        # The second says that it is over: what is read here need not be committed yet.
        return await seen(store) == (10.0, 10.0) and writer._sights[LOCAL].seen == 10.0

    await asettle(written)
    version = await store.version()
    writer.observe(LOCAL, online(20.0), running(20.0), [])
    writer.see(LOCAL, online(25.0))
    await asettle(lambda: not writer._wake.is_set() and not writer._sights[LOCAL].changed)
    assert await store.version() == version
    monkeypatch.setattr(writeback, "REFRESH", 0.0)
    writer.observe(LOCAL, online(30.0), running(30.0), [])

    async def refreshed() -> bool:
        return await seen(store) == (30.0, 30.0)

    await asettle(refreshed)
    running_task.cancel()
    await asyncio.wait([running_task])


async def test_what_the_store_refused_is_written_the_next_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_: object) -> None:
        raise StoreError("The database is locked")

    writer = WriteBack(store, lambda: None)
    writer.observe(LOCAL, online(10.0), running(10.0), [])
    with monkeypatch.context() as patch:
        patch.setattr(store, "put_observed", refuse)
        await writer.flush()
    assert await seen(store) == (None, None)
    await writer.flush()
    assert await seen(store) == (10.0, 10.0)


async def test_many_unknown_projects_are_saved_while_others_go(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writeback, "ADOPT", 0.0)
    many = [Project(f"n{number}", LOCAL, f"i{number}") for number in range(300)]
    learned: list[bool] = []
    writer = WriteBack(store, lambda: learned.append(True))
    writer.observe(LOCAL, online(10.0), running(10.0), many)
    saving = asyncio.ensure_future(writer.flush())
    await asyncio.sleep(0)
    writer.observe(LOCAL, online(10.0), running(10.0), many[:-1])
    await saving
    assert len(await store.projects()) >= len(many)
    assert learned == [True]


async def test_what_cannot_be_saved_keeps_neither_others_nor_the_rest(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writeback, "ADOPT", 0.0)
    bad = Project("bad", LOCAL, "bbbbbbbb", flake="\ud800")
    good = Project("good", LOCAL, "cccccccc")
    taken = Project("api", LOCAL, "cccccccc")
    writer = WriteBack(store, lambda: None)
    writer.observe(LOCAL, online(10.0), running(10.0), [bad, good])
    await writer.flush()
    assert [view.project.name for view in await store.projects()] == ["api", "good"]
    assert await seen(store) == (10.0, 10.0)
    await store.put_projects([taken, Project("new", LOCAL, "dddddddd")])
    swapped = [Project("free", LOCAL, "dddddddd"), Project("new", LOCAL, "cccccccc")]
    await store.put_projects(swapped)
    names = {view.project.remote_id: view.project.name for view in await store.projects()}
    assert names == {"aaaaaaaa": "api", "cccccccc": "new", "dddddddd": "free"}

    async def refuse(_: object) -> None:
        raise RuntimeError("nobody thought of it")

    monkeypatch.setattr(store, "put_projects", refuse)
    writer.observe(LOCAL, online(20.0), (), [Project("other", LOCAL, "eeeeeeee")])
    await writer.flush()
    assert (await store.server_statuses())[LOCAL].seen == 20.0


async def test_how_a_project_is_that_was_just_saved_is_known_as_well(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = Project("new", LOCAL, "bbbbbbbb")
    views = (*running(10.0), ProjectView(new, ProjectStatus(ProjectState.FAILED, seen=10.0)))
    writer = WriteBack(store, lambda: None)
    writer.observe(LOCAL, online(10.0), views, [new])
    await writer.flush()
    monkeypatch.setattr(writeback, "ADOPT", 0.0)
    await writer.flush()
    statuses = {view.project.name: view.status.state for view in await store.projects()}
    assert statuses == {"api": ProjectState.RUNNING, "new": ProjectState.FAILED}
