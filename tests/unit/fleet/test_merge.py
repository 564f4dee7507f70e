from dataclasses import replace
from typing import Any

from mnix_tui.domain.projects import Project, ProjectStatus, ProjectView
from mnix_tui.domain.servers import Server
from mnix_tui.domain.states import ProjectState
from mnix_tui.fleet.merge import MOST_LEARNED, merge
from mnix_tui.link import StateSnapshot

TOKYO = Server("tokyo", "tokyo.lab")


def info(id_: str, name: str, **more: Any) -> dict[str, Any]:
    return {"id": id_, "name": name, "state": "running", "isolation": "container", **more}


def said(*projects: dict[str, Any]) -> StateSnapshot:
    return StateSnapshot(projects, (), 50.0)


def stored(name: str, id_: str = "", server: str = "tokyo", **more: Any) -> ProjectView:
    status = ProjectStatus(state=ProjectState.STOPPED, isolation="host", seen=1.0)
    return ProjectView(Project(name, server, id_, **more), status)


def test_before_a_server_said_anything_the_store_is_shown() -> None:
    here, there = stored("api", "a"), stored("web", "b", server="osaka")
    assert merge(TOKYO, [here, there], None, 0) == ([here], [])


def test_the_server_knows_the_state_and_the_store_the_folder() -> None:
    views, learn = merge(TOKYO, [stored("api", "a", folder="/src")], said(info("a", "api")), 60.0)
    assert [view.project.folder for view in views] == ["/src"]
    assert views[0].status.state is ProjectState.RUNNING
    assert views[0].status.seen == 60.0
    assert learn == []


def test_a_project_that_only_the_server_has_is_shown_and_learned() -> None:
    views, learn = merge(TOKYO, [], said(info("a", "api", flake="nix/flake.nix")), 60.0)
    assert learn == [Project("api", "tokyo", "a", flake="nix/flake.nix")]
    assert [view.project for view in views] == learn


def test_a_project_that_the_server_no_longer_has_is_missing() -> None:
    views, learn = merge(TOKYO, [stored("api", "a", folder="/src")], said(), 60.0)
    assert views[0].status.state is ProjectState.MISSING
    assert views[0].status.isolation == "host"
    assert learn == []


def test_a_project_that_was_renamed_over_there_has_its_new_name_here() -> None:
    views, learn = merge(TOKYO, [stored("api", "a", folder="/src")], said(info("a", "api2")), 60.0)
    assert [(view.project.name, view.project.folder) for view in views] == [("api2", "/src")]
    assert [project.name for project in learn] == ["api2"]


def test_a_project_of_an_older_mnix_is_found_by_its_name() -> None:
    views, learn = merge(TOKYO, [stored("api", folder="/src")], said(info("a", "api")), 60.0)
    assert len(views) == 1
    assert learn == [Project("api", "tokyo", "a", folder="/src")]


def test_a_project_of_an_older_mnix_that_was_never_built_is_not_missing() -> None:
    views, _ = merge(TOKYO, [stored("api", folder="/src")], said(), 60.0)
    assert views[0].status.state is ProjectState.STOPPED


def test_a_project_that_was_made_anew_under_its_name_is_the_same_row() -> None:
    views, learn = merge(TOKYO, [stored("api", "a", folder="/src")], said(info("b", "api")), 60.0)
    assert [view.project.remote_id for view in views] == ["b"]
    assert [project.remote_id for project in learn] == ["b"]


def test_a_name_that_moved_to_another_project_takes_no_row_away() -> None:
    known = [stored("api", "a", folder="/a"), stored("web", "b", folder="/b")]
    views, _ = merge(TOKYO, known, said(info("b", "api"), info("a", "web")), 60.0)
    assert {(v.project.remote_id, v.project.name, v.project.folder) for v in views} == {
        ("a", "web", "/a"),
        ("b", "api", "/b"),
    }


def test_an_id_comes_before_a_name() -> None:
    known = [stored("api", folder="/old"), stored("other", "a", folder="/new")]
    views, _ = merge(TOKYO, known, said(info("a", "api")), 60.0)
    by_folder = {view.project.folder: view.project.remote_id for view in views}
    assert by_folder == {"/new": "a", "/old": ""}


def test_what_has_no_id_is_no_project() -> None:
    assert merge(TOKYO, [], said({"name": "ghost"}), 60.0) == ([], [])


def test_rows_are_sorted_by_name() -> None:
    views, _ = merge(TOKYO, [stored("m", "1")], said(info("1", "m"), info("2", "a")), 60.0)
    assert [view.project.name for view in views] == ["a", "m"]


def test_a_server_that_was_lost_teaches_nothing_and_the_store_may_know_better() -> None:
    renamed = stored("api2", "a")  # by somebody who still sees the server
    later = replace(renamed, status=replace(renamed.status, seen=99.0))
    told = said(info("a", "api"), info("b", "web"))
    views, learn = merge(TOKYO, [renamed], told, 60.0, live=False)
    assert [(one.project.name, one.status.state) for one in views] == [
        ("api2", ProjectState.RUNNING),
        ("web", ProjectState.RUNNING),
    ]
    assert learn == []
    assert later in merge(TOKYO, [later], told, 60.0, live=False)[0]
    made = replace(later, project=Project("new", "tokyo", "c"))
    assert made in merge(TOKYO, [made], told, 60.0, live=False)[0]


def test_what_a_server_invents_is_shown_and_not_saved_without_end() -> None:
    many = [info(f"i{number}", f"n{number}") for number in range(MOST_LEARNED + 5)]
    views, learn = merge(TOKYO, [stored("api", "a")], said(info("a", "api"), *many), 60.0)
    assert len(views) == len(many) + 1
    assert len(learn) == MOST_LEARNED - 1
    twice = said(info("a", "api"), info("b", "api"))
    assert merge(TOKYO, [stored("api", "a")], twice, 60.0)[1] == []
