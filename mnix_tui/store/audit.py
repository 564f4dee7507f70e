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
MOST_WAYS = 1000
"""As many, of connecting to it: one that comes and goes shall not push out what was done there."""
DAY = 86400.0
OLDEST = 90
"""Days for which a record is kept, of those on which there is one: the clock may be wrong."""
PENDING = 2000
"""Records that may wait to be written; more of them are only counted."""
PAUSE = 0.5
"""Seconds in which records are gathered, to be written together."""
REMINDER = 3600.0
"""Seconds after which it is told again that a server can't be reached for one reason."""
REASONS = 50
"""Reasons that are remembered of each server."""
PAUSE_AFTER_TROUBLE = 10.0
BUSY_SECONDS = 1.0
"""How long to wait for another process that is writing: at its end, a command waits for us."""

_COLUMNS = "server, at, what, detail, result, seconds"
_WAY = "(what IN ('connect', 'deliver'))"
_VERSION = 2

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
    f"CREATE INDEX IF NOT EXISTS audit_by_way ON audit(server, {_WAY}, id)",
    f"PRAGMA user_version = {_VERSION}",
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
        if connection.execute("PRAGMA user_version").fetchone()[0] < _VERSION:
            for statement in _TABLES:
                connection.execute(statement)
        yield connection


def _write(connection: sqlite3.Connection, records: Iterable[Ran]) -> None:
    rows = [
        (_text(r.server), r.at, _text(r.what), _text(r.detail), _text(r.result), r.seconds)
        for r in records
    ]
    connection.executemany(f"INSERT INTO audit({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", rows)  # noqa: S608
    connection.execute(_FORGET, {"now": time.time(), "day": DAY, "days": OLDEST})
    for server in {row[0] for row in rows}:
        for most, way in ((MOST, 0), (MOST_WAYS, 1)):
            connection.execute(_CUT, {"server": server, "way": way, "most": most})


_CUT = f"""
    DELETE FROM audit WHERE server = :server AND {_WAY} = :way AND id <= (
        SELECT id FROM audit WHERE server = :server AND {_WAY} = :way
        ORDER BY id DESC LIMIT 1 OFFSET :most
    )
"""  # noqa: S608
_FORGET = """
    WITH RECURSIVE days(began) AS (
        SELECT CAST(max(at) / :day AS INTEGER) * :day FROM audit
        UNION ALL
        SELECT (SELECT CAST(max(at) / :day AS INTEGER) * :day FROM audit WHERE at < began)
        FROM days WHERE began IS NOT NULL LIMIT :days
    )
    DELETE FROM audit WHERE at < :now - :days * :day
    AND at < (SELECT began FROM days LIMIT 1 OFFSET :days - 1)
"""
"""One command while the clock is a year ahead must not forget all that was before it."""


def _text(text: str) -> str:
    """Return a text that the database takes: odd bytes are spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()


class AuditLog:
    """Takes records from any thread, and writes them from one of its own until it is closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pending: deque[Ran] = deque()
        self._lost: dict[str, int] = {}
        """How many records of each server could not be kept."""
        self._failed: dict[str, dict[str, float]] = {}
        """Why each server could not be reached, since it last was, and when that was told."""
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
        if ran.ok:
            self._failed.pop(ran.server, None)
            return False
        told = self._failed.setdefault(ran.server, {})
        if 0 <= ran.at - told.get(ran.result, -REMINDER) < REMINDER:
            return True
        if len(told) >= REASONS:
            told.clear()
        told[ran.result] = ran.at
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
        except Exception as error:  # it goes on, whatever is wrong with these
            self.trouble = StoreError("The log can't be written", str(error))
        else:
            self.trouble = None
        return self.trouble is None

    def _losses(self) -> list[Ran]:
        return [
            Ran(server, time.time(), "log", f"{count:,} records", "not kept", 0.0)
            for server, count in self._lost.items()
            if count
        ]
