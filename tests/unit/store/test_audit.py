"""The store's log of what was done on the servers: in the background, whole, and bounded."""

import multiprocessing
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from mnix_tui.domain.audit import Ran
from mnix_tui.errors import StoreError
from mnix_tui.store import audit
from tests.helpers import settle


def ran(detail: str, server: str = "tokyo", at: float | None = None, result: str = "ok") -> Ran:
    return Ran(server, time.time() if at is None else at, "command", detail, result, 0.5)


def details(path: Path, server: str = "tokyo") -> list[str]:
    return [each.detail for _, each in audit.read(path, server)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "client.db"


def test_records_are_read_as_they_were_told_the_newest_last(path: Path) -> None:
    first, second = ran("make"), ran("make test", result="exit 2")
    with audit.AuditLog(path) as log:
        for each in (first, ran("elsewhere", "lima"), second):
            log(each)
    found = audit.read(path, "tokyo")
    assert [each for _, each in found] == [first, second]
    assert not second.ok
    newest = found[-1][0]
    assert audit.read(path, "tokyo", limit=1) == found[-1:]
    assert audit.read(path, "tokyo", after=newest) == []
    audit.append(path, [ran("later")])
    assert [each.detail for _, each in audit.read(path, "tokyo", after=newest)] == ["later"]


def test_records_are_written_while_the_log_is_open(path: Path) -> None:
    with audit.AuditLog(path) as log:
        log(ran("make"))
        settle(lambda: details(path) == ["make"])
        log(ran("make test"))
        settle(lambda: details(path) == ["make", "make test"])
    log(ran("too late"))
    assert details(path) == ["make", "make test"]


def test_only_so_many_and_so_old_records_are_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST", 100)
    monkeypatch.setattr(audit, "OLDEST", 3)
    now = time.time()
    old = now - 4 * audit.DAY
    audit.append(path, [ran("old", at=old), ran("old too", "lima", at=old), ran("young", "lima")])
    assert details(path, "lima") == ["old too", "young"]
    audit.append(path, [ran("one", at=now - 2 * audit.DAY), ran("two", at=now - audit.DAY)])
    assert details(path, "lima") == ["young"]
    audit.append(path, [ran(str(number)) for number in range(250)])
    assert details(path) == [str(number) for number in range(150, 250)]
    assert details(path, "lima") == ["young"]


def test_a_server_that_stays_away_fills_no_log(path: Path) -> None:
    def tried(result: str, detail: str = "me@tokyo") -> Ran:
        return Ran("tokyo", time.time(), "connect", detail, result, 0.5)

    with audit.AuditLog(path) as log:
        for result in ("no route", "no route", "no route", "time-out", "ok", "no route", "ok"):
            log(tried(result))
        log(tried("ok"))
        for result in ("no route", "time-out") * 5:
            log(tried(result))
    found = [each.result for _, each in audit.read(path, "tokyo")]
    assert found == ["no route", "time-out", "ok", "no route", "ok", "ok", "no route", "time-out"]


def test_a_clock_that_is_wrong_for_some_commands_forgets_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    audit.append(path, [ran(str(day), at=now - day * audit.DAY) for day in range(5)])
    for ahead in (366, 365, -10_000, 0):
        at = now + ahead * audit.DAY
        monkeypatch.setattr(time, "time", lambda at=at: at)
        for each in "ab":
            audit.append(path, [ran(f"{ahead}{each}", at=at)])
    assert len(details(path)) == 13


def test_a_server_that_comes_and_goes_pushes_out_nothing_that_was_done(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST", 10)
    monkeypatch.setattr(audit, "MOST_WAYS", 5)
    audit.append(path, [ran("make")])
    ways = [
        Ran("tokyo", time.time(), "connect", str(number), ("ok", "lost")[number % 2], 0.5)
        for number in range(30)
    ]
    audit.append(path, ways)
    assert details(path) == ["make", "25", "26", "27", "28", "29"]
    audit.append(path, [ran(str(number)) for number in range(30)])
    assert details(path) == [str(number) for number in (*range(25, 30), *range(20, 30))]


def test_a_log_of_before_is_used_as_it_is(path: Path) -> None:
    audit.append(path, [ran("make")])
    with closing(sqlite3.connect(audit.place(path))) as before:
        before.execute("DROP INDEX audit_by_way")
        before.execute("PRAGMA user_version = 1")
    audit.append(path, [ran("make test")])
    assert details(path) == ["make", "make test"]
    with closing(sqlite3.connect(audit.place(path))) as now:
        assert now.execute("SELECT 1 FROM sqlite_master WHERE name = 'audit_by_way'").fetchone()


def test_nothing_that_is_told_ends_the_log(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "PAUSE_AFTER_TROUBLE", 0.01)
    with audit.AuditLog(path) as log:
        log(ran("odd\udcff"))
        settle(lambda: details(path) == ["odd\\udcff"])
        with monkeypatch.context() as patched:
            patched.setattr(audit, "_append", lambda *_: 1 / 0)
            log(ran("make"))
            settle(lambda: log.trouble is not None)
        settle(lambda: log.trouble is None)
    assert details(path)[1:] == ["make"]


def test_telling_never_waits_and_what_is_not_kept_is_counted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "PAUSE_AFTER_TROUBLE", 0.05)
    monkeypatch.setattr(audit, "BUSY_SECONDS", 0.05)
    audit.append(path, [])
    with audit.AuditLog(path) as log:
        with closing(sqlite3.connect(audit.place(path), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for number in range(audit.PENDING + 7):
                log(ran(str(number)))
            settle(lambda: log.trouble is not None)
        settle(lambda: log.trouble is None)
        settle(lambda: len(details(path)) == audit.PENDING + 1)
    assert details(path)[-2:] == [str(audit.PENDING - 1), "7 records"]
    assert audit.read(path, "tokyo", 1)[0][1].result == "not kept"


def test_a_log_that_can_not_be_written_stops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "client.db"
    audit.place(path).mkdir()
    log = audit.AuditLog(path)
    log(ran("make"))
    log.close()
    assert log.trouble is not None
    assert log.trouble.hint


def test_a_log_that_a_power_cut_broke_is_put_aside(path: Path) -> None:
    audit.append(path, [ran("before")])
    audit.place(path).write_text("this is no database, and long enough to be seen as none\n" * 99)
    with pytest.raises(StoreError) as caught:
        audit.read(path, "tokyo")
    assert str(audit.place(path)) in caught.value.hint
    with audit.AuditLog(path) as log:
        log(ran("after"))
    assert log.trouble is None
    assert details(path) == ["after"]
    assert (audit.place(path).parent / "client-audit.db.broken").exists()


def test_only_its_owner_can_read_it(path: Path) -> None:
    audit.append(path, [ran("make")])
    assert audit.place(path).stat().st_mode & 0o777 == 0o600


def _write(path: Path, name: str) -> None:
    with audit.AuditLog(path) as log:
        for number in range(200):
            log(ran(f"{name}{number}"))


def test_several_processes_write_the_same_log(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=_write, args=(path, name)) for name in "abc"]
    for each in others:
        each.start()
    for each in others:
        each.join()
        assert each.exitcode == 0
    found = details(path)
    assert len(found) == 600
    for name in "abc":
        assert [each for each in found if each[0] == name] == [f"{name}{n}" for n in range(200)]
