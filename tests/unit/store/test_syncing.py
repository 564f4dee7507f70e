"""What is kept of a project's transfers: all of it or nothing, and gone with the project."""

import sqlite3
from pathlib import Path

import pytest

from mnix_tui.domain.projects import Project
from mnix_tui.domain.servers import Server
from mnix_tui.errors import NotFound
from mnix_tui.store import schema, syncing
from mnix_tui.store.store import Store
from mnix_tui.store.syncing import Learned, SyncRow

API = Project("api", "tokyo", "id1", "/home/me/api")


async def test_what_was_learned_is_there_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "client.db"
    async with Store.open(path) as store:
        await store.add_server(Server("tokyo", "dev@tokyo"))
        await store.put_project(API)
        fresh = syncing.load(path, API)
        assert fresh.row is None
        row = SyncRow("/home/me/api", "h", 2, "t", 3, at=5.0, conflicts=1, kept=2)
        odd = [(b"caf\xe9", "[1]", None), (b"b", None, "[2]")]
        learned = Learned(row, {b"": b"1", b"a": b"2"}, odd=odd, blocks={"d": b"xyz"})
        syncing.save(path, fresh.number, learned)
        syncing.set_watching(path, API, True)
        found = syncing.load(path, API)
        assert (found.row, found.client) == (row, fresh.client)
        assert found.folders == {b"": b"1", b"a": b"2"}
        assert sorted(found.odd) == sorted(odd)
        assert syncing.blocks(path, "d") == b"xyz"
        assert syncing.peek(path, found.number) == ("t", 3, 5.0)
        later = Learned(row, {b"a": None}, even=[b"b"])
        syncing.save(path, fresh.number, later)
        found = syncing.load(path, API)
        assert found.folders == {b"": b"1"}
        assert found.odd == [(b"caf\xe9", "[1]", None)]
        view = await store.project("api")
        assert (view.sync.at, view.sync.conflicts, view.sync.kept) == (5.0, 1, 2)
        assert view.sync.watching
        syncing.save(path, fresh.number, Learned(row, {b"x": b"3"}, all_folders=True, all_odd=True))
        found = syncing.load(path, API)
        assert (found.folders, found.odd) == ({b"x": b"3"}, [])
        await store.remove_project("api")
        syncing.save(path, fresh.number, learned)  # one that still runs keeps nothing
    with pytest.raises(NotFound):
        syncing.load(path, API)
    with sqlite3.connect(path) as connection:
        for table in ("sync_state", "sync_folders", "sync_odd"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    connection.close()


async def test_what_an_older_mnix_sent_counts_as_agreed(tmp_path: Path) -> None:
    path = tmp_path / "client.db"
    connection = sqlite3.connect(path)
    for migration in schema.MIGRATIONS[:2]:
        migration(connection)
    connection.execute("PRAGMA user_version = 2")
    connection.execute("INSERT INTO servers(name, endpoint) VALUES ('tokyo', 'dev@tokyo')")
    for name, folder, in_place in (("api", "/home/me/api", 0), ("far", "", 0), ("in", "/i", 1)):
        connection.execute(
            "INSERT INTO projects(server, name, remote_id, folder, in_place)"
            " VALUES ('tokyo', ?, ?, ?, ?)",
            (name, f"id-{name}", folder, in_place),
        )
    connection.commit()
    connection.close()
    async with Store.open(path) as store:
        views = {view.project.name: view.project for view in await store.projects()}
    older = {name: syncing.load(path, project).row for name, project in views.items()}
    assert older["api"] == SyncRow(older=True)
    assert older["far"] is None
    assert older["in"] is None
