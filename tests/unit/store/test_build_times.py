"""How long things took to build: kept for a few times, told as a median."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from mnix_tui.domain.servers import Server
from mnix_tui.store import Store, history, prepare, schema


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(tmp_path / "client.db") as opened:
        await opened.add_server(Server("tokyo", "tokyo"))
        yield opened


async def test_the_median_of_the_last_times_is_told(store: Store) -> None:
    for number, seconds in enumerate([90.0, 80.0, 1.0, 2.0, 3.0, 4.0, 50.0]):
        await store.put_build_times("tokyo", {"hello": seconds}, f"job{number}")
    await store.put_build_times("local", {"hello": 7.0})
    assert await store.build_times("tokyo") == {"hello": 3.0}
    assert await store.build_times("local") == {"hello": 7.0}
    assert await store.build_times("other") == {}


async def test_two_who_watch_one_rebuild_count_once(store: Store) -> None:
    await store.put_build_times("tokyo", {"hello": 1.0}, "a")
    for _ in range(3):
        await store.put_build_times("tokyo", {"hello": 9.0}, "b")
    assert await store.build_times("tokyo") == {"hello": 5.0}


async def test_what_a_log_says_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    lies = {"": 1.0, "x" * 5000: 1.0, "back": -1.0, "nan": float("nan"), "inf": float("inf")}
    await store.put_build_times("tokyo", lies, "a")
    assert await store.build_times("tokyo") == {}
    monkeypatch.setattr(history, "MOST", 3)
    await store.put_build_times("tokyo", {"old": 1.0}, "b")
    await store.put_build_times("tokyo", {f"p{n}": 1.0 for n in range(9)}, "c")
    assert len(await store.build_times("tokyo")) == 3
    assert "old" not in await store.build_times("tokyo")


async def test_a_server_that_goes_takes_its_times_along(store: Store) -> None:
    await store.put_build_times("tokyo", {"hello": 1.0}, "a")
    await store.remove_server("tokyo")
    assert await store.build_times("tokyo") == {}


async def test_a_database_of_the_version_before_gets_the_table(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(prepare.connect(path)) as connection:
        schema.MIGRATIONS[0](connection)
        connection.execute("INSERT INTO servers(name, endpoint) VALUES ('kept', 'kept')")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    async with Store.open(path) as store:
        assert (await store.server("kept")).endpoint == "kept"
        await store.put_build_times("kept", {"hello": 1.0}, "a")
        assert await store.build_times("kept") == {"hello": 1.0}
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (schema.LATEST,)
