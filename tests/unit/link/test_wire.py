from typing import Any

import pytest

from mnix_tui.domain.states import JobState, ProjectState
from mnix_tui.errors import AlreadyExists, Busy, MnixError, NotFound, RemoteError
from mnix_tui.link import wire

JOB = {
    "id": "abcdefgh",
    "kind": "rebuild",
    "project_id": "p1234567",
    "state": "exited",
    "title": "rebuild",
    "pty": False,
    "started": 1.5,
    "ended": 2.5,
    "exit_code": 100,
    "reason": "",
    "socket": "",
    "log_size": 12,
    "generation": None,
}


def test_a_job_keeps_every_field() -> None:
    job = wire.job(JOB)
    assert (job.id, job.kind, job.project_id, job.exit_code) == (
        "abcdefgh",
        "rebuild",
        "p1234567",
        100,
    )
    assert job.state is JobState.EXITED
    assert (job.ended, job.log_size, job.generation) == (2.5, 12, None)


def test_a_job_of_a_newer_agent_is_understood() -> None:
    assert wire.job({**JOB, "colour": "green"}).id == "abcdefgh"


def test_a_state_that_nobody_knows_counts_as_lost() -> None:
    assert wire.job({**JOB, "state": "levitating"}).state is JobState.LOST


def test_a_job_without_an_id_is_the_agents_mistake() -> None:
    with pytest.raises(RemoteError) as caught:
        wire.job({"kind": "exec"})
    assert caught.value.code == "protocol"


def test_a_project_status_has_the_time_it_was_seen() -> None:
    status = wire.project_status({"state": "running", "isolation": "host", "sessions": 2}, 7.0)
    assert (status.state, status.isolation, status.sessions, status.seen) == (
        ProjectState.RUNNING,
        "host",
        2,
        7.0,
    )
    assert status.generation is None


def test_a_snapshot_drops_what_is_no_object() -> None:
    snapshot = wire.snapshot({"projects": [{"id": "p"}, 3], "jobs": [JOB, None]}, 1.0)
    assert [project["id"] for project in snapshot.projects] == ["p"]
    assert [job.id for job in snapshot.jobs] == ["abcdefgh"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("busy", Busy),
        ("not-found", NotFound),
        ("exists", AlreadyExists),
        ("no-engine", RemoteError),
        ("tomorrow", RemoteError),
    ],
)
def test_codes_become_exceptions(code: str, kind: type[MnixError]) -> None:
    error = wire.error({"code": code, "message": "m", "hint": "h", "detail": "d"})
    assert type(error) is kind
    assert (error.title, error.detail, error.hint) == ("m", "d", "h")


def test_an_error_of_no_known_shape_is_still_an_error() -> None:
    assert str(wire.error("kaboom")) == "kaboom"
    assert isinstance(wire.error(None), RemoteError)


def test_load_is_a_share_of_the_processors() -> None:
    assert wire.stats({"load1": 2.0, "cpus": 4}, 0).load == 0.5
    assert wire.stats({"load1": 2.0}, 0).load is None


ODD: list[Any] = [None, True, -1, 10**400, 1e308, float("nan"), "x" * 9999, "\x1b[2J", [], [[]], {}]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:12])
def test_values_of_the_wrong_kind_do_no_harm(odd: Any) -> None:
    for name in set(JOB) - {"id", "kind", "project_id"}:
        job = wire.job({**JOB, name: odd})
        assert (job.title + job.reason + job.id).isprintable()
        assert len(job.title) <= 300
        assert -1e12 < job.started < 1e12
    fields = ("state", "isolation", "generation", "detail", "sessions", "pushed", "inputs", "store")
    for name in fields:
        status = wire.project_status({name: odd}, 1.0)
        assert isinstance(status.sessions, int)
        assert "\x1b" not in status.detail + status.isolation
    assert isinstance(
        wire.error({"code": odd, "message": odd, "detail": odd, "fix": odd}), MnixError
    )
    assert "\x1b" not in str(wire.error({"message": odd, "detail": odd}))
    entry = {"id": "i", "time": 1.0, "by": "b", "path": "p", "kind": "f", "size": 1, "of": 1}
    for name in entry:
        for one in wire.trashed({"trash": [{**entry, name: odd}]}):
            assert -1e11 < one.time < 1e12
            assert 0 <= one.size + one.of < 1 << 64
            assert (one.id + one.by + one.kind).isprintable()
    assert wire.trashed({"trash": odd}) == []
    assert wire.trashed(odd) == []


@pytest.mark.parametrize("odd", [*ODD, {"projects": []}, {"projects": {}, "jobs": []}])
def test_a_state_without_its_lists_is_no_empty_one(odd: Any) -> None:
    with pytest.raises(RemoteError):
        wire.snapshot(odd, 1.0)


def test_a_state_is_bounded_and_its_names_are_clean() -> None:
    info = {"id": "p\n1", "name": ["x"], "state": "running"}
    snapshot = wire.snapshot({"projects": [info] * 20_000, "jobs": []}, 1.0)
    assert len(snapshot.projects) == wire.MAX_PROJECTS
    assert snapshot.projects[0]["id"] == "p 1"
    assert snapshot.projects[0]["name"] == "['x']"


@pytest.mark.parametrize("flake", ["\ud800", "a\0b", "x" * 5000, "/etc/flake.nix", "../f", 7, ""])
def test_a_flake_that_lies_nowhere_below_its_folder_is_the_usual_one(flake: Any) -> None:
    told = {"projects": [{"id": "a", "name": "api", "flake": flake}], "jobs": []}
    assert wire.snapshot(told, 1.0).projects[0]["flake"] == "flake.nix"
    told["projects"][0]["flake"] = "nix/größe.nix"
    assert wire.snapshot(told, 1.0).projects[0]["flake"] == "nix/größe.nix"


def test_a_job_says_which_server_told_of_it() -> None:
    (job,) = wire.snapshot({"projects": [], "jobs": [JOB]}, 1.0, "tokyo").jobs
    assert job.server == "tokyo"
    assert job == wire.job(JOB)
