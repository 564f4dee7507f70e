"""What is told of rebuilds that have ended."""

from dataclasses import replace

import pytest

from mnix_tui.domain.jobs import Job
from mnix_tui.domain.states import JobState
from mnix_tui.fleet import FleetSnapshot
from mnix_tui.ui import build_news, outer_notice
from mnix_tui.ui.build_news import Ended
from mnix_tui.ui.workbench import demo

FLEET = demo.fleet()
RUNS = Job("web1", "rebuild", "tokyo-web", JobState.RUNNING, started=demo.NOW - 125)


def _over(**changes: object) -> Job:
    ended = {"state": JobState.EXITED, "ended": demo.NOW, "exit_code": 0, "generation": 8}
    return replace(RUNS, **{**ended, **changes})  # type: ignore[arg-type]


def _ended(**changes: object) -> Ended:
    return _from(FLEET, replace(FLEET, jobs=(_over(**changes),)))[0]


def _from(before: FleetSnapshot, after: FleetSnapshot) -> list[Ended]:
    return build_news.ended(before, after)


def test_a_rebuild_has_ended_when_it_ran_and_does_not_any_more() -> None:
    running, over = replace(FLEET, jobs=(RUNS,)), replace(FLEET, jobs=(_over(),))
    assert [one.job.id for one in _from(running, over)] == ["web1"]
    assert _from(over, over) == []
    assert _from(FleetSnapshot(), over) == []  # it ended before anybody looked
    assert _from(running, replace(over, projects=())) == []
    assert build_news.started(over, running) == {"tokyo-web"}
    assert build_news.started(running, running) == set()


@pytest.mark.parametrize(
    ("changes", "title", "body", "bad"),
    [
        ({}, "generation 8 is in use", "after 2 min 5 s", False),
        ({"exit_code": 1}, "the rebuild failed", "generation 7 stays in use", True),
        ({"exit_code": 143}, "the rebuild was cancelled", "generation 7", False),
        ({"state": JobState.LOST, "exit_code": None}, "the rebuild was lost", "v on its row", True),
        (
            {"cause": "warm-up", "exit_code": 1},
            "the warm-up failed",
            "v on its row shows the log",
            True,
        ),
    ],
)
def test_the_news_say_what_came_of_it_and_what_to_do(
    changes: dict[str, object], title: str, body: str, bad: bool
) -> None:
    (news,) = build_news.told([_ended(**changes)])
    assert news.title == f"web @ tokyo: {title}"
    assert body in news.body
    assert news.bad is bad


def test_the_reason_is_said_where_it_is_known() -> None:
    why = replace(_ended(exit_code=1), why="hello-2.12 failed to build")
    assert build_news.told([why])[0].body.startswith("hello-2.12 failed to build")


def test_ten_at_once_are_one_piece_of_news() -> None:
    each = [_ended(exit_code=number % 5 == 0) for number in range(10)]
    (news,) = build_news.told(each)
    assert news.title == "10 rebuilds have ended: 8 done, 2 not"
    assert news.body == "not done: web @ tokyo; web @ tokyo"
    assert news.bad
    two = build_news.told(each[:2])
    assert len(two) == 2
    assert build_news.headline(two).title == "2 rebuilds have ended"


@pytest.mark.parametrize(
    ("env", "kinds"),
    [
        ({"TERM": "xterm-ghostty"}, [True, False]),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, [True, False]),
        ({"TERM": "foot"}, [False, True]),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, [False, True]),
        ({"TERM": "xterm-256color"}, [True, True]),
    ],
)
def test_the_outer_terminal_is_told_in_a_way_it_knows(
    env: dict[str, str], kinds: list[bool]
) -> None:
    said = outer_notice.sequence("api: done", "after 2 min", env)
    assert ["\x1b]9;" in said, "\x1b]777;notify;" in said] == kinds


def test_inside_tmux_it_is_wrapped_so_that_it_gets_through() -> None:
    said = outer_notice.sequence("api", "", {"TMUX": "/tmp/x", "TERM": "tmux-256color"})
    assert said.startswith("\x1bPtmux;\x1b\x1b]9;mnix: api\x1b\x1b\\")
    assert said.endswith("\x1b\\")


def test_nothing_that_a_server_says_gets_out_of_the_notification() -> None:
    hostile = "4;1;a\x07\x1b]52;c;eA==\x07\x1b\\b\x9c\n" + "x" * 999
    said = outer_notice.sequence(hostile, hostile, {"TERM": "xterm"})
    inside = (
        said.removeprefix("\x1b]9;").replace("\x1b\\\x1b]777;notify;", "").removesuffix("\x1b\\")
    )
    assert not any(char in inside for char in "\x07\x1b\x9c\n")
    assert inside.count(";") == 1  # ours, between title and body
    assert said.startswith("\x1b]9;mnix: ")  # no number, which some terminals take as a command
    assert len(said) < 1000
