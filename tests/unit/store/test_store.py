"""The store: servers, projects, what was seen, the selection; and what can be wrong with it."""

import asyncio
import multiprocessing
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mnix_tui.domain.projects import Project, ProjectStatus
from mnix_tui.domain.servers import Server, ServerStatus
from mnix_tui.domain.states import ProjectState, ServerState
from mnix_tui.errors import AlreadyExists, NotFound, StoreError, UsageError
from mnix_tui.store import Store, listing, prepare, schema

TOKYO = Server("tokyo", "me@tokyo:2222")
API = Project("api", "tokyo", "abcd2345", "/home/me/api")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "client.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    async with Store.open(path) as opened:
        await opened.add_server(TOKYO)
        yield opened


async def test_local_is_first_and_never_stored(store: Store, path: Path) -> None:
    assert await store.servers() == [Server("local", ""), TOKYO]
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT name FROM servers").fetchall() == [("tokyo",)]
    connection.close()
    with pytest.raises(UsageError):
        await store.remove_server("local")
    with pytest.raises(AlreadyExists):
        await store.add_server(Server("local", "x"), replace=True)


async def test_a_servers_address_changes_only_when_asked_to(store: Store) -> None:
    await store.add_server(TOKYO)
    with pytest.raises(AlreadyExists) as caught:
        await store.add_server(Server("tokyo", "other"))
    assert "me@tokyo:2222" in caught.value.detail
    await store.add_server(Server("tokyo", "other"), replace=True)
    assert (await store.server("tokyo")).endpoint == "other"


async def test_pypi_hole_9_a_server_with_projects_is_not_just_removed(store: Store) -> None:
    await store.put_project(API)
    await store.select("api")
    with pytest.raises(UsageError) as caught:
        await store.remove_server("tokyo")
    assert caught.value.detail == "api"
    assert "--forget" in caught.value.hint
    await store.remove_server("tokyo", forget=True)
    assert await store.projects() == []
    assert await store.selected() is None


async def test_what_was_settled_for_a_server_goes_with_it(store: Store) -> None:
    await store.add_server(Server("tokyo2", "me@tokyo2"))
    keys = ("clipboard:tokyo", "layout:tokyo", "layout:tokyo/abcd2345")
    others = ("clipboard:tokyo2", "layout:tokyo2/x", "layout:local/tokyo", "selection")
    for key in (*keys, *others):
        await store.put_setting(key, "always")
    await store.remove_server("tokyo")
    assert [await store.setting(key) for key in keys] == [None] * len(keys)
    assert [await store.setting(key) for key in others] == ["always"] * len(others)


async def test_a_projects_layout_moves_and_goes_with_it(store: Store) -> None:
    await store.put_project(API)
    await store.put_project(Project("old", "tokyo"))
    for key in ("layout:tokyo/abcd2345", "layout:tokyo/old"):
        await store.put_setting(key, "{}")
    await store.rename_project("api", "web")
    await store.rename_project("old", "older")
    assert await store.setting("layout:tokyo/abcd2345") == "{}"
    assert await store.setting("layout:tokyo/older") == "{}"
    assert await store.setting("layout:tokyo/old") is None
    await store.remove_project("web")
    assert await store.setting("layout:tokyo/abcd2345") is None


async def test_names_are_unique_for_each_server(store: Store) -> None:
    await store.put_project(API)
    await store.put_project(Project("api", "local", "zzzz2345"))
    assert [view.project.ref for view in await store.projects()] == ["api@local", "api@tokyo"]
    with pytest.raises(UsageError) as caught:
        await store.project("api")
    assert caught.value.detail == "api@local, api@tokyo"
    assert (await store.project("api@tokyo")).project == API
    assert (await store.project("api", "tokyo")).project == API


async def test_what_is_not_there_is_named_with_the_nearest(store: Store) -> None:
    await store.put_project(API)
    with pytest.raises(NotFound) as caught:
        await store.project("apl")
    assert caught.value.hint == "did you mean api?"
    with pytest.raises(NotFound) as caught:
        await store.server("tokio")
    assert caught.value.hint == "did you mean tokyo?"


async def test_pypi_hole_14_a_name_never_moves_to_another_project(store: Store) -> None:
    await store.put_project(API)
    await store.put_project(Project("web", "tokyo", "eeee2345"))
    with pytest.raises(AlreadyExists):
        await store.put_project(Project("web", "tokyo", "abcd2345"))
    with pytest.raises(AlreadyExists):
        await store.rename_project("web", "api")
    assert [view.project.name for view in await store.projects()] == ["api", "web"]


async def test_a_project_that_a_server_tells_of_keeps_its_folder(store: Store) -> None:
    await store.put_project(API)
    await store.put_project(Project("api2", "tokyo", "abcd2345"))
    (view,) = await store.projects()
    assert view.project.name == "api2"
    assert view.project.folder == "/home/me/api"


