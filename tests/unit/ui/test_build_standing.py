"""What the head of a rebuild's tab says, for each way in which it can stand."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from mnix_tui.domain.jobs import Job
from mnix_tui.domain.states import JobState
from mnix_tui.nixlog import Problem, Summary
from mnix_tui.ui import about, tabs
from mnix_tui.ui.arrangement import Arrangement
from mnix_tui.ui.panes.build_standing import Around, Facts, head

JOB = Job("b1", "rebuild", "web", JobState.EXITED, started=100.0, ended=130.0, exit_code=1)


def _facts(job: Job, around: Around, ok: bool | None = False, *problems: Problem) -> Facts:
    build = SimpleNamespace(summary=lambda: Summary(ok=ok), problems=list(problems))
    watch: Any = SimpleNamespace(
        build=build, live=job.live, down="", done=not job.live, error=None, code=None, lines=["x"]
    )
    return Facts(job, watch, 140.0, 0.0, around, None, ending=False)


def test_the_number_that_is_coming_is_said_where_it_is_known() -> None:
    job = replace(JOB, state=JobState.RUNNING, ended=None, exit_code=None)
    assert head(_facts(job, Around(5, 9), None)).title == "Rebuild for generation 9"
    assert head(_facts(job, Around(5), None)).title == "Rebuild"


def test_only_of_the_newest_one_it_is_said_what_stays_in_use() -> None:
    assert head(_facts(JOB, Around(3))).doing == "generation 3 stays in use"
    assert head(_facts(JOB, Around(3, newest=False))).doing == ""
    assert head(_facts(JOB, Around())).doing == ""


def test_a_lost_one_says_why_behind_its_title() -> None:
    job = replace(JOB, state=JobState.LOST, exit_code=None, reason="the server was restarted")
    found = head(_facts(job, Around(3)))
    assert found.title == "Rebuild lost"
    assert found.doing == "the server was restarted · generation 3 stays in use"


def test_a_cancelled_one_is_no_failure() -> None:
    ours, real = Problem("nix was interrupted"), Problem("hello failed")
    facts = _facts(replace(JOB, exit_code=143), Around(3), False, ours, real)
    found = head(facts)
    assert (found.glyph, found.tone, found.title) == ("⊘", "busy", "Rebuild cancelled")
    assert about.job_line(facts.job, 140.0).glyph == "⊘"
    tab = tabs.of_project((facts.job,), Arrangement(), tabs.Seen({}, {}, {}))[1]
    assert (tab.label, tab.tone) == ("⊘ Rebuild", "")
    assert list(facts.problems) == [real]
    assert list(_facts(JOB, Around(3), False, ours).problems) == [ours]


def test_what_its_log_decided_is_said_before_the_job_ends() -> None:
    job = replace(JOB, state=JobState.RUNNING, ended=None, exit_code=None)
    facts = _facts(job, Around(3))
    assert facts.watch is not None
    facts.watch.live = False  # type: ignore[misc]
    assert head(facts).title == "Rebuild failed"
