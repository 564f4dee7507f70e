"""What is known, put together for the widgets."""

from dataclasses import replace

from mnix_tui.domain.jobs import Job
from mnix_tui.domain.servers import ServerStatus
from mnix_tui.domain.states import JobState, ServerState
from mnix_tui.fleet import FleetSnapshot, Samples
from mnix_tui.ui import fleet_rows, tabs
from mnix_tui.ui.activity import KEPT, Activity
from mnix_tui.ui.arrangement import Arrangement
from mnix_tui.ui.view_model import ServerFacts, ViewModel
from mnix_tui.ui.workbench import demo

API = "tokyo/tokyo-api"


def _model(snapshot: FleetSnapshot | None = None) -> ViewModel:
    model = ViewModel(Activity(lambda: demo.NOW), demo.HOME)
    model.take(snapshot or demo.fleet())
    return model


def _labels(model: ViewModel, key: str, panes: frozenset[str] = frozenset()) -> list[str]:
    shown = model.shown(key, panes, demo.NOW)
    assert shown
    return [tab.label for tab in shown.tabs]


def test_the_tree_is_servers_with_their_projects_by_name() -> None:
    names = [(row.is_server, row.name) for row in _model().rows(demo.NOW)]
    assert names[:4] == [(True, "local"), (False, "notes"), (False, "scratch"), (True, "lab")]


def test_folding_leaves_the_server() -> None:
    model = _model()
    model.fleet.fold("tokyo", True)
    rows = [row for row in model.rows(demo.NOW) if row.server == "tokyo"]
    assert [(row.name, row.fold) for row in rows] == [("tokyo", "▸")]


def test_projects_of_a_server_that_is_away_are_stale() -> None:
    rows = {row.name: row for row in _model().rows(demo.NOW)}
    assert rows["robot-arm"].stale
    assert rows["robot-arm"].note == "3h ago"
    assert not rows["api"].stale
    assert not [row.name for row in rows.values() if "ago" in row.note and not row.stale]


def test_a_server_that_is_away_says_why_without_its_name() -> None:
    refused = ServerStatus(ServerState.REFUSED, "lab: host key changed")
    servers = tuple(
        replace(view, status=refused) if view.server.name == "lab" else view
        for view in demo.fleet().servers
    )
    model = _model(replace(demo.fleet(), servers=servers))
    assert {row.name: row.note for row in model.rows(demo.NOW)}["lab"] == "host key changed"


def test_a_silent_server_is_no_plain_online_one() -> None:
    snapshot = demo.fleet()
    silent = tuple(
        replace(view, status=replace(view.status, silent_since=demo.NOW - 9))
        if view.server.name == "tokyo"
        else view
        for view in snapshot.servers
    )
    rows = {row.key: row for row in _model(replace(snapshot, servers=silent)).rows(demo.NOW)}
    assert rows["tokyo"].note == "no answer for 9 s"
    assert rows["tokyo"].tone == "busy"
    assert rows["tokyo"].glyph != rows["local"].glyph
    assert not rows["tokyo/tokyo-api"].stale
    model = _model(replace(snapshot, servers=silent))
    model.facts["tokyo"] = ServerFacts({}, {}, 0.01)
    page = model.shown("tokyo", frozenset(), demo.NOW)
    assert page
    assert (page.about.state, page.about.tone) == ("no answer for 9 s", "busy")
    assert "Answers in" not in [fact.label for fact in page.about.facts]
    assert page.about.steps[0].binding == "server.retry"


def test_live_sessions_and_the_last_build_have_tabs() -> None:
    assert _labels(_model(), API) == ["Overview", "Shell 1", "Shell 2", "Rebuild 12", "Log"]
    assert _labels(_model(), "tokyo/tokyo-web") == ["Overview", "Rebuild ◐ 59%", "Log"]
    assert _labels(_model(), "lisbon/lisbon-etl") == ["Overview", "✕ Rebuild", "Log"]
    assert _labels(_model(), "lab") == ["Overview", "Log"]


