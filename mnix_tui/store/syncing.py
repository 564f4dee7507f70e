"""What was last agreed with a server, file by file: read and written in one go, in a thread.

Not through the store's own connection: that one answers the screens meanwhile, and hundreds of
thousands of rows are no work for an event loop.
"""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mnix_tui.domain.servers import LOCAL
from mnix_tui.errors import NotFound
from mnix_tui.store import prepare

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from mnix_tui.domain.projects import Project

CLIENT = "sync.client"
"""The setting that holds this client's id, by which servers tell clients apart."""
OWN_MARK = "sync.secret"
"""The setting by which this client knows its own journals; nobody else is ever told it."""
MOST_BLOCKS = 64
"""Large files whose blocks are remembered; each costs 24 bytes for 256 KiB."""

Odd = tuple[bytes, "str | None", "str | None"]
"""A path, what was last agreed of it, and what the server has: JSON, or ``None`` for nothing."""


@dataclass
class SyncRow:
    """What is kept of a project's last transfer."""

    folder: str = ""
    """The folder that all of it is about. Of another one, what is missing there was not deleted."""
    here_id: str = ""
    here_seq: int = 0
    there_id: str = ""
    there_seq: int = 0
    gone: bytes = b""
    """What left the folder here, as the index keeps it."""
    rules: str = ""
    """What the ignore rules were, as one text to compare."""
    older: bool = False
    """Whether an older mnix sent the files: what the server has counts as agreed then."""
    at: float | None = None
    conflicts: int = 0
    kept: int = 0


@dataclass
class Remembered:
    """All that is kept of a project."""

    number: int
    row: SyncRow | None
    client: str
    folders: dict[bytes, bytes] = field(default_factory=dict)
    odd: list[Odd] = field(default_factory=list)
    secret: bytes = b""


@dataclass
class Learned:
    """What a transfer changes of it."""

    row: SyncRow
    folders: Mapping[bytes, bytes | None] = field(default_factory=dict)
    """Folders that changed; ``None``: it is gone."""
    all_folders: bool = False
    """Whether those are all that there are."""
    odd: Iterable[Odd] = ()
    even: Iterable[bytes] = ()
    """Paths that are alike everywhere now."""
    all_odd: bool = False
    """Whether ``odd`` is all that there are."""
    blocks: Mapping[str, bytes] = field(default_factory=dict)
    pushed: float | None = None
    """When files arrived on the server, if any did."""


def load(path: Path, project: Project) -> Remembered:
    """Return what is kept of a project. Blocks; raises ``NotFound`` if the store lacks it."""
    with _opened(path) as connection:
        number = _number(connection, project)
        client, secret = _made(connection, CLIENT, 8), _made(connection, OWN_MARK, 32).encode()
        found = connection.execute(_ROW, (number,)).fetchone()
        if found is None:
            return Remembered(number, None, client, secret=secret)
        row = SyncRow(*found)
        folders = connection.execute(
            "SELECT folder, items FROM sync_folders WHERE project = ?", (number,)
        )
        odd = connection.execute(
            "SELECT path, base, there FROM sync_odd WHERE project = ?", (number,)
        )
        return Remembered(
            number,
            row,
            client,
            {each[0]: each[1] for each in folders},
            [tuple(each) for each in odd],
            secret,
        )


