"""What was done on the servers: written in the background, in batches, and bounded.

Whoever tells of something never waits for the database, and never hears of its troubles: work on a
server goes on without a log of it. What could not be written is counted, and the count is written.

The log has a file of its own beside the database: a command shall not wait for a disk because of it,
and so the disk is never asked to flush it. A power cut may break it; then a new one is begun.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Self

from mnix_tui.domain.audit import Ran
from mnix_tui.errors import StoreError
from mnix_tui.store import prepare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

MOST = 10_000
"""Records that are kept of one server; the oldest go."""
OLDEST = 90 * 86400.0
"""Seconds that a record is kept."""
PENDING = 2000
"""Records that may wait to be written; more of them are only counted."""
PAUSE = 0.5
"""Seconds in which records are gathered, to be written together."""
REMINDER = 3600.0
"""Seconds after which it is told again that a server can't be reached, if nothing changed."""
PAUSE_AFTER_TROUBLE = 10.0
BUSY_SECONDS = 1.0
"""How long to wait for another process that is writing: at its end, a command waits for us."""

_COLUMNS = "server, at, what, detail, result, seconds"


_TABLES = (
    """
    CREATE TABLE IF NOT EXISTS audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        server TEXT NOT NULL,
        at REAL NOT NULL,
        what TEXT NOT NULL,
        detail TEXT NOT NULL,
        result TEXT NOT NULL,
        seconds REAL NOT NULL
    )
    """,
    "CREATE INDEX IF NOT EXISTS audit_by_server ON audit(server, id)",
    "CREATE INDEX IF NOT EXISTS audit_by_age ON audit(at)",
    "PRAGMA user_version = 1",
)


def place(path: Path) -> Path:
    """Return where the log lies of what the client with the database at ``path`` did."""
    return path.with_name(f"{path.stem}-audit.db")


def read(path: Path, server: str, limit: int = MOST, after: int = 0) -> list[tuple[int, Ran]]:
    """Return a server's newest records, the newest last, each with its number. Blocks.

    ``path`` is the client's database. ``after``: only those whose number is higher. Numbers grow
    in the order of writing.
    """
    query = f"SELECT id, {_COLUMNS} FROM audit WHERE server = ? AND id > ? ORDER BY id DESC LIMIT ?"  # noqa: S608
    with _opened(place(path)) as connection:
        rows = connection.execute(query, (server, after, max(0, limit))).fetchall()
    return [(row[0], Ran(*tuple(row)[1:])) for row in reversed(rows)]


def append(path: Path, records: Sequence[Ran]) -> None:
    """Write records, and forget what is too old or too much. Blocks.

    A log that can't be read any more is put aside, and a new one begun.
    """
    log = place(path)
    try:
        _append(log, records)
    except StoreError as error:
        cause = error.__cause__
        broken = isinstance(cause, sqlite3.DatabaseError)
        if not broken or isinstance(cause, sqlite3.OperationalError):
            raise
        with prepare.translated(log):
            log.replace(log.with_name(f"{log.name}.broken"))
        _append(log, records)


def _append(log: Path, records: Sequence[Ran]) -> None:
    with _opened(log) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            _write(connection, records)
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


@contextmanager
def _opened(log: Path) -> Iterator[sqlite3.Connection]:
    with prepare.translated(log), closing(prepare.connect(log)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")
        if not connection.execute("PRAGMA user_version").fetchone()[0]:
            for statement in _TABLES:
                connection.execute(statement)
        yield connection


def _write(connection: sqlite3.Connection, records: Iterable[Ran]) -> None:
    rows = [(r.server, r.at, r.what, r.detail, r.result, r.seconds) for r in records]
    connection.executemany(f"INSERT INTO audit({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", rows)  # noqa: S608
    connection.execute("DELETE FROM audit WHERE at < ?", (time.time() - OLDEST,))
    for server in {row[0] for row in rows}:
        connection.execute(
            "DELETE FROM audit WHERE server = ? AND id <="
            " (SELECT id FROM audit WHERE server = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (server, server, MOST),
        )


class AuditLog:
    """Takes records from any thread, and writes them from one of its own until it is closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pending: deque[Ran] = deque()
        self._lost: dict[str, int] = {}
        """How many records of each server could not be kept."""
        self._reached: dict[str, Ran] = {}
        """The last attempt to connect to each server that was told."""
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self.trouble: StoreError | None = None
        """Why the last batch could not be written; ``None`` when it was."""

    def __call__(self, ran: Ran) -> None:
        """Take a record. Never waits and never raises: give this to ``LinkOptions.audit``."""
        with self._wake:
            if self._closed or self._again(ran):
                return
            if len(self._pending) >= PENDING:
                self._lost[ran.server] = self._lost.get(ran.server, 0) + 1
                return
            self._pending.append(ran)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="audit", daemon=True)
                self._thread.start()
            self._wake.notify()

    def _again(self, ran: Ran) -> bool:
        """Say whether a server just could not be reached again, for a reason that was told."""
        if ran.what != "connect":
            return False
        before, self._reached[ran.server] = self._reached.get(ran.server), ran
        if before is None or ran.ok or before.result != ran.result:
            return False
        if ran.at - before.at < REMINDER:
            self._reached[ran.server] = before
            return True
        return False

    def close(self) -> None:
        """Write what is left, and end. Blocks as long as one batch takes to write."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _work(self) -> None:
        closed, pause = False, PAUSE
        while not closed:
            with self._wake:
                self._wake.wait_for(lambda: self._closed or self._pending)
                closed = self._wake.wait_for(lambda: self._closed, pause)
                batch = [*self._pending, *self._losses()]
                taken, lost = len(self._pending), dict(self._lost)
            if batch and not self._written(batch):
                pause = PAUSE_AFTER_TROUBLE
                continue
            pause = PAUSE
            with self._wake:
                for _ in range(taken):
                    self._pending.popleft()
                for server, count in lost.items():
                    self._lost[server] -= count

    def _written(self, batch: Sequence[Ran]) -> bool:
        try:
            append(self._path, batch)
        except StoreError as error:
            self.trouble = error
        else:
            self.trouble = None
        return self.trouble is None

    def _losses(self) -> list[Ran]:
        return [
            Ran(server, time.time(), "log", f"{count:,} records", "not kept", 0.0)
            for server, count in self._lost.items()
            if count
        ]