def test_a_shell_keeps_its_number_while_others_end() -> None:
    model = _model()
    assert _labels(model, API)[1:3] == ["Shell 1", "Shell 2"]
    snapshot = model.snapshot
    model.take(replace(snapshot, jobs=tuple(j for j in snapshot.jobs if j.id != "shell1")))
    assert _labels(model, API)[1] == "Shell 2"
    new = Job("shell3", "session", "tokyo-api", JobState.RUNNING, started=demo.NOW)
    model.take(replace(model.snapshot, jobs=(*model.snapshot.jobs, new)))
    assert _labels(model, API)[1:3] == ["Shell 2", "Shell 1"]


def test_a_shell_that_was_just_opened_has_a_tab_before_the_server_lists_it() -> None:
    model = _model()
    job = Job("new", "session", "tokyo-db", JobState.STARTING, started=demo.NOW)
    model.opened("tokyo/tokyo-db", job)
    assert _labels(model, "tokyo/tokyo-db") == ["Overview", "Shell 1", "Log"]
    model.take(replace(model.snapshot, jobs=(*model.snapshot.jobs, job)))
    model.take(replace(model.snapshot, jobs=()))
    assert _labels(model, "tokyo/tokyo-db") == ["Overview", "Log"]


def test_an_ended_shell_keeps_its_tab_while_it_is_on_screen() -> None:
    model = _model()
    assert model.job("shell1")
    model.take(replace(model.snapshot, jobs=()))
    assert "Shell 1" in _labels(model, API, frozenset({"shell1"}))
    assert "Shell 1" not in _labels(model, API)


def test_older_builds_are_listed_and_can_be_opened() -> None:
    model = _model()
    old = Job("b11", "rebuild", "tokyo-api", JobState.EXITED, exit_code=0, generation=11, started=5)
    model.remember(API, [old])
    view = model.project(API)
    assert view
    assert [job.id for job in model.jobs(view)] == ["shell2", "shell1", "build12", "b11"]
    model.opened(API, old)
    assert _labels(model, API)[-3:] == ["Rebuild 12", "Rebuild 11", "Log"]


def test_what_a_server_no_longer_lists_as_running_has_ended() -> None:
    model = _model()
    stale = Job("gone", "session", "tokyo-api", JobState.RUNNING)
    model.remember(API, [stale])
    view = model.project(API)
    assert view
    assert "gone" not in [job.id for job in model.jobs(view)]


def test_load_over_time_is_what_the_snapshot_has_of_it() -> None:
    model = _model()
    samples = {"tokyo": Samples((0.31, 0.5), seen=demo.NOW - 2)}
    model.take(replace(model.snapshot, samples=samples))
    row = next(row for row in model.rows(demo.NOW) if row.name == "tokyo")
    assert (row.more, row.note) == ("▃▅", "50%")
    old = next(row for row in model.rows(demo.NOW + 40) if row.name == "tokyo")
    assert (old.note, old.stale) == ("42s ago", True)


def test_activity_is_bounded_and_belongs_to_its_subject() -> None:
    activity = Activity(lambda: 1.0)
    activity.add("tokyo/a", "good", "one")
    activity.add("tokyo", "idle", "two")
    activity.add("lisbon", "idle", "three")
    assert [entry.text for entry in activity.of("tokyo/a")] == ["one"]
    assert [entry.text for entry in activity.of("tokyo")] == ["one", "two"]
    for number in range(KEPT + 5):
        activity.add("x", "idle", str(number))
    assert len(activity.of("x")) == KEPT


def test_a_state_that_a_newer_server_invented_is_shown() -> None:
    assert fleet_rows.glyph("hibernating") == "○"
    assert fleet_rows.tone("hibernating") == "idle"


def test_tabs_of_a_command() -> None:
    job = Job("x", "exec", "p", JobState.EXITED, exit_code=2)
    assert [
        tab.label for tab in tabs.of_project((), Arrangement(), tabs.Seen({}, {}, {}), job)
    ] == [
        "Overview",
        "✕ Command",
        "Log",
    ]
