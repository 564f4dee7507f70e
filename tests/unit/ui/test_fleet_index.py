"""Clones, and one machine under two names, have the same ids: each server's own are told apart."""

from dataclasses import replace

from mnix_tui.domain.jobs import Job
from mnix_tui.domain.projects import Project, ProjectView
from mnix_tui.domain.servers import Server, ServerStatus
from mnix_tui.domain.states import JobState, ServerState
from mnix_tui.fleet import FleetSnapshot, ServerView
from mnix_tui.nixlog import Summary
from mnix_tui.ui import fleet_index
from mnix_tui.ui.building import Building

BOX, VPN = (ProjectView(Project("web", server, "wwwwwwww")) for server in ("box", "boxvpn"))


def job(server: str, id_: str = "jjjjjjjj", state: JobState = JobState.RUNNING) -> Job:
    return Job(id_, "session", "wwwwwwww", state, server=server)


def index(*jobs: Job, online: str = "box") -> fleet_index.Index:
    servers = tuple(
        ServerView(
            Server(name, name),
            ServerStatus(ServerState.ONLINE if name == online else ServerState.OFFLINE),
        )
        for name in ("box", "boxvpn")
    )
    return fleet_index.index(FleetSnapshot(servers, (BOX, VPN), jobs))


def test_a_job_belongs_to_the_project_of_the_server_that_told_of_it() -> None:
    known = index(job("box"), job("boxvpn"), job("boxvpn", "kkkkkkkk"))
    assert known.project_of(job("box")) is BOX
    assert known.project_of(job("boxvpn")) is VPN
    assert [each.server for each in known.jobs_of(BOX)] == ["box"]
    assert [each.id for each in known.jobs_of(VPN)] == ["jjjjjjjj", "kkkkkkkk"]
    assert len(known.snapshot.jobs_of(*BOX.project.key)) == 1
    assert len(known.snapshot.jobs_of("wwwwwwww")) == 3


def test_of_two_that_tell_of_one_job_the_one_that_answers_counts() -> None:
    both = job("box"), job("boxvpn")
    for online in ("box", "boxvpn"):
        assert index(*both, online=online).job["jjjjjjjj"].server == online
    ended = job("boxvpn", state=JobState.LOST)
    assert index(job("box"), ended, online="boxvpn").job["jjjjjjjj"].state is JobState.LOST


def test_a_job_of_which_nobody_says_where_it_is_belongs_to_one_that_answers() -> None:
    nobody = job("")
    for online, view in (("box", BOX), ("boxvpn", VPN)):
        assert index(nobody, online=online).project_of(nobody) is view
    assert index(nobody).jobs_of(BOX) == (nobody,)
    assert index(nobody).jobs_of(ProjectView(Project("new", "box"))) == ()


def test_a_rebuild_on_one_of_them_is_not_one_on_the_other() -> None:
    build = replace(job("boxvpn"), kind="rebuild")
    known = index(build)
    assert known.building(BOX) is None
    assert known.building(VPN) == Building()
    known = fleet_index.index(
        replace(known.snapshot, builds={build.key: Summary(fraction=0.5, phase="build")})
    )
    assert (found := known.building(VPN)) is not None
    assert found.fraction == 0.5
