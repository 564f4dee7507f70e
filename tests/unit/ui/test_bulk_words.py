"""What is asked before several projects are told the same, and what is said of it after."""

from dataclasses import replace

from mnix_tui.domain.states import ProjectState
from mnix_tui.errors import Busy, MnixError
from mnix_tui.ui import bulk_words, fleet_index
from mnix_tui.ui.workbench import demo

INDEX = fleet_index.index(demo.fleet())
ALL = list(INDEX.snapshot.projects)


def _names(views: object) -> set[str]:
    return {view.project.name for view in views}  # type: ignore[attr-defined]


def test_who_needs_no_telling_and_who_can_t_be_told() -> None:
    stop = bulk_words.sort_out("stop", ALL, INDEX)
    assert _names(stop.away) == {"robot-arm", "telescope"}
    assert _names(stop.idle) == {"scratch", "db", "etl"}
    assert len(stop.views) == 6
    start = bulk_words.sort_out("start", ALL, INDEX)
    assert _names(start.views) == {"scratch", "db", "etl"}
    rebuild = bulk_words.sort_out("rebuild", ALL, INDEX)
    assert _names(rebuild.idle) == {"web"}
    gone = replace(ALL[0], status=replace(ALL[0].status, state=ProjectState.MISSING))
    assert bulk_words.sort_out("start", [gone], INDEX).away == (gone,)


def test_the_question_counts_and_says_what_ends() -> None:
    told = bulk_words.sort_out("stop", ALL, INDEX)
    question = bulk_words.question(told, INDEX)
    assert question.title == "Stop 6 projects on 3 servers?"
    assert question.goes[0].endswith("and 2 more")
    assert question.goes[1] == "2 open shells and 1 running job"
    assert "robot-arm, telescope: out of reach" in question.stays
    assert "scratch@local, db@tokyo, etl@lisbon: don't run" in question.stays


def test_one_project_is_one() -> None:
    api = [view for view in ALL if view.project.name == "api"]
    question = bulk_words.question(bulk_words.sort_out("rebuild", api, INDEX), INDEX)
    assert question.title == "Rebuild 1 project?"
    assert question.yes == "Rebuild"
    assert question.heading == "Builds"  # nothing goes


def test_what_came_of_it() -> None:
    projects = [view.project for view in ALL[:6]]
    well = [(project, None) for project in projects]
    assert bulk_words.summary("stop", well) == "6 projects stopped"
    assert bulk_words.summary("rebuild", well[:1]) == "1 project is being rebuilt"
    mixed: list[tuple[object, MnixError | None]] = [
        (project, Busy("web is\x1b[2J busy") if number < 5 else None)
        for number, project in enumerate(projects)
    ]
    assert bulk_words.summary("start", mixed) == "1 of 6 projects started"  # type: ignore[arg-type]
    reasons = bulk_words.reasons(mixed)  # type: ignore[arg-type]
    assert reasons.count("\n") == 0  # the same reason once
    assert "and 1 more: web is" in reasons
    assert "\x1b" not in reasons


def test_where_there_is_nobody_to_tell_it_says_why() -> None:
    lab = [view for view in ALL if view.project.server == "lab"]
    assert bulk_words.nothing(bulk_words.sort_out("stop", lab, INDEX)) == (
        "robot-arm, telescope: out of reach"
    )