async def test_what_was_seen_comes_back(store: Store, path: Path) -> None:
    await store.put_project(API)
    status = ProjectStatus(ProjectState.RUNNING, "container", 12, "", 2, 5.0, 7.5)
    await store.put_status("tokyo", {"abcd2345": status, "stranger": status})
    assert (await store.project("api")).status == status
    online = ServerStatus(ServerState.ONLINE, seen=7.0)
    await store.put_server_status("tokyo", online)
    await store.put_server_status("local", online)
    await store.put_server_status("stranger", online)
    assert await store.server_statuses() == {"tokyo": online, "local": online}
    found = listing.read(path)
    assert [status for _, status in found.servers] == [online, online]
    assert found.projects == tuple(await store.projects())


async def test_a_server_that_can_not_be_reached_keeps_when_it_was_seen(store: Store) -> None:
    await store.put_server_status("tokyo", ServerStatus(ServerState.ONLINE, seen=7.0))
    await store.put_server_status("tokyo", ServerStatus(ServerState.OFFLINE, "no route"))
    status = (await store.server_statuses())["tokyo"]
    assert (status.state, status.seen) == (ServerState.OFFLINE, 7.0)


async def test_a_whole_answer_shows_what_is_missing(store: Store) -> None:
    await store.put_project(API)
    await store.put_project(Project("old", "tokyo", legacy_workspace="/r/ws"))
    await store.put_status("tokyo", {}, whole=True)
    states = {view.project.name: view.status.state for view in await store.projects()}
    assert states == {"api": ProjectState.MISSING, "old": ProjectState.UNKNOWN}


async def test_removing_the_selected_project_selects_none(store: Store) -> None:
    await store.put_project(API)
    await store.select("api")
    selected = await store.selected()
    assert selected is not None
    assert selected.project == API
    await store.remove_project("api")
    assert await store.selected() is None


async def test_settings_of_the_screen(store: Store) -> None:
    assert await store.setting("tab") is None
    await store.put_setting("tab", "shell")
    await store.put_setting("selected", "no project")
    assert await store.setting("tab") == "shell"
    assert await store.selected() is None


async def test_tasks_write_at_the_same_time(store: Store) -> None:
    async with asyncio.TaskGroup() as tasks:
        for number in range(30):
            tasks.create_task(store.put_project(Project(f"p{number}", "tokyo", f"id{number}")))
            tasks.create_task(store.put_setting("last", str(number)))
    assert len(await store.projects()) == 30


async def test_a_cancelled_write_leaves_the_store_usable(store: Store) -> None:
    task = asyncio.ensure_future(store.put_project(API))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.put_project(Project("web", "tokyo", "eeee2345"))
    assert "web" in [view.project.name for view in await store.projects()]


def _write_many(path: Path, name: str) -> None:
    async def work() -> None:
        async with Store.open(path) as store:
            for number in range(10):
                await store.put_project(Project(f"{name}{number}", "local", f"{name}{number}"))

    asyncio.run(work())


def test_several_processes_make_and_write_one_database(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_many, args=(path, name)) for name in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert len(listing.read(path).projects) == 30


def test_the_database_is_for_its_owner_only(path: Path) -> None:
    listing.read(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_newer_database_is_refused_and_left_alone(path: Path) -> None:
    listing.read(path)
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {schema.LATEST + 1}")
    connection.close()
    with pytest.raises(StoreError, match="newer mnix"):
        listing.read(path)


@pytest.mark.parametrize(
    "text", [b"not a database at all, but long enough to look like a header" * 9]
)
async def test_a_broken_database_says_what_to_do(path: Path, text: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(text)
    with pytest.raises(StoreError) as caught:
        async with Store.open(path):
            pass
    assert str(path) in caught.value.detail
    assert "mv " in caught.value.hint
    assert path.read_bytes() == text


def test_a_damaged_page_is_an_error_with_a_next_step(path: Path) -> None:
    listing.read(path)
    connection = prepare.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = bytearray(path.read_bytes())
    data[200:4096] = b"\xff" * (4096 - 200)
    path.write_bytes(data)
    with pytest.raises(StoreError, match="can't be read"):
        listing.read(path)


def test_a_folder_that_can_not_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="can't be opened"):
        listing.read(tmp_path / "file" / "client.db")
    with pytest.raises(StoreError, match="can't be written"):
        listing.read(tmp_path)


def test_listing_loads_no_event_loop(repo: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from mnix_tui.store import listing;"
        "print([m for m in ('asyncio', 'aiosqlite', 'asyncssh', 'textual', 'rich') if m in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=repo, check=True
    )
    assert found.stdout == "[]\n", found.stderr
