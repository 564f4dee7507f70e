"""A database of PyPI mnix 0.1.0 or 0.2.0 is taken over without loss."""

import sqlite3
from pathlib import Path

import pytest

from mnix_tui.errors import StoreError
from mnix_tui.store import Store, listing, schema

LEGACY = """
CREATE TABLE servers (name TEXT PRIMARY KEY, endpoint TEXT NOT NULL,
    created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE projects (name TEXT PRIMARY KEY,
    server_name TEXT NOT NULL REFERENCES servers(name) ON DELETE RESTRICT,
    local_flake_path TEXT NOT NULL, remote_workspace TEXT NOT NULL,
    remote_flake_path TEXT NOT NULL, container_name TEXT NOT NULL,
    created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


def legacy(path: Path, *statements: str) -> Path:
    connection = sqlite3.connect(path)
    connection.executescript(LEGACY)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path


def project(name: str, server: str, folder: str = "/home/me/api") -> str:
    values = (name, server, f"{folder}/flake.nix", "/r/ws", "/r/ws/flake.nix", f"mnix-{name}")
    columns = "name,server_name,local_flake_path,remote_workspace,remote_flake_path,container_name"
    return f"INSERT INTO projects({columns}) VALUES {values}"


def server(name: str, endpoint: str) -> str:
    return (
        f"INSERT INTO servers(name, endpoint, created_at) VALUES {(name, endpoint, '2020-01-02')}"
    )


def test_everything_is_there_afterwards(tmp_path: Path) -> None:
    path = legacy(
        tmp_path / "client.db",
        server("tokyo", "me@tokyo:2222"),
        project("api", "tokyo"),
        "INSERT INTO settings VALUES ('selected_project', 'api')",
        "INSERT INTO settings VALUES ('other', 'kept')",
    )
    found = listing.read(path)
    assert [(each.name, each.endpoint) for each, _ in found.servers] == [
        ("local", ""),
        ("tokyo", "me@tokyo:2222"),
    ]
    (view,) = found.projects
    assert view.project.ref == found.selected == "api@tokyo"
    assert view.project.folder == "/home/me/api"
    assert view.project.flake == "flake.nix"
    assert view.project.legacy_workspace == "/r/ws"
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT created_at FROM servers").fetchall() == [("2020-01-02",)]
    row = connection.execute("SELECT legacy_flake, legacy_container FROM projects").fetchone()
    assert row == ("/r/ws/flake.nix", "mnix-api")
    assert ("other", "kept") in connection.execute("SELECT * FROM settings").fetchall()
    connection.close()


def test_a_copy_is_kept_beside_it(tmp_path: Path) -> None:
    path = legacy(tmp_path / "client.db", server("tokyo", "tokyo"), project("api", "tokyo"))
    listing.read(path)
    listing.read(path)
    assert sorted(each.name for each in tmp_path.glob("*before*")) == ["client.db.before-0.3"]
    copy = sqlite3.connect(tmp_path / "client.db.before-0.3")
    assert copy.execute("SELECT name, server_name FROM projects").fetchall() == [("api", "tokyo")]
    copy.close()


def test_an_earlier_copy_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "client.db.before-0.3").write_text("precious")
    listing.read(legacy(tmp_path / "client.db", server("tokyo", "tokyo")))
    assert (tmp_path / "client.db.before-0.3").read_text() == "precious"
    assert (tmp_path / "client.db.before-0.3.2").exists()


async def test_names_that_break_our_rules_stay_usable(tmp_path: Path) -> None:
    path = legacy(
        tmp_path / "client.db",
        server("My Server", "ssh://me@host"),
        project("My App", "My Server"),
        project("日本", "My Server"),
        project("a@b", "My Server"),
    )
    async with Store.open(path) as store:
        for name in ("My App", "日本", "a@b"):
            assert (await store.select(name)).name == name
            assert (await store.project(f"{name}@My Server")).project.name == name
        renamed = await store.rename_project("My App", "my-app")
        assert renamed.legacy_workspace == "/r/ws"


def test_a_server_called_local_gets_another_name_and_keeps_its_projects(tmp_path: Path) -> None:
    path = legacy(
        tmp_path / "client.db",
        server("local", "me@127.0.0.1"),
        server("local-1", "x"),
        project("api", "local"),
    )
    found = listing.read(path)
    assert {each.name: each.endpoint for each, _ in found.servers} == {
        "local": "",
        "local-1": "x",
        "local-2": "me@127.0.0.1",
    }
    assert [view.project.ref for view in found.projects] == ["api@local-2"]


def test_a_project_whose_server_is_gone_is_kept(tmp_path: Path) -> None:
    path = legacy(tmp_path / "client.db", project("api", "gone"))
    assert [view.project.ref for view in listing.read(path).projects] == ["api@gone"]


def test_an_empty_database_of_pypi_mnix_is_adopted(tmp_path: Path) -> None:
    found = listing.read(legacy(tmp_path / "client.db"))
    assert found.projects == ()


def test_somebody_elses_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "client.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE projects (id, title)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not one of mnix's"):
        listing.read(path)
    after = sqlite3.connect(path)
    assert after.execute("SELECT sql FROM sqlite_master").fetchall() == [
        ("CREATE TABLE projects (id, title)",)
    ]
    after.close()
    assert len(path.read_bytes()) == len(before)


def test_an_adoption_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = legacy(tmp_path / "client.db", server("tokyo", "tokyo"), project("api", "tokyo"))
    first = schema.MIGRATIONS[0]

    def broken(connection: sqlite3.Connection) -> None:
        first(connection)
        connection.execute("oops")

    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (broken,))
        with pytest.raises(StoreError):
            listing.read(path)
    assert [view.project.ref for view in listing.read(path).projects] == ["api@tokyo"]
