import pytest

from mnix_tui.actions.sessions import find_session
from mnix_tui.domain.jobs import Job
from mnix_tui.domain.states import JobState
from mnix_tui.errors import NotFound, UsageError


def job(id: str, name: str = "", project: str = "p", **more: float) -> Job:
    state = more.pop("state", JobState.RUNNING)
    assert isinstance(state, JobState)
    return Job(id, "session", project, state, title=name or "bash", name=name, **more)  # type: ignore[arg-type]


JOBS = [
    job("a", "web", started=1, active=9),
    job("b", "db", started=2, active=5),
    job("c", "web", "q", started=3, active=3),
    job("d", project="q", started=4),
]


def test_a_session_is_found_by_its_name_or_its_id() -> None:
    assert find_session(JOBS, "db").id == "b"
    assert find_session(JOBS, "d").id == "d"
    assert find_session(JOBS, "web", prefer="q").id == "c"


def test_a_title_is_a_name_only_where_nothing_is_ended_by_it() -> None:
    assert find_session(JOBS, "bash").id == "d"
    with pytest.raises(NotFound, match="no session 'bash'"):
        find_session(JOBS, "bash", titles=False)


def test_without_a_name_it_is_the_one_used_last() -> None:
    assert find_session(JOBS, "").id == "a"
    assert find_session(JOBS, "", prefer="q").id == "d"


def test_a_name_that_two_projects_have_needs_more_words() -> None:
    with pytest.raises(UsageError, match="a, c"):
        find_session(JOBS, "web")


def test_what_is_not_there_is_told_with_what_is() -> None:
    with pytest.raises(NotFound, match="web, db, web, d"):
        find_session(JOBS, "nothing")
    with pytest.raises(NotFound, match="none runs there"):
        find_session([job("e", "old", state=JobState.EXITED)], "old")  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="No session"):
        find_session([], "")
