"""What the fleet saw of many servers is noted in one go."""

import time
from pathlib import Path

from mnix_tui.domain.projects import Project, ProjectStatus
from mnix_tui.domain.servers import LOCAL, Server, ServerStatus
from mnix_tui.domain.states import ProjectState, ServerState
from mnix_tui.store import Store


def running(seen: float) -> ProjectStatus:
    return ProjectStatus(ProjectState.RUNNING, generation=3, seen=seen)


async def test_what_was_seen_is_kept_by_id_and_by_name(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "client.db") as store:
        await store.add_server(Server("tokyo", "t"))
        await store.put_project(Project("api", "tokyo", "aaaaaaaa"))
        await store.put_project(Project("old", "tokyo"))
        await store.put_project(Project("api", LOCAL, "bbbbbbbb"))
        up = ServerStatus(ServerState.ONLINE, seen=10.0)
        await store.put_observed(
            {
                "tokyo": (up, {"aaaaaaaa": running(10.0), "old": running(9.0)}),
                "gone": (up, {"aaaaaaaa": running(99.0)}),
            }
        )
        seen = {view.project.ref: view.status.seen for view in await store.projects()}
        assert seen == {"api@local": None, "api@tokyo": 10.0, "old@tokyo": 9.0}
        assert set(await store.server_statuses()) == {"tokyo"}

        await store.put_seen({"tokyo": 70.0, "gone": 70.0})
        statuses = {view.project.ref: view.status for view in await store.projects()}
        assert statuses["api@tokyo"] == running(70.0)
        assert statuses["old@tokyo"].seen == 9.0  # no server ever told of it by its id
        assert (await store.server_statuses())["tokyo"].seen == 70.0


async def test_a_version_tells_of_every_write_and_of_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "client.db"
    async with Store.open(path) as store, Store.open(path) as other:
        first = await store.version()
        await store.projects()
        assert await store.version() == first
        await store.put_setting("theme", "light")
        second = await store.version()
        assert second != first
        await other.put_project(Project("api", LOCAL, "aaaaaaaa"))
        assert await store.version() not in (first, second)


async def test_what_was_seen_long_ago_is_not_written_over_what_is_newer(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "client.db") as store:
        await store.put_project(Project("api", LOCAL, "aaaaaaaa"))

        async def put(state: ServerState, project: ProjectState, seen: float | None) -> None:
            status = ProjectStatus(project, seen=seen)
            await store.put_observed(
                {LOCAL: (ServerStatus(state, seen=seen), {"aaaaaaaa": status})}
            )

        async def found() -> tuple[ServerState, float | None, ProjectState, float | None]:
            (view,) = await store.projects()
            server = (await store.server_statuses())[LOCAL]
            return server.state, server.seen, view.status.state, view.status.seen

        up = (ServerState.ONLINE, 100.0, ProjectState.RUNNING, 100.0)
        await put(ServerState.ONLINE, ProjectState.RUNNING, 100.0)
        await put(ServerState.OFFLINE, ProjectState.STOPPED, 99.0)
        await put(ServerState.OFFLINE, ProjectState.STOPPED, None)
        await store.put_seen({LOCAL: 99.0})
        assert await found() == up
        await put(ServerState.OFFLINE, ProjectState.STOPPED, 100.0)
        down = (ServerState.OFFLINE, 100.0, ProjectState.STOPPED, 100.0)
        assert await found() == down
        ahead = time.time() + 1e6  # by a clock that was wrong
        await put(ServerState.OFFLINE, ProjectState.STOPPED, ahead)
        assert (await found())[1] == ahead
        await put(*up[::2], 100.0)
        assert await found() == up
