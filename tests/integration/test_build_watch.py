"""Watching a rebuild over a real sshd: read once, shared, bounded, and told what goes wrong."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from mnix_tui.domain.jobs import Job
from mnix_tui.domain.projects import Project, ProjectView
from mnix_tui.errors import LinkLost
from mnix_tui.fleet import BuildWatch, builds
from mnix_tui.fleet.turns import Turns
from mnix_tui.fleet.watches import KEPT, Watches
from mnix_tui.link import Link
from mnix_tui.store import Store
from tests.helpers.settle import asettle
from tests.integration.link_holder import Holder, holding
from tests.integration.link_rig import Rig, Sshd, rigged

pytestmark = pytest.mark.needs("sshd", "ssh")
DRV = "/nix/store/s66mzxpvicwk07gjbjfw9izjfa797vsw-hello-2.12.drv"
PROJECT = Project("p", "box", "pppppppp")


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    with rigged(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
async def holder(tmp_path: Path) -> AsyncIterator[Holder]:
    async with holding(tmp_path) as made:
        yield made


def rebuild(holder: Holder) -> Job:
    return replace(holder.job, kind="rebuild")


def nix(**event: object) -> bytes:
    return b"@nix " + json.dumps(event).encode() + b"\n"


def ours(**event: object) -> bytes:
    return b"@mnix " + json.dumps(event).encode() + b"\n"


BEGIN = ours(action="at", time=1000) + nix(
    action="start", id=1, level=3, type=105, text="building hello", fields=[DRV, "", 1, 1]
)
END = (
    ours(action="at", time=1012)
    + nix(action="stop", id=1)
    + ours(action="result", ok=True, generation=4, changed=True, message="done")
)


def printed(*numbers: int) -> bytes:
    return b"".join(nix(action="result", id=1, type=101, fields=[f"line {n}"]) for n in numbers)


def texts(watch: BuildWatch) -> list[str]:
    return [line.text for line in watch.lines if line.kind == "build"]


@asynccontextmanager
async def watching(rig: Rig, path: Path) -> AsyncIterator[tuple[Watches, Link, Store, Sshd]]:
    """Keep a link to a server, and watch its rebuilds."""
    sshd = rig.start()
    async with Store.open(path / "client.db") as store, Link(sshd.server, rig.options) as link:
        await store.add_server(sshd.server)
        await link.ready(10)
        watches = Watches(store, lambda: None)
        async with asyncio.TaskGroup() as tasks:
            watches.begin(tasks)
            yield watches, link, store, sshd
            watches.stop()


async def test_one_reading_for_all_who_look_across_a_lost_link(
    rig: Rig, holder: Holder, tmp_path: Path
) -> None:
    holder.print(BEGIN + printed(*range(2000)))
    job, view = rebuild(holder), ProjectView(PROJECT)
    async with watching(rig, tmp_path) as (watches, link, store, sshd):
        await store.put_build_times("box", {"hello": 20.0}, "before")
        watches.follow(link, [job], [view])
        watch = watches.watch(link, PROJECT, job)
        looks: list[int] = []
        assert link._watchers == 0
        end = watch.subscribe(lambda: looks.append(watch.build.version))
        assert link._watchers == 1  # somebody waits: a lost link is made again sooner
        await asettle(lambda: len(texts(watch)) == 2000)
        assert watch.build.nodes[DRV].expected == 20.0
        assert watches.summaries()[job.id, "box"].builds_running == 1

        sshd.cut()
        holder.print(printed(*range(2000, 3000)))
        await asettle(lambda: len(texts(watch)) == 3000)
        assert texts(watch) == [f"line {n}" for n in range(3000)]
        assert not watch.down
        assert holder.opened == 2  # once before the cut, once after it

        holder.print(END)
        holder.end(0)
        await asettle(lambda: watch.done)
        assert (watch.code, watch.error) == (0, None)
        assert watch.build.summary().generation == 4
        assert link._watchers == 0
        assert looks
        end()
        end()
        # Who comes later sees the same, and nobody reads the log again.
        assert watches.watch(link, PROJECT, job) is watch
        watches.follow(link, [job], [view])
        assert watches.summaries()[job.id, "box"].phase == "done"
        watches.follow(link, [replace(job, state="exited")], [view])  # type: ignore[arg-type]
        assert watches.summaries() == {}
        assert holder.opened == 2

        async def learned() -> bool:
            return await store.build_times("box") == {"hello": 16.0}

        await asettle(learned, what="the middle of 12 and 20 seconds")

        found = [line async for lines in watches.lines(link, job, DRV) for line in lines]
        assert [line.text for line in found if line.kind == "build"] == texts(watch)
        everything = [line async for lines in watches.lines(link, job, "") for line in lines]
        assert everything == list(watch.lines)


async def test_few_lines_are_kept_until_somebody_looks_and_never_too_many(
    rig: Rig, holder: Holder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builds, "FEW_LINES", 10)
    monkeypatch.setattr(builds, "MAX_LINES", 100)
    holder.print(BEGIN + printed(*range(500)))
    async with watching(rig, tmp_path) as (watches, link, _, _):
        watch = watches.watch(link, PROJECT, rebuild(holder))
        await asettle(lambda: texts(watch) == [f"line {n}" for n in range(490, 500)])
        assert watch.first == 491  # one of them said that the build began
        watch.subscribe(lambda: None)
        holder.print(printed(*range(500, 900)))
        await asettle(lambda: texts(watch) == [f"line {n}" for n in range(800, 900)])
        assert watch.first == 801
        monkeypatch.setattr(builds, "MAX_CHARS", 24)
        holder.print(printed(900))
        await asettle(lambda: texts(watch) == ["line 898", "line 899", "line 900"])


async def test_what_cannot_be_read_is_told_and_not_tried_for_ever(rig: Rig, tmp_path: Path) -> None:
    opened = []

    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        writer.write(b"\xff" * 100)
        await reader.read()
        writer.close()

    path = tmp_path / "gggggggg"
    server = await asyncio.start_unix_server(garbage, path)
    holder = Holder(path)
    job, view = rebuild(holder), ProjectView(PROJECT)
    async with watching(rig, tmp_path) as (watches, link, store, _), server:
        watches.follow(link, [job], [view])
        watch = watches.watch(link, PROJECT, job)
        await asettle(lambda: watch.done)
        assert watch.error is not None
        assert "can't be understood" in watch.error.title
        for _ in range(3):
            watches.follow(link, [job], [view])
        assert len(opened) == 1
        assert await store.build_times("box") == {}
        again = watches.watch(link, PROJECT, job)  # a person asks: it is tried once more
        assert again is not watch
        await asettle(lambda: again.done)
        assert len(opened) == 2
        server.close()


async def test_only_the_last_few_that_ended_are_kept(
    rig: Rig, holder: Holder, tmp_path: Path
) -> None:
    holder.print(BEGIN + printed(1) + END)
    holder.end(0)
    async with watching(rig, tmp_path) as (watches, link, _, _):
        jobs = [replace(rebuild(holder), id=f"job{n}") for n in range(KEPT + 2)]
        watch = first = watches.watch(link, PROJECT, jobs[0])
        for job in jobs:
            watch = watches.watch(link, PROJECT, job)
            await asettle(lambda watch=watch: watch.done)
        await asettle(lambda: not watches._tasks)  # each notes durations before it is forgotten
        assert watches.watch(link, PROJECT, jobs[-1]) is watch
        assert watches.watch(link, PROJECT, jobs[0]) is not first
        live = watches.watch(link, PROJECT, replace(rebuild(holder), id="live"))
        told: list[bool] = []
        live.subscribe(lambda: told.append(live.done))
        watches.drop("box")
        assert told[-1:] == [True]
        assert str(live.error) == "box was removed"
        assert watches.watch(link, PROJECT, jobs[-1]) is not watch
    with pytest.raises(LinkLost):
        watches.watch(link, PROJECT, replace(rebuild(holder), id="late"))


async def test_a_parser_that_breaks_ends_its_watch_and_nothing_else(
    rig: Rig, holder: Holder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder.print(BEGIN)
    async with watching(rig, tmp_path) as (_, link, _, _):
        watch = BuildWatch(link, PROJECT, rebuild(holder), Turns())

        def broken(data: bytes) -> list[object]:
            raise KeyError("oh no")

        monkeypatch.setattr(watch.build, "feed", broken)
        await watch.run()
        assert watch.done
        assert watch.error is not None
        assert "KeyError" in watch.error.detail
