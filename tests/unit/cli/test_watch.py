"""What ``mnix watch`` prints."""

import json
import time
from pathlib import Path

import pytest

from mnix_tui.cli.watch import Events, Lines, transfer_line
from mnix_tui.domain.projects import Project
from mnix_tui.errors import SyncError
from mnix_tui.sync.model import Conflict, SyncReport
from mnix_tui.sync.watch import Beware, Sending, Synced, Trouble, Waiting, Watching

PROJECT = Project("api", "tokyo", "id", "/home/me/api")
Said = pytest.CaptureFixture[str]


def test_a_transfer_is_one_line_with_its_time(capsys: Said) -> None:
    shown = Lines(PROJECT)
    shown.take(Watching(), 0)
    assert "watching /home/me/api for api on tokyo (ctrl-c ends it)" in capsys.readouterr().err
    report = SyncReport(sent=("a", "b\x1b"), deleted_there=("c",), bytes_sent=2048)
    shown.take(Synced(report), 0)
    shown.take(Synced(SyncReport()), 0)
    said = capsys.readouterr()
    at = time.strftime("%H:%M:%S", time.localtime(0))
    assert said.out == f"{at}  2 sent, 1 deleted (2.0 KiB): a, b\\x1b, -c\n"
    assert said.err == ""


def test_a_lost_link_is_said_once_and_its_return_too(capsys: Said) -> None:
    shown = Lines(PROJECT)
    shown.take(Watching(), 0)
    capsys.readouterr()
    for at in range(5):
        shown.take(Waiting("tokyo: connection lost"), at)
    assert capsys.readouterr().err.count("  tokyo: connection lost; what changes") == 1
    shown.take(Watching(), 9)
    assert "tokyo: all is well again" in capsys.readouterr().err
    shown.take(Watching(), 9)
    assert capsys.readouterr().err == ""


def test_trouble_is_said_once_with_the_next_step(capsys: Said) -> None:
    shown = Lines(PROJECT)
    for at in range(3):
        shown.take(Trouble(SyncError("The disk is full", "no\x1b room", "make some")), at)
    err = capsys.readouterr().err
    assert err.count("The disk is full") == 1
    assert err.endswith("          no\\x1b room\n  → make some\n")
    shown.take(Synced(SyncReport(sent=("a",))), 5)
    assert "all is well again" in capsys.readouterr().err


def test_what_every_look_says_is_said_once(capsys: Said) -> None:
    shown = Lines(PROJECT)
    for notes in (("pipe was left out",), ("pipe was left out", "and x"), ("and x",)):
        shown.take(Synced(SyncReport(notes=notes)), 0)
    err = capsys.readouterr().err
    assert (err.count("pipe was left out"), err.count("and x")) == (1, 1)


def test_what_a_push_said_is_no_news_to_a_watch(capsys: Said, tmp_path: Path) -> None:
    (tmp_path / "sync").mkdir()
    for notes in (("pipe was left out",), ("pipe was left out", "and x")):
        shown = Lines(PROJECT, database=tmp_path / "mnix.db")
        shown.take(Synced(SyncReport(notes=notes)), 0)
    err = capsys.readouterr().err
    assert (err.count("pipe was left out"), err.count("and x")) == (1, 1)


def test_a_conflict_is_said_once_until_it_comes_again(capsys: Said) -> None:
    shown = Lines(PROJECT, " -p api")
    shown.take(Synced(SyncReport(conflicts=(Conflict("a"),))), 0)
    err = capsys.readouterr().err
    assert "conflict: a: changed on both sides" in err
    assert "mnix resolve a -p api --here" in err
    shown.take(Synced(SyncReport(conflicts=(Conflict("a"), Conflict("b")))), 0)
    assert "conflict: a" not in (err := capsys.readouterr().err)
    assert "conflict: b" in err
    shown.take(Synced(SyncReport()), 0)
    shown.take(Synced(SyncReport(conflicts=(Conflict("a"),))), 0)
    assert "conflict: a" in capsys.readouterr().err


def test_a_line_fits_the_terminal_and_is_bounded_in_a_pipe() -> None:
    report = SyncReport(sent=tuple(f"folder/file{at}" for at in range(20000)))
    line = transfer_line("10:00:00", report, 80)
    assert len(line) < 80
    assert line.endswith("more")
    piped = transfer_line("10:00:00", report)
    assert piped.endswith(" and 19,990 more")
    assert "folder/file10004 " in piped
    assert len(transfer_line("10:00:00", SyncReport(sent=("x" * 300,)), 80)) < 80


def test_the_files_that_somebody_wrote_are_named_before_gits_own() -> None:
    report = SyncReport(sent=(".git/HEAD", ".gitignore", "a/.git/x", "b"))
    assert transfer_line("10:00:00", report).endswith(": .gitignore, b, .git/HEAD, a/.git/x")
    report = SyncReport(sent=(".git/HEAD", ".git/index", ".gitignore", "a/.git/x"))
    assert transfer_line("10:00:00", report).endswith(": .gitignore, .git (2 files), a/.git/x")


def test_a_secret_is_said_before_it_is_sent_and_not_again_after(capsys: Said) -> None:
    shown = Lines(PROJECT)
    note = ".env: may hold secrets"
    shown.take(Beware((note,)), 0)
    assert f"sending {note}\n" in capsys.readouterr().err
    shown.take(Synced(SyncReport(sent=(".env",), notes=(note, "other"), warned=(note,))), 0)
    said = capsys.readouterr().err
    assert note not in said
    assert "other" in said


def test_events_for_programs(capsys: Said) -> None:
    shown = Events(PROJECT)
    for event in (
        Watching(),
        Synced(SyncReport(sent=("a",))),
        Waiting("gone"),
        Sending("sending files", 1, 2),
        Trouble(SyncError("t", "d", "h")),
        Beware((".env: may hold secrets",)),
    ):
        shown.take(event, 12.3456)
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["event"] for each in found] == [
        "watching",
        "synced",
        "waiting",
        "sending",
        "trouble",
        "warning",
    ]
    assert {each["at"] for each in found} == {12.346}
    assert found[1]["sent"] == ["a"]
    assert (found[3]["bytes"], found[3]["total"]) == (1, 2)
    assert (found[4]["title"], found[4]["detail"], found[4]["hint"]) == ("t", "d", "h")
