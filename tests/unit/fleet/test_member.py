"""What is shown of one server: put together when something changed, and the same object else."""

from dataclasses import replace
from typing import Any

import pytest

from mnix_tui.domain.drift import Drift
from mnix_tui.domain.projects import Project, ProjectStatus, ProjectView
from mnix_tui.domain.servers import Server, ServerStatus
from mnix_tui.domain.states import ProjectState, ServerState
from mnix_tui.fleet.member import AFRESH, RESTAMP, Member
from mnix_tui.link import LinkOptions, Silence, StateSnapshot, Stats, StatusChanged

SERVER = Server("tokyo", "t")
INFO: dict[str, Any] = {
    "id": "aaaaaaaa", "name": "api", "state": "running", "isolation": "host",
    "inputs": {"workspace": {"flake.nix": "11"}, "generation": {"flake.nix": "11"}},
}  # fmt: skip


class Rig:
    def __init__(self) -> None:
        self.told: list[bool] = []
        self.here: dict[str, str] = {}
        self.member = Member(SERVER, None, LinkOptions(), lambda _, news: self.told.append(news))

    def hear(self, event: Any, seen: float, state: ServerState = ServerState.ONLINE) -> None:
        self.member.link.status = ServerStatus(state, seen=seen)
        self.member._take(event)

    def look(self, *, afresh: bool = False) -> Member:
        self.member.look(lambda _: self.here, afresh=afresh)
        return self.member


def test_a_sample_changes_what_is_shown_of_the_server_and_not_its_projects() -> None:
    rig = Rig()
    rig.hear(StateSnapshot((INFO,), (), 100.0), 100.0)
    shown = rig.look()
    view, projects = shown.view, shown.projects
    assert [one.status.state for one in projects] == [ProjectState.RUNNING]
    rig.hear(Stats(load1=1.0, cpus=1, seen=104.0), 104.0)
    rig.hear(Silence(0.0), 104.0)
    assert rig.told == [True, False]
    assert rig.look().view is not view
    assert rig.member.projects is projects
    assert rig.member.history.samples.load == (1.0,)


def test_a_server_that_goes_on_answering_confirms_its_projects_now_and_then() -> None:
    rig = Rig()
    rig.hear(StateSnapshot((INFO,), (), 100.0), 100.0)
    (before,) = rig.look().projects
    later = 100.0 + RESTAMP
    rig.hear(Stats(seen=later), later)
    (after,) = rig.look().projects
    assert after == replace(before, status=replace(before.status, seen=later))


def test_what_is_gone_was_last_seen_to_the_second() -> None:
    rig = Rig()
    rig.hear(StateSnapshot((INFO,), (), 100.0), 100.0)
    rig.look()
    rig.hear(Stats(seen=103.0), 103.0)
    assert [one.status.seen for one in rig.look().projects] == [100.0]
    rig.hear(StatusChanged(ServerStatus()), 103.0, ServerState.RECONNECTING)
    assert [one.status.seen for one in rig.look().projects] == [103.0]


def test_what_no_server_told_keeps_its_own_time() -> None:
    rig = Rig()
    old = ProjectView(Project("old", "tokyo"), ProjectStatus(ProjectState.STOPPED, seen=7.0))
    assert rig.member.remember(SERVER, (old,))
    assert not rig.member.remember(SERVER, (old,))
    rig.hear(StateSnapshot((INFO,), (), 100.0), 100.0)
    rig.look()
    rig.hear(Stats(seen=200.0), 200.0)
    seen = {one.project.name: one.status.seen for one in rig.look().projects}
    assert seen == {"api": 200.0, "old": 7.0}


def test_what_differs_here_is_looked_at_when_it_was_read_afresh() -> None:
    rig = Rig()
    rig.hear(StateSnapshot((INFO,), (), 100.0), 100.0)
    rig.look()
    rig.here = {"flake.nix": "22"}
    assert [one.drift for one in rig.look().projects] == [Drift()]
    assert [one.drift for one in rig.look(afresh=True).projects] == [Drift(("flake.nix",))]


def test_a_server_with_other_tags_is_news() -> None:
    rig = Rig()
    assert rig.member.remember(Server("tokyo", "t", ("web",), "always"), ())
    assert rig.look().view.server.tags == ("web",)


def test_a_server_that_is_lost_teaches_nothing_any_more() -> None:
    rig = Rig()
    rig.hear(StateSnapshot((INFO,), (), 100.0), 100.0)
    assert [project.name for project in rig.look().learn] == ["api"]
    rig.hear(StatusChanged(ServerStatus()), 103.0, ServerState.OFFLINE)
    assert rig.look().learn == []
    renamed = ProjectView(Project("api2", "tokyo", "aaaaaaaa"), ProjectStatus(seen=50.0))
    assert rig.member.remember(SERVER, (renamed,))
    assert [one.project.name for one in rig.look().projects] == ["api2"]
    assert rig.member.learn == []
    assert rig.member.remember(SERVER, ())  # another process removed it
    assert rig.look().projects == ()
    rig.hear(StateSnapshot((INFO,), (), 200.0), 200.0)
    assert [project.name for project in rig.look().learn] == ["api"]


def tries(monkeypatch: pytest.MonkeyPatch, member: Member) -> list[str]:
    """Return a list that grows with each attempt that is asked for."""
    found: list[str] = []
    monkeypatch.setattr(member.link, "retry_now", lambda: found.append("now"))
    return found


def test_what_another_process_reached_is_tried_again_once(monkeypatch: pytest.MonkeyPatch) -> None:
    member = Rig().member
    tried = tries(monkeypatch, member)
    member.hear(ServerStatus(ServerState.REFUSED, "host key changed", seen=50.0))
    member.link.status = ServerStatus(ServerState.REFUSED, "host key changed", seen=50.0)
    member.hear(ServerStatus(ServerState.REFUSED, "host key changed", seen=50.0))
    assert tried == []
    member.hear(ServerStatus(ServerState.ONLINE, seen=100.0))
    assert tried == ["now"]
    for seen in (100.0, 160.0, 220.0):  # it stays connected there, and is refused here all the same
        member.hear(ServerStatus(ServerState.ONLINE, seen=seen))
    assert tried == ["now"]
    member.hear(ServerStatus(ServerState.ONLINE, seen=220.0 + 2 * AFRESH))
    assert tried == ["now"] * 2


def test_what_is_connected_or_at_rest_is_not_tried_for_what_others_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for state in (ServerState.ONLINE, ServerState.UNKNOWN, ServerState.CONNECTING):
        member = Rig().member
        tried = tries(monkeypatch, member)
        member.link.status = ServerStatus(state)
        member.hear(None)
        member.hear(ServerStatus(ServerState.ONLINE, seen=100.0))
        assert tried == []
