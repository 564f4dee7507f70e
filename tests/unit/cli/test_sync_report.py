"""What is said of a transfer that was done."""

import pytest

from mnix_tui.cli import sync_report
from mnix_tui.domain.projects import Project
from mnix_tui.sync.model import Action, Conflict, Plan, Preview, Skipped, SyncReport
from server_agent.trees.model import State

PROJECT = Project("api", "tokyo", "id", "/home/me/api")


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (SyncReport(seconds=0.3), "pushed api to tokyo: nothing to send"),
        (
            SyncReport(sent=("a", "b"), bytes_sent=2048, seconds=1, trashed_there=1),
            "pushed api to tokyo (1.0 s, 2.0 KiB): 2 sent, 1 older in the trash",
        ),
        (
            SyncReport(deleted_there=("a",), kept_there=("x",), conflicts=(Conflict("c"),)),
            "pushed api to tokyo (0.0 s, 0 B): 1 deleted, 1 kept that only tokyo changed,"
            " 1 conflict",
        ),
        (
            SyncReport("pull", fetched=("a",) * 1000, deleted_here=("b",), kept_here=("c", "d")),
            "pulled api from tokyo (0.0 s, 0 B): 1,000 fetched, 1 deleted here,"
            " 2 kept that changed only here",
        ),
        (
            SyncReport("both", sent=("a",), fetched=("b",), deleted_there=("c",)),
            "synced api with tokyo (0.0 s, 0 B): 1 sent, 1 fetched, 1 deleted there",
        ),
        (SyncReport("pull"), "pulled api from tokyo: nothing to fetch"),
    ],
)
def test_one_line_says_what_was_done_and_left(report: SyncReport, said: str) -> None:
    assert sync_report.line(report, PROJECT) == said


def test_what_was_kept_is_named_with_the_command_that_moves_it() -> None:
    said = sync_report.beside(SyncReport(kept_there=("a", "b", "c", "d")), "tokyo", " -p x")
    assert said == ["mnix: only tokyo changed a, b, c and 1 more", "  → fetch: mnix pull -p x"]
    said = sync_report.beside(SyncReport("pull", kept_here=("a",)), "tokyo", "")
    assert said == ["mnix: changed or deleted only here: a", "  → send: mnix push"]


def test_a_conflict_comes_with_the_commands_to_type() -> None:
    one = SyncReport(conflicts=(Conflict("src/a b"),))
    assert sync_report.beside(one, "tokyo", "") == [
        "mnix: conflict: src/a b: changed on both sides",
        "  → see how they differ: mnix conflicts 'src/a b'",
        "  → settle: mnix resolve 'src/a b' --here, --there or --both",
    ]
    several = SyncReport(conflicts=(Conflict(".git", "git"), Conflict("d", "folder-file")))
    said = sync_report.beside(several, "tokyo", "")
    assert said[0] == "mnix: conflict: .git: the repository's own state changed on both sides"
    assert said[1] == "mnix: conflict: d: a folder on one side, and not on the other"
    assert said[-1].endswith("mnix resolve PATH --here, --there or --both")


def test_names_are_shown_safely_and_much_is_bounded() -> None:
    evil = "\x1b[31m\u202e\udcff"
    report = SyncReport(
        notes=(evil,) * 99,
        skipped=(Skipped(evil, "changed"),) * 99,
        conflicts=(Conflict(evil),) * 99,
        kept_there=(evil,) * 99,
    )
    said = sync_report.beside(report, evil, "")
    assert len(said) < 50
    assert all(each.isprintable() for each in said)
    assert any("89 more" in each for each in said)


def test_what_was_skipped_is_said_with_its_reason() -> None:
    skipped = (Skipped("a", "changed"), Skipped("b", "odd", "here"))
    said = sync_report.beside(SyncReport("pull", skipped=skipped), "tokyo", "")
    assert said == [
        "mnix: a was left as it is on tokyo: it changed meanwhile",
        "mnix: b was left as it is here: odd",
        "  → try again: mnix pull",
    ]


def test_sides_of_a_conflict() -> None:
    assert sync_report.side(None) == "nothing"
    assert sync_report.side(State("d", 0, 0, 0, "")) == "folder"
    assert sync_report.side(State("l", 0, 0, 0, "\x1bx")) == "link to \\x1bx"
    assert sync_report.side(State("f", 0o644, 2048, 0, "")).startswith("2.0 KiB, changed ")


def test_json_names_the_project_and_is_complete() -> None:
    plan = Plan(send=[Action(str(at), State("f", 0, 1, 0, "x"), None) for at in range(5000)])
    report = SyncReport(sent=tuple(map(str, range(5000))), preview=Preview("push", plan))
    found = sync_report.to_json(report, PROJECT)
    assert (found["project"], found["server"], len(found["sent"])) == ("api", "tokyo", 5000)
    assert len(found["preview"]["send"]) == found["preview"]["totals"]["send"] == 5000
