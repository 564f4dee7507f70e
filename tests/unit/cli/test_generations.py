"""What the commands about generations and rebuilds print and understand; no server."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from mnix_tui.actions import lifecycle
from mnix_tui.cli import connect, generations, output, rebuild, rebuilds, target
from mnix_tui.cli.newer import Newer
from mnix_tui.cli.run import run
from mnix_tui.domain.generations import Changes, Generation, GenerationDiff, PackageChange
from mnix_tui.domain.jobs import Job
from mnix_tui.domain.projects import Project
from mnix_tui.domain.servers import Server
from mnix_tui.domain.states import JobState
from mnix_tui.errors import NotFound, UsageError
from mnix_tui.link import StateSnapshot

PROJECT = Project("api", "tokyo", "id1")


def rebuilt(id_: str, generation: int | None, **values: object) -> Job:
    known: dict[str, object] = {"started": 100.0, "ended": 142.0, "exit_code": 0, **values}
    state = values.pop("state", JobState.EXITED)
    known.pop("state", None)
    return Job(id_, "rebuild", "id1", state, generation=generation, **known)  # type: ignore[arg-type]


def test_a_difference_as_lines() -> None:
    found = GenerationDiff(
        3,
        4,
        added=(PackageChange("jq", (), ("1.7",), 1 << 20),),
        removed=tuple(PackageChange(f"old-{n}", ("1",), (), -10) for n in range(3)),
        changed=(PackageChange("curl\x1b[2J", ("8.5", "8.4"), ("8.6",)),),
        bytes=-2048,
        sizes=(4096, 2048),
        more=7,
    )
    assert generations.lines(found, 2) == [
        "generation 3 → 4: −2.0 KiB (4.0 KiB → 2.0 KiB)",
        "  + jq 1.7  (+1.0 MiB)",
        "  − old-0 1  (−10 B)",
        "  − old-1 1  (−10 B)",
        "  − … and 1 more",
        "  ~ curl\\x1b[2J 8.5, 8.4 → 8.6",
        "  … and 7 more",
    ]
    assert generations.brief(Changes(3, 0, 2, 1024)) == "+3 ~2, +1.0 KiB"
    assert generations.brief(Changes()) == "same versions"


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a server with generations 1 and 2 in the place of tokyo; 2 runs, then 1."""
    runs = [2]

    async def known(*_: object) -> list[Generation]:
        return [Generation(number, 0.0, current=number == runs[0]) for number in (2, 1)]

    async def rollback(*_: object) -> SimpleNamespace:
        runs[0] = 1
        return SimpleNamespace(generation=1)

    async def diff(_: str, a: int, b: int) -> GenerationDiff:
        return GenerationDiff(a, b)

    async def jobs(*_: object) -> list[Job]:
        return [Job("shell222", "session", "id1", JobState.RUNNING, generation=2)]

    agent = SimpleNamespace(generations=known, diff=diff, jobs=jobs)

    @asynccontextmanager
    async def linked(*_: object) -> AsyncIterator[tuple[None, Any]]:
        yield None, SimpleNamespace(agent=agent)

    monkeypatch.setattr(connect, "linked", linked)
    monkeypatch.setattr(lifecycle, "rollback", rollback)
    chosen = target.Target(PROJECT, Server("tokyo", "me@tokyo"))
    monkeypatch.setattr(target, "project", lambda *_: chosen)


@pytest.mark.usefixtures("agent")
def test_the_current_generation_is_not_compared_with_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["diff", "2"]) == UsageError.exit_code
    assert "Generation 2 is the current one" in capsys.readouterr().err
    assert run(["diff", "1"]) == 0


@pytest.mark.usefixtures("agent")
def test_a_rollback_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rollback", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["project"], found["server"]) == ("api", "tokyo")
    assert (found["before"], found["generation"], found["shells_behind"]) == (2, 1, 1)
    assert (found["diff"]["a"], found["diff"]["b"]) == (2, 1)


def test_which_rebuild_is_meant() -> None:
    jobs = [
        rebuilt("newest22", None, exit_code=1, reason="it does not build"),
        rebuilt("stopped2", None, exit_code=143, reason="cancelled"),
        rebuilt("again222", 2),
        rebuilt("made2222", 2),
        rebuilt("made1111", 1),
    ]
    made = {"made2222", "made1111"}
    known = [rebuilds.Rebuild(job, job.id in made) for job in jobs]
    assert rebuilds.pick(PROJECT, known, None).id == "newest22"
    assert rebuilds.pick(PROJECT, known, "2").id == "made2222"
    assert rebuilds.pick(PROJECT, known, "again222").id == "again222"
    with pytest.raises(NotFound, match="no rebuild '7' of api"):
        rebuilds.pick(PROJECT, known, "7")
    with pytest.raises(NotFound, match="no rebuild yet"):
        rebuilds.pick(PROJECT, [], None)
    assert [rebuilds.result(each) for each in known] == [
        "failed: it does not build",
        "cancelled",
        "nothing changed: generation 2",
        "made generation 2",
        "made generation 1",
    ]
    assert rebuilds.row(known[3])[0] == "2"
    assert rebuilds.row(known[3])[4] == "42 s"


def test_durations_are_short() -> None:
    given = (0.04, 9.94, 9.96, 59.4, 61, 3599, 7265)
    assert [output.seconds(each) for each in given] == [
        "0.0 s",
        "9.9 s",
        "10 s",
        "59 s",
        "1 min 1 s",
        "59 min 59 s",
        "2 h 1 min",
    ]


def test_a_flake_can_carry_its_dev_shell(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("flakes")
    monkeypatch.chdir(folder)
    (folder / "odd#name").mkdir()
    assert rebuild.split("nix/flake.nix#ci", None) == ("nix/flake.nix", "ci")
    assert rebuild.split("#ci", None) == (None, "ci")
    assert rebuild.split("odd#name", "ci") == ("odd#name", "ci")
    assert rebuild.split(None, "ci") == (None, "ci")
    assert rebuild.split(".#ci", "ci") == (".", "ci")
    with pytest.raises(UsageError, match="a or b"):
        rebuild.split(".#a", "b")


def test_another_generation_is_told_once_and_not_when_the_shell_has_said_it() -> None:
    told: list[str] = []
    shell = Job("shell222", "session", "id1", JobState.RUNNING, generation=3)

    def state(current: int, **values: object) -> StateSnapshot:
        mine = Job("shell222", "session", "id1", JobState.RUNNING, **values)  # type: ignore[arg-type]
        return StateSnapshot(({"id": "id1", "generation": current},), (mine,), 0.0)

    newer = Newer(shell, told.append)
    newer.take(state(3, generation=3))
    assert told == []
    newer.take(state(4, generation=3))
    newer.take(state(4, generation=3))
    assert told == ["generation 4 is ready: mnix-reenter"]
    newer.output(b"\r\nmnix: generation 4 is re")
    newer.output(b"ady: mnix-reenter\r\n$ ")
    assert told[1:] == [""]  # it goes away: the shell says it
    newer.output(b"mnix: generation 5 is ready: mnix-reenter\r\n")
    newer.take(state(5, generation=3))
    assert told[2:] == []
    newer.take(state(6, generation=3, replaced=True))
    assert told[2:] == ["generation 6 is ready, in a new container: open another shell"]
