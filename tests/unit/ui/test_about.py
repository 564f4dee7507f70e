"""What the overview says, in every state."""

from dataclasses import replace

import pytest

from mnix_tui.domain.jobs import Job
from mnix_tui.domain.projects import ProjectView
from mnix_tui.domain.servers import ServerStatus
from mnix_tui.domain.states import JobState, ProjectState, ServerState
from mnix_tui.errors import HostKeyUnknown
from mnix_tui.fleet import ServerView
from mnix_tui.link import Stats
from mnix_tui.ui import about, about_project, about_server, keys
from mnix_tui.ui.workbench import demo

FLEET = demo.fleet()
BINDINGS = {binding.id for binding in keys.SCREEN}


def _project(name: str) -> tuple[ProjectView, ServerView]:
    view = next(one for one in FLEET.projects if one.project.name == name)
    server = next(one for one in FLEET.servers if one.server.name == view.project.server)
    return view, server


def _about(view: ProjectView, server: ServerView) -> about.About:
    jobs = FLEET.jobs_of(view.project.remote_id)
    return about_project.of_project(view, server, jobs, now=demo.NOW, home=demo.HOME)


@pytest.mark.parametrize("state", list(ProjectState))
@pytest.mark.parametrize("reach", list(ServerState))
def test_every_state_has_a_next_step_with_a_key(state: ProjectState, reach: ServerState) -> None:
    view, server = _project("api")
    view = replace(view, status=replace(view.status, state=state))
    server = replace(server, status=ServerStatus(reach, "why", "", demo.NOW - 100))
    shown = _about(view, server)
    assert shown.steps
    assert {step.binding for step in shown.steps} <= BINDINGS


def test_isolation_is_marked() -> None:
    facts = {fact.label: fact for fact in _about(*_project("gateway")).facts}
    assert facts["Isolation"].value == "⌂ host"
    assert facts["Isolation"].tone == "busy"
    assert "no container" in facts["Isolation"].note


def test_what_can_not_be_confirmed_is_said_to_be_old() -> None:
    shown = _about(*_project("robot-arm"))
    assert shown.state == "running, as last seen"
    assert shown.tone == "idle"
    assert "seen 3h ago" in shown.summary
    assert shown.notices[0].title == "lab can't be reached"
    assert shown.notices[0].hint == "is the VPN up? ctrl+r tries again"


def test_a_failed_project_says_why() -> None:
    shown = _about(*_project("etl"))
    assert shown.notices == (
        about.Notice(
            "bad",
            "the flake doesn't evaluate: undefined variable 'pkgz'",
            hint="v shows the rebuild's log · r builds again",
        ),
    )


@pytest.mark.parametrize(
    ("job", "text"),
    [
        (Job("a", "rebuild", "p", JobState.EXITED, exit_code=0), "done"),
        (Job("a", "rebuild", "p", JobState.EXITED, exit_code=100), "exit 100"),
        (Job("a", "exec", "p", JobState.EXITED, reason="killed by signal 9"), "killed by signal 9"),
        (Job("a", "exec", "p", JobState.EXITED), "ended, nobody knows how"),
        (Job("a", "session", "p", JobState.LOST, reason="holder died"), "holder died"),
        (Job("a", "session", "p", JobState.RUNNING), "runs"),
    ],
)
def test_how_a_job_ended(job: Job, text: str) -> None:
    assert about.result(job) == text


def test_a_job_that_nobody_knows_the_end_of_is_not_a_success() -> None:
    line = about.job_line(Job("a", "exec", "p", JobState.EXITED), demo.NOW)
    assert (line.glyph, line.tone) == ("✕", "bad")


def test_a_server_without_podman_says_what_to_do() -> None:
    view = FLEET.servers[0]
    error = {"code": "no-engine", "message": "Podman is missing", "hint": "use --isolation host"}
    shown = about_server.of_server(
        view, (), now=demo.NOW, info={"engine": None, "engine_error": error}
    )
    assert shown.notices == (about.Notice("busy", "Podman is missing", "", "use --isolation host"),)


def test_the_key_that_changes_tags_is_the_one_that_does() -> None:
    view = replace(FLEET.servers[1], server=replace(FLEET.servers[1].server, tags=("eu",)))
    facts = about_server.of_server(view, (), now=demo.NOW).facts
    (note,) = (fact.note for fact in facts if fact.label == "Tags")
    binding = next(one for one in keys.SCREEN if one.action == "label_server")
    assert note == f"{binding.key} changes them"


def test_a_refused_server_is_not_said_to_be_retried() -> None:
    status = ServerStatus(ServerState.REFUSED, "host key changed")
    shown = about_server.of_server(replace(FLEET.servers[1], status=status), (), now=demo.NOW)
    assert shown.notices[0].detail == "not retried by itself"
    assert shown.notices[0].hint == "ctrl+r tries again now"


def test_a_host_key_that_nobody_accepted_is_asked_about_by_a_key_of_the_dashboard() -> None:
    for hint in (HostKeyUnknown.default_hint, HostKeyUnknown.declined):
        status = ServerStatus(ServerState.REFUSED, "host key unknown", hint)
        view = replace(FLEET.servers[1], status=status)
        notice = about_server.of_server(view, (), now=demo.NOW).notices[0]
        assert "ctrl+r" in notice.hint
        assert "--accept" not in notice.hint


def test_missing_measurements_are_left_out() -> None:
    view = replace(FLEET.servers[0], stats=Stats(load1=1.0, cpus=0, memory_total=0))
    labels = [fact.label for fact in about_server.of_server(view, (), now=demo.NOW).facts]
    assert "Load" not in labels
    assert "Memory" not in labels
