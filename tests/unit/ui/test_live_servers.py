"""The real workbench's servers: added whether they answer or not, labelled, tried and logged."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mnix_tui.actions.doctor import Report
from mnix_tui.config import ClientConfig
from mnix_tui.domain.checks import Check, CheckState
from mnix_tui.domain.projects import Project, ProjectView
from mnix_tui.domain.servers import Server, ServerStatus
from mnix_tui.domain.states import ServerState
from mnix_tui.errors import AlreadyExists, Busy, HostKeyUnknown, UsageError
from mnix_tui.fleet import FleetSnapshot, ServerView
from mnix_tui.link import HostKeyQuestion
from mnix_tui.link.model import SecretQuestion
from mnix_tui.ui.problems import problem
from mnix_tui.ui.workbench.bulk import AT_ONCE, bulk
from mnix_tui.ui.workbench.live import LiveWorkbench
from tests.helpers import asettle

NOBODY = "127.0.0.1:1"
"""An address at which nothing listens."""


@asynccontextmanager
async def workbench(path: Path) -> AsyncIterator[LiveWorkbench]:
    """Run a workbench over a new store."""
    bench = LiveWorkbench(ClientConfig(database_path=path / "client.db"))
    bench.read()
    keeper = asyncio.create_task(bench.keep())
    await asettle(lambda: bench._fleet is not None, what="the fleet")
    try:
        yield bench
    finally:
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper


async def test_a_server_is_kept_with_its_tags_though_it_does_not_answer(tmp_path: Path) -> None:
    async with workbench(tmp_path) as bench:
        await bench.add_server("tokyo", NOBODY, ["work", "eu"])
        with pytest.raises(AlreadyExists):
            await bench.add_server("tokyo", "other.example")
        with pytest.raises(UsageError):
            await bench.add_server("lisbon", NOBODY, ["no tag!"])
        await bench.set_connect("tokyo", "always")
        await bench.set_tags("tokyo", ["asia"])

        def known() -> dict[str, tuple[tuple[str, ...], str]]:
            servers = [view.server for view in bench.snapshot().servers]
            return {server.name: (server.tags, server.connect) for server in servers}

        await asettle(lambda: known().get("tokyo") == (("asia",), "always"), what="the tags")
        assert "lisbon" not in known()
        bench.want("tokyo", True)

        async def logged() -> bool:
            return any(
                ran.what == "connect" and not ran.ok for ran in await bench.server_log("tokyo")
            )

        await asettle(logged, what="the log")
    again = LiveWorkbench(ClientConfig(database_path=tmp_path / "client.db"))
    again.read()
    found = {view.server.name: view.server for view in again.snapshot().servers}
    assert (found["tokyo"].tags, found["tokyo"].connect) == (("asia",), "always")
    again.want("tokyo", True)  # before it is kept, nobody can be reached: no reason to fail
    again.retry("tokyo")


async def test_a_server_is_tried_before_it_is_there(tmp_path: Path) -> None:
    async with workbench(tmp_path) as bench:
        told: list[tuple[Check, ...]] = []
        found = await bench.check_server("tokyo", told.append, endpoint=NOBODY)
        states = {check.key: check.state for check in found}
        assert states["connect"] is CheckState.FAILED
        assert states["login"] is CheckState.SKIPPED
        assert len(told) > 3
        assert told[-1] == found
        assert [view.server.name for view in bench.snapshot().servers] == ["local"]


async def test_one_question_is_asked_at_a_time(tmp_path: Path) -> None:
    bench = LiveWorkbench(ClientConfig(database_path=tmp_path / "client.db"))
    bench.retry("a")
    assert not await bench._ask(HostKeyQuestion("a", "a", "ssh-ed25519", "SHA256:x"))
    secret = SecretQuestion("a", "password", "dev@a", (("Password", False),))
    assert await bench._ask_for_secret(secret) is None
    open_now, most = 0, 0

    async def ask(question: object) -> bool:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(0)
        open_now -= 1
        return True

    async def ask_secret(question: SecretQuestion) -> tuple[str, ...]:
        await ask(question)
        return ("s3cret",)

    bench.ask_host_key, bench.ask_secret = ask, ask_secret
    host_key = HostKeyQuestion("a", "a", "ssh-ed25519", "SHA256:x")
    found = await asyncio.gather(
        *(bench._ask(host_key) for _ in range(5)),
        *(bench._ask_for_secret(secret) for _ in range(5)),
    )
    assert found == [True] * 5 + [("s3cret",)] * 5
    assert most == 1


async def test_a_host_key_is_asked_about_only_where_somebody_wanted_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def yes(question: HostKeyQuestion) -> bool:
        asked.append(question.server)
        return True

    async with workbench(tmp_path) as bench:
        bench.ask_host_key = yes
        about = {name: HostKeyQuestion(name, "jump", "ssh-rsa", "SHA256:x") for name in ("a", "b")}
        with pytest.raises(HostKeyUnknown) as refused:
            await bench._ask(about["b"])
        assert "ctrl+r asks" in problem(refused.value).hint
        assert asked == []

        await bench.add_server("a", NOBODY)
        assert bench._fleet is not None
        tried: list[str] = []
        monkeypatch.setattr(bench._fleet, "mended", tried.append)
        monkeypatch.setattr(bench, "trouble", {"b": refused.value}.get)
        refusing = ServerStatus(ServerState.REFUSED)
        away = (ServerView(Server(name, NOBODY), refusing) for name in ("b", "c"))
        bench._known = FleetSnapshot(tuple(away))
        assert await bench._ask(about["a"])
        assert (asked, tried) == (["a"], ["b"])  # the same key kept it out


async def test_a_login_asks_only_where_a_server_is_in_use_or_somebody_wanted_it(
    tmp_path: Path,
) -> None:
    bench = LiveWorkbench(ClientConfig(database_path=tmp_path / "client.db"))
    bench._known = FleetSnapshot(projects=(ProjectView(Project("web", "used", "id")),))
    bench.retry("wanted")
    may_ask = bench._options().may_ask
    assert may_ask is not None
    assert [may_ask(name) for name in ("used", "wanted", "other")] == [True, True, False]


async def test_several_projects_are_told_a_few_at_a_time_and_one_stops_no_other() -> None:
    projects = [Project(f"p{number}", "tokyo", f"id{number}") for number in range(10)]
    at_work, most = 0, 0
    told: list[tuple[int, int | None]] = []

    async def start(project: Project) -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0)
        at_work -= 1
        if project.name == "p3":
            raise Busy("p3 is being rebuilt")
        if project.name == "p7":
            raise TimeoutError("no answer")

    def progress(doing: str, done: int, total: int | None) -> None:
        told.append((done, total))

    found = await bulk(projects, start, "start", progress)
    assert [project for project, _ in found] == projects
    assert {project.name: str(error) for project, error in found if error} == {
        "p3": "p3 is being rebuilt",
        "p7": "start p7 failed: no answer",
    }
    assert most == AT_ONCE
    assert told == [(number, 10) for number in range(11)]


async def test_a_server_that_was_there_stays_when_adding_it_again_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with workbench(tmp_path) as bench:
        await bench.add_server("tokyo", NOBODY, ["work"])
        assert bench._fleet is not None
        assert bench._store is not None

        async def given_up(server: Server) -> None:
            raise asyncio.CancelledError

        monkeypatch.setattr(bench._fleet, "add", given_up)
        for name in ("tokyo", "oslo"):
            with pytest.raises(asyncio.CancelledError):
                await bench.add_server(name, NOBODY)
        names = [(server.name, server.tags) for server in await bench._store.servers()]
        assert names == [("local", ()), ("tokyo", ("work",))]


async def test_the_doctor_of_a_server_that_is_there_has_the_fleet_know_what_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with workbench(tmp_path) as bench:
        await bench.add_server("tokyo", NOBODY)

        def state() -> ServerState | None:
            states = {view.server.name: view.status.state for view in bench.snapshot().servers}
            return states.get("tokyo")

        await asettle(lambda: state() is ServerState.OFFLINE, what="its first attempt")
        assert bench._store is not None
        assert bench._fleet is not None
        await bench.check_server("tokyo", lambda _: None)
        assert (await bench._store.server_statuses())["tokyo"].state is ServerState.OFFLINE

        async def well(server: Server, options: object, tell: object) -> Report:
            return Report(server, (Check("login", CheckState.OK),))

        tried: list[str] = []
        monkeypatch.setattr("mnix_tui.actions.doctor.doctor", well)
        monkeypatch.setattr(bench._fleet.link("tokyo"), "retry_now", lambda: tried.append("now"))
        await bench.check_server("tokyo", lambda _: None, endpoint=NOBODY)
        assert tried == []
        await bench.check_server("tokyo", lambda _: None)
        assert tried == ["now"]
