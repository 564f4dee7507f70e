"""Getting a database ready: made if it is missing, migrated if it is older, checked if it is ours."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from mnix_tui.errors import StoreError
from mnix_tui.store import legacy, schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUSY_SECONDS = 5.0
"""How long to wait for another process that is writing."""


def prepare(path: Path) -> None:
    """Make the database at ``path`` one of this version; raise ``StoreError`` if it can't be."""
    with translated(path), closing(connect(path)) as connection:
        if _version(connection, path) == schema.LATEST:
            return
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")  # one process migrates, the others wait here
        try:
            version = _version(connection, path)
            if version == 0 and legacy.is_legacy(connection):
                _back_up(path)
            for number in range(version, schema.LATEST):
                schema.MIGRATIONS[number](connection)
            connection.execute(f"PRAGMA user_version = {schema.LATEST}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def connect(path: Path) -> sqlite3.Connection:
    """Open the database, made with mode 0600 if it is missing; the caller closes it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system raise into ``StoreError`` with a next step."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _explain(path, error) from error
    except OSError as error:
        raise StoreError(
            "The database can't be opened",
            f"{path}: {error.strerror or error}",
            "set another database_path in client.toml",
        ) from error


def _explain(path: Path, error: sqlite3.DatabaseError) -> StoreError:
    # The primary code's name: extended ones follow it (SQLITE_IOERR_WRITE).
    code = getattr(error, "sqlite_errorname", "").split("_")[1:2]
    if code in (["BUSY"], ["LOCKED"]):
        return StoreError(
            "The database is in use",
            f"{path}: another process has been writing for {BUSY_SECONDS:g} s",
            "try again when it is done",
        )
    if code and code[0] in ("CANTOPEN", "READONLY", "FULL", "IOERR", "PERM", "AUTH"):
        return StoreError(
            "The database can't be written",
            f"{path}: {error}",
            "check its folder's permissions and free space, or set another database_path",
        )
    import shlex

    move = shlex.join(("mv", str(path), f"{path}.broken"))
    return StoreError(
        "The database can't be read",
        f"{path}: {error}",
        f"move it away ({move}): the servers still have their projects",
    )


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > schema.LATEST:
        raise StoreError(
            "The database was made by a newer mnix",
            f"{path} has version {version}; this mnix knows {schema.LATEST}",
            "update mnix, or set another database_path in client.toml",
        )
    return version


def _back_up(path: Path) -> None:
    """Copy the database of an older mnix beside itself; an earlier copy is never overwritten."""
    target = path.with_name(path.name + ".before-0.3")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.before-0.3.{number}")
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(part)) as copy:
        source.backup(copy)
    part.chmod(path.stat().st_mode & 0o777)
    part.replace(target)
