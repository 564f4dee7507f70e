"""The store: servers' tags, and when they are connected."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mnix_tui.domain.servers import Server
from mnix_tui.errors import NotFound, UsageError
from mnix_tui.store import Store, listing, schema

TOKYO = Server("tokyo", "me@tokyo:2222", ("eu", "gpu"), "always")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "client.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    async with Store.open(path) as opened:
        await opened.add_server(TOKYO)
        yield opened


async def test_tags_and_when_to_connect_are_kept(store: Store, path: Path) -> None:
    assert await store.server("tokyo") == TOKYO
    assert [server for server, _ in listing.read(path).servers] == [Server("local", ""), TOKYO]
    assert (await store.set_tags("tokyo", ["lab", "gpu", "lab"])).tags == ("lab", "gpu")
    assert (await store.set_connect("tokyo", "never")).connect == "never"
    assert await store.server("tokyo") == replace(TOKYO, tags=("lab", "gpu"), connect="never")
    assert (await store.set_tags("tokyo", [])).tags == ()


async def test_a_new_address_keeps_them(store: Store) -> None:
    await store.add_server(Server("tokyo", "other"), replace=True)
    assert await store.server("tokyo") == replace(TOKYO, endpoint="other")
    await store.add_server(Server("tokyo", "other", ("lab",)), replace=True)
    assert (await store.server("tokyo")).tags == ("lab",)


async def test_what_makes_no_sense_is_refused(store: Store) -> None:
    with pytest.raises(UsageError):
        await store.set_tags("tokyo", ["two words"])
    with pytest.raises(UsageError):
        await store.set_connect("tokyo", "often")
    with pytest.raises(UsageError):
        await store.set_tags("local", ["lab"])
    with pytest.raises(NotFound):
        await store.set_connect("tokio", "never")
    assert await store.server("tokyo") == TOKYO


async def test_what_only_a_newer_mnix_knows_counts_as_the_default(store: Store, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE servers SET connect = 'at full moon'")
    assert (await store.server("tokyo")).connect == "auto"


async def test_a_database_of_the_last_version_is_taken_along(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.row_factory = sqlite3.Row
        for migration in schema.MIGRATIONS[:3]:
            migration(connection)
        connection.execute("PRAGMA user_version = 3")
        connection.execute("INSERT INTO servers(name, endpoint) VALUES ('tokyo', 'me@tokyo')")
    async with Store.open(path) as store:
        assert await store.server("tokyo") == Server("tokyo", "me@tokyo")
        await store.set_tags("tokyo", ["lab"])
    assert listing.read(path).servers[1][0].tags == ("lab",)
