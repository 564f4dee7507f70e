"""Taking over a database of PyPI mnix 0.1.0 or 0.2.0, without losing anything in it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from mnix_tui.domain.servers import LOCAL
from mnix_tui.errors import StoreError

if TYPE_CHECKING:
    import sqlite3

_TABLES = {
    "servers": {"name", "endpoint", "created_at"},
    "projects": {
        "name",
        "server_name",
        "local_flake_path",
        "remote_workspace",
        "remote_flake_path",
        "container_name",
        "created_at",
        "updated_at",
    },
    "settings": {"key", "value"},
}


def is_legacy(connection: sqlite3.Connection) -> bool:
    """Say whether these are PyPI mnix's tables; raise ``StoreError`` if they are somebody else's."""
    found = {
        name: {column[1] for column in connection.execute(f"PRAGMA table_info({name})")}
        for name in _TABLES
    }
    if not any(found.values()):
        return False
    for name, columns in _TABLES.items():
        # 0.1.0 made all three tables at once: one that is absent was dropped by somebody.
        if found[name] and not columns <= found[name]:
            raise StoreError(
                "The database is not one of mnix's",
                f"its table {name!r} has other columns",
                "set another database_path in client.toml",
            )
    return True


def step_aside(connection: sqlite3.Connection) -> None:
    """Rename the old tables, so that the new ones can be made."""
    for name, columns in _TABLES.items():
        if not connection.execute(f"PRAGMA table_info({name})").fetchall():
            empty = ", ".join(sorted(columns))
            connection.execute(f"CREATE TABLE {name} ({empty})")
        connection.execute(f"ALTER TABLE {name} RENAME TO legacy_{name}")


def take_over(connection: sqlite3.Connection) -> None:
    """Copy the old tables' rows into the new ones, and drop the old tables."""
    renamed = _take_servers(connection)
    selected = connection.execute(
        "SELECT value FROM legacy_settings WHERE key = 'selected_project'"
    ).fetchone()
    for row in connection.execute("SELECT * FROM legacy_projects ORDER BY name").fetchall():
        number = _take_project(connection, row, renamed)
        if selected is not None and row["name"] == selected["value"]:
            connection.execute("INSERT INTO settings VALUES ('selected', ?)", (str(number),))
    connection.execute(
        "INSERT INTO settings SELECT key, value FROM legacy_settings"
        " WHERE key NOT IN ('selected_project', 'selected')"
    )
    for name in ("projects", "servers", "settings"):
        connection.execute(f"DROP TABLE legacy_{name}")


def _take_servers(connection: sqlite3.Connection) -> dict[str, str]:
    """Copy the servers; return the new names of those that could not keep theirs."""
    names = {row["name"] for row in connection.execute("SELECT name FROM legacy_servers")}
    renamed = {}
    if LOCAL in names:  # our own name for this machine
        number = 1
        while (other := f"{LOCAL}-{number}") in names:
            number += 1
        renamed[LOCAL] = other
    for row in connection.execute("SELECT * FROM legacy_servers").fetchall():
        connection.execute(
            "INSERT INTO servers VALUES (?, ?, ?)",
            (renamed.get(row["name"], row["name"]), row["endpoint"], row["created_at"]),
        )
    # Foreign keys were off for other programs: a project's server may be gone. The name is then
    # the only hint at where it was.
    for row in connection.execute(
        "SELECT DISTINCT server_name AS name FROM legacy_projects WHERE server_name NOT IN"
        " (SELECT name FROM legacy_servers)"
    ).fetchall():
        connection.execute(
            "INSERT OR IGNORE INTO servers(name, endpoint) VALUES (?, ?)", (row["name"],) * 2
        )
    return renamed


def _take_project(
    connection: sqlite3.Connection, row: sqlite3.Row, renamed: dict[str, str]
) -> int | None:
    folder, flake = posixpath.split(row["local_flake_path"])
    return connection.execute(
        "INSERT INTO projects(server, name, folder, flake, legacy_workspace, legacy_flake,"
        " legacy_container, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            renamed.get(row["server_name"], row["server_name"]),
            row["name"],
            folder,
            flake or "flake.nix",
            row["remote_workspace"],
            row["remote_flake_path"],
            row["container_name"],
            row["created_at"],
            row["updated_at"],
        ),
    ).lastrowid
