"""What stores hold: by nix's database where it can be asked, else counted."""

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from server_agent.core import projects, storesize
from server_agent.core.projects import Project
from server_agent.core.storesize import StoreSize
from tests.helpers.settle import settle

PATHS = "create table ValidPaths (id integer primary key, path text, narSize integer)"
ENDLESS = """create view ValidPaths as with recursive c(n) as
(select 1 union all select n + 1 from c) select n as narSize from c"""


@pytest.fixture
def nix(tmp_path: Path) -> Path:
    """Make a store with 100,000 bytes in it, and no database."""
    (tmp_path / "nix/store/x").mkdir(parents=True)
    (tmp_path / "nix/store/x/file").write_bytes(b"x" * 100_000)
    (tmp_path / "nix/var/nix/db").mkdir(parents=True)
    return tmp_path / "nix"


def database(nix: Path, *statements: str) -> sqlite3.Connection:
    made = sqlite3.connect(nix / "var/nix/db/db.sqlite")
    for statement in statements:
        made.execute(statement)
    made.commit()
    return made


def counted(size: int | None) -> bool:
    return size is not None and 100_000 <= size < 200_000


def test_the_database_says_it_also_while_somebody_writes(nix: Path) -> None:
    add = "insert into ValidPaths (narSize) values (5), (7000000000)"
    with closing(database(nix, "pragma journal_mode = wal", PATHS, add)) as writer:
        writer.execute("insert into ValidPaths (narSize) values (1)")
        assert storesize.size(str(nix)) == 7_000_000_005


def test_without_a_database_it_is_counted(nix: Path) -> None:
    assert counted(storesize.size(str(nix)))


@pytest.mark.parametrize("content", [b"", b"garbage" * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_what_is_no_database_is_not_believed(nix: Path, content: bytes) -> None:
    (nix / "var/nix/db/db.sqlite").write_bytes(content)
    assert counted(storesize.size(str(nix)))


def test_a_database_that_never_answers_is_given_up(
    nix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storesize, "_QUERY", 0.2)
    database(nix, ENDLESS).close()
    began = time.monotonic()
    assert counted(storesize.size(str(nix)))
    assert time.monotonic() - began < 10


def test_no_link_leads_to_another_database(nix: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "var/nix/db").mkdir(parents=True)
    database(other, PATHS, "insert into ValidPaths (narSize) values (42)").close()
    (nix / "var/nix/db/db.sqlite").symlink_to(other / "var/nix/db/db.sqlite")
    assert counted(storesize.size(str(nix)))
    (nix / "var/nix/db/db.sqlite").unlink()
    (nix / "var/nix/db").rmdir()
    (nix / "var/nix/db").symlink_to(other / "var/nix/db")
    assert counted(storesize.size(str(nix)))


@pytest.fixture
def sizes(nix: Path) -> Iterator[StoreSize]:
    project = Project("abcdefgh", "api", box={"id": "1", "mountpoint": str(nix)})
    os.makedirs(project.folder)
    projects.save(project)
    made = StoreSize()
    yield made
    made.close()


def test_it_is_measured_once_and_then_remembered(
    nix: Path, sizes: StoreSize, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(lambda: counted(sizes.told()), what="the first measurement")
    (nix / "store/more").write_bytes(b"x" * 300_000)
    other = StoreSize()  # another agent of this user's
    assert other.told() == sizes.told()
    assert other._child is None
    monkeypatch.setattr(storesize, "EVERY", 0.0)
    monkeypatch.setattr(storesize, "SHARE", 0.0)
    settle(lambda: (sizes.told() or 0) >= 400_000, what="the next one")


def test_a_file_that_is_damaged_is_measured_again(sizes: StoreSize) -> None:
    settle(lambda: counted(sizes.told()), what="the first measurement")
    for text in ("{", "[]", json.dumps({"bytes": "many", "at": time.time() - 1e9, "took": None})):
        Path(storesize._path()).write_text(text)
        fresh = StoreSize()
        settle(lambda fresh=fresh: counted(fresh.told()), what="a measurement")
        fresh.close()