def save(path: Path, number: int, learned: Learned) -> None:
    """Keep what a transfer found, all of it or nothing. Blocks."""
    row = learned.row
    with _opened(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            _write(connection, number, learned)
            values = (
                number, row.folder, row.here_id, row.here_seq, row.there_id, row.there_seq, row.gone,
                row.rules, int(row.older), row.at, row.conflicts, row.kept,
            )  # fmt: skip
            if connection.execute("SELECT 1 FROM projects WHERE id = ?", (number,)).fetchone():
                connection.execute(_PUT_ROW, values)
                connection.execute(
                    "UPDATE project_status SET pushed = ifnull(?, pushed) WHERE project = ?",
                    (learned.pushed, number),
                )
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def peek(path: Path, number: int) -> tuple[str, int, float | None] | None:
    """Return what tells one transfer's memory from the next. Blocks."""
    with _opened(path) as connection:
        found = connection.execute(
            "SELECT there_id, there_seq, at FROM sync_state WHERE project = ?", (number,)
        ).fetchone()
        return None if found is None else (str(found[0]), int(found[1]), found[2])


def blocks(path: Path, digest: str) -> bytes:
    """Return the blocks of a large file, if they are known. Blocks, too."""
    with _opened(path) as connection:
        found = connection.execute("SELECT blocks FROM sync_blocks WHERE digest = ?", (digest,))
        return bytes((found.fetchone() or (b"",))[0])


def set_watching(path: Path, project: Project, on: bool) -> None:
    """Keep whether a project is watched. Blocks."""
    with _opened(path) as connection:
        connection.execute(
            "INSERT INTO sync_state(project, watch) VALUES (?, ?)"
            " ON CONFLICT(project) DO UPDATE SET watch = excluded.watch",
            (_number(connection, project), int(on)),
        )


def set_older(path: Path, project: Project) -> None:
    """Keep that an older mnix sent a project's files. Blocks."""
    with _opened(path) as connection:
        connection.execute(
            "INSERT OR IGNORE INTO sync_state(project, older) VALUES (?, 1)",
            (_number(connection, project),),
        )


def forget(path: Path, project: Project) -> None:
    """Forget what was agreed: the project has another folder now. Blocks."""
    with _opened(path) as connection:
        number = _number(connection, project)
        connection.execute("BEGIN IMMEDIATE")
        for table in ("sync_folders", "sync_odd", "sync_state"):
            connection.execute(f"DELETE FROM {table} WHERE project = ?", (number,))  # noqa: S608
        connection.execute("COMMIT")


_ROW = """
    SELECT folder, here_id, here_seq, there_id, there_seq, gone, rules, older, at, conflicts, kept
    FROM sync_state WHERE project = ?
"""
_PUT_ROW = """
    INSERT INTO sync_state(project, folder, here_id, here_seq, there_id, there_seq, gone, rules,
        older, at, conflicts, kept) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT(project) DO UPDATE SET folder = excluded.folder, here_id = excluded.here_id, here_seq = excluded.here_seq,
        there_id = excluded.there_id, there_seq = excluded.there_seq, gone = excluded.gone,
        rules = excluded.rules, older = excluded.older, at = excluded.at,
        conflicts = excluded.conflicts, kept = excluded.kept
"""


def _write(connection: sqlite3.Connection, number: int, learned: Learned) -> None:
    if not connection.execute("SELECT 1 FROM projects WHERE id = ?", (number,)).fetchone():
        return  # removed meanwhile
    if learned.all_folders:
        connection.execute("DELETE FROM sync_folders WHERE project = ?", (number,))
    gone = [(number, folder) for folder, items in learned.folders.items() if items is None]
    connection.executemany("DELETE FROM sync_folders WHERE project = ? AND folder = ?", gone)
    connection.executemany(
        "INSERT OR REPLACE INTO sync_folders VALUES (?, ?, ?)",
        ((number, folder, items) for folder, items in learned.folders.items() if items is not None),
    )
    if learned.all_odd:
        connection.execute("DELETE FROM sync_odd WHERE project = ?", (number,))
    else:
        connection.executemany(
            "DELETE FROM sync_odd WHERE project = ? AND path = ?",
            ((number, path) for path in learned.even),
        )
    connection.executemany(
        "INSERT OR REPLACE INTO sync_odd VALUES (?, ?, ?, ?)",
        ((number, *each) for each in learned.odd),
    )
    if learned.blocks:
        connection.executemany(
            "INSERT OR REPLACE INTO sync_blocks VALUES (?, ?)", learned.blocks.items()
        )
        connection.execute(
            "DELETE FROM sync_blocks WHERE rowid NOT IN"
            " (SELECT rowid FROM sync_blocks ORDER BY rowid DESC LIMIT ?)",
            (MOST_BLOCKS,),
        )


def _number(connection: sqlite3.Connection, project: Project) -> int:
    server = None if project.server == LOCAL else project.server
    found = connection.execute(
        "SELECT id FROM projects WHERE server IS ? AND"
        " (remote_id = ? AND remote_id != '' OR remote_id = '' AND name = ?)",
        (server, project.remote_id, project.name),
    ).fetchone()
    if found is None:
        raise NotFound(f"The store does not know {project.ref}", "", "mnix ls")
    return int(found[0])


def _made(connection: sqlite3.Connection, key: str, size: int) -> str:
    """Return a random setting, made when it is first asked for."""
    query = "SELECT value FROM settings WHERE key = ?"
    found = connection.execute(query, (key,)).fetchone()
    if found is None:
        connection.execute(
            "INSERT OR IGNORE INTO settings VALUES (?, ?)", (key, os.urandom(size).hex())
        )
        found = connection.execute(query, (key,)).fetchone()
    return str(found[0])


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with prepare.translated(path), closing(prepare.connect(path)) as connection:
        yield connection
