"""The database's tables, in numbered migrations: ``PRAGMA user_version`` says which have run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.store import legacy

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

_TABLES = (
    """
    CREATE TABLE servers (
        name TEXT PRIMARY KEY,
        endpoint TEXT NOT NULL,
        created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
    )
    """,
    # What was last seen of a server, and when. `local` has a row too, hence no foreign key.
    """
    CREATE TABLE server_status (
        server TEXT PRIMARY KEY,
        state TEXT NOT NULL,
        reason TEXT NOT NULL DEFAULT '',
        hint TEXT NOT NULL DEFAULT '',
        seen REAL
    )
    """,
    # `server` is NULL for `local`, which is never stored as a server.
    """
    CREATE TABLE projects (
        id INTEGER PRIMARY KEY,
        server TEXT REFERENCES servers(name) ON UPDATE CASCADE ON DELETE RESTRICT,
        name TEXT NOT NULL,
        remote_id TEXT NOT NULL DEFAULT '',
        folder TEXT NOT NULL DEFAULT '',
        flake TEXT NOT NULL DEFAULT 'flake.nix',
        in_place INTEGER NOT NULL DEFAULT 0,
        legacy_workspace TEXT NOT NULL DEFAULT '',
        legacy_flake TEXT NOT NULL DEFAULT '',
        legacy_container TEXT NOT NULL DEFAULT '',
        created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
        updated_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
    )
    """,
    "CREATE UNIQUE INDEX projects_by_name ON projects(ifnull(server, ''), name)",
    """
    CREATE UNIQUE INDEX projects_by_id ON projects(ifnull(server, ''), remote_id)
    WHERE remote_id != ''
    """,
    """
    CREATE TABLE project_status (
        project INTEGER PRIMARY KEY REFERENCES projects(id) ON DELETE CASCADE,
        state TEXT NOT NULL,
        isolation TEXT NOT NULL DEFAULT '',
        generation INTEGER,
        detail TEXT NOT NULL DEFAULT '',
        sessions INTEGER NOT NULL DEFAULT 0,
        pushed REAL,
        seen REAL
    )
    """,
    "CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
)


def _first(connection: sqlite3.Connection) -> None:
    """Make the tables, with the rows of PyPI mnix 0.1.0 and 0.2.0 if there are any."""
    found = legacy.is_legacy(connection)
    if found:
        legacy.step_aside(connection)
    for statement in _TABLES:
        connection.execute(statement)
    if found:
        legacy.take_over(connection)


def _build_times(connection: sqlite3.Connection) -> None:
    """Make room for how long things took to build: a row for each thing and rebuild."""
    connection.execute(
        """
        CREATE TABLE build_times (
            server TEXT NOT NULL,
            what TEXT NOT NULL,
            job TEXT NOT NULL,
            seconds REAL NOT NULL,
            seen REAL NOT NULL,
            PRIMARY KEY (server, what, job)
        ) WITHOUT ROWID
        """
    )


_SYNC = (
    # How a project's folder stands to its workspace. `here_id` and `here_seq` are of the index of
    # the folder, `there_id` and `there_seq` of the server's, up to where it was told.
    """
    CREATE TABLE sync_state (
        project INTEGER PRIMARY KEY REFERENCES projects(id) ON DELETE CASCADE,
        folder TEXT NOT NULL DEFAULT '',
        here_id TEXT NOT NULL DEFAULT '',
        here_seq INTEGER NOT NULL DEFAULT 0,
        there_id TEXT NOT NULL DEFAULT '',
        there_seq INTEGER NOT NULL DEFAULT 0,
        gone BLOB NOT NULL DEFAULT x'',
        rules TEXT NOT NULL DEFAULT '',
        older INTEGER NOT NULL DEFAULT 0,
        watch INTEGER NOT NULL DEFAULT 0,
        at REAL,
        conflicts INTEGER NOT NULL DEFAULT 0,
        kept INTEGER NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE sync_folders (
        project INTEGER NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
        folder BLOB NOT NULL,
        items BLOB NOT NULL,
        PRIMARY KEY (project, folder)
    )
    """,
    # Only the paths whose last agreed state, or whose state on the server, is not the one here.
    """
    CREATE TABLE sync_odd (
        project INTEGER NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
        path BLOB NOT NULL,
        base TEXT,
        there TEXT,
        PRIMARY KEY (project, path)
    ) WITHOUT ROWID
    """,
    "CREATE TABLE sync_blocks (digest TEXT PRIMARY KEY, blocks BLOB NOT NULL)",
    # What an older mnix sent is known to nobody by now: what the server has counts as agreed.
    """
    INSERT INTO sync_state(project, older)
    SELECT id, 1 FROM projects WHERE remote_id != '' AND folder != '' AND NOT in_place
    """,
)


def _sync(connection: sqlite3.Connection) -> None:
    """Make room for what was last agreed with the servers, file by file."""
    for statement in _SYNC:
        connection.execute(statement)


_GROUPS = (
    # Tags are names without spaces, and are parted by one.
    "ALTER TABLE servers ADD COLUMN tags TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE servers ADD COLUMN connect TEXT NOT NULL DEFAULT 'auto'",
)


def _groups(connection: sqlite3.Connection) -> None:
    """Make room for servers' tags, and for when to connect to them."""
    for statement in _GROUPS:
        connection.execute(statement)


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    _first,
    _build_times,
    _sync,
    _groups,
)
"""Number n leads from version n-1 to n. They never change once released: add another one."""

LATEST = len(MIGRATIONS)
