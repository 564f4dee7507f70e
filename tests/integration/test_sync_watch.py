"""Watching a project over a real sshd: at once, as one, both ways, over cuts, and never a loop."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mnix_tui.actions import sync
from mnix_tui.link import Link, LinkOptions
from mnix_tui.sync.model import SyncReport
from mnix_tui.sync.sending import Sending
from mnix_tui.sync.watch import Beware, Synced, Trouble, Waiting, WatchEvent, Watching
from tests.helpers.settle import asettle
from tests.integration.link_rig import Rig, Sshd
from tests.integration.sync_rig import Pair, fill, git, pair, tree

pytestmark = pytest.mark.needs("sshd", "ssh")


@pytest.fixture
async def two(rig: Rig, sshd: Sshd, request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    name = request.node.name.replace("_", "-")[:40].strip("-")
    async with Link(sshd.server, LinkOptions(accept_host_keys=True)) as link:
        await link.ready(10)
        async with pair(rig, sshd, name, link=link) as made:
            fill(made.here, {"flake.nix": "{}\n", "a/b/c.txt": "c"})
            yield made


@asynccontextmanager
async def watched(two: Pair) -> AsyncIterator[list[WatchEvent]]:
    """Watch while the block runs; what was told is in the list."""
    told: list[WatchEvent] = []

    async def follow() -> None:
        async with aclosing(sync.watch(two.store, two.link, two.project)) as events:
            async for event in events:
                told.append(event)

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(follow())
        try:
            await asettle(lambda: Watching() in told, what=f"watching: {told}")
            yield told
        finally:
            task.cancel()


def reports(told: list[WatchEvent]) -> list[SyncReport]:
    return [each.report for each in told if isinstance(each, Synced)]


def has(path: Path, text: str) -> Callable[[], bool]:
    return lambda: path.is_file() and path.read_text() == text


async def test_changes_are_on_the_server_within_a_second_and_never_in_a_loop(two: Pair) -> None:
    async with watched(two) as told:
        assert tree(two.there) == tree(two.here)
        begin = time.monotonic()
        (two.here / "a/b/c.txt").write_text("changed")
        await asettle(has(two.there / "a/b/c.txt", "changed"), what="the change")
        assert time.monotonic() - begin < 1.0
        fill(two.here, {"new/deep/er.txt": "e", ".env": "token"})
        await asettle(has(two.there / "new/deep/er.txt", "e"), what="the new folder")
        await asettle(lambda: len(reports(told)) >= 3, what=f"the reports: {told}")
        kinds = [type(each) for each in told if isinstance(each, Beware | Synced)]
        assert kinds[-2:] == [Beware, Synced]  # a word about the secrets, before they are sent
        assert ".env" in next(each for each in told if isinstance(each, Beware)).notes[0]
        # What only the server changed is kept by a push, and told once.
        (two.there / "a/b/c.txt").write_text("theirs")
        await asettle(lambda: two.link.up, what="the link")
        (two.here / "mine.txt").write_text("m")
        await asettle(has(two.there / "mine.txt", "m"), what="my file")
        assert (two.here / "a/b/c.txt").read_text() == "changed"
        assert (two.there / "a/b/c.txt").read_text() == "theirs"
        away = two.here.with_name("away-" + two.here.name)
        two.here.rename(away)
        (away / "flake.nix").write_text("{ }\n")
        await asettle(lambda: any(isinstance(each, Trouble) for each in told), what="the trouble")
        away.rename(two.here)
        await asettle(has(two.there / "flake.nix", "{ }\n"), what="the folder's return")
        (two.here / "mine.txt").unlink()
        await asettle(lambda: not (two.there / "mine.txt").exists(), what="the deletion")
        assert len(reports(told)) <= 7


async def test_both_ways_over_a_lost_link_and_a_branch_switch_is_one_transfer(two: Pair) -> None:
    fill(two.here, {"mnix.toml": "[sync]\nboth_ways = true\n"})
    git(two.here, "init", "-q")
    git(two.here, "add", ".")
    git(two.here, "commit", "-qm", "first")
    git(two.here, "checkout", "-qb", "other")
    fill(two.here, {f"many/{number}.txt": str(number) for number in range(300)})
    git(two.here, "add", ".")
    git(two.here, "commit", "-qm", "second")
    async with watched(two) as told:
        (two.there / "a/b/c.txt").write_text("theirs")
        await asettle(has(two.here / "a/b/c.txt", "theirs"), what="what the server changed")
        git(two.here, "checkout", "-q", "a/b/c.txt")
        await asettle(has(two.there / "a/b/c.txt", "c"), what="its taking back")
        await asettle(lambda: "a/b/c.txt" in reports(told)[-1].sent, what="its report")
        count = len(reports(told))
        git(two.here, "checkout", "-q", "main")
        await asettle(lambda: not (two.there / "many").exists(), what="the other branch")
        await asettle(lambda: len(reports(told)) > count, what="the report")
        switch = reports(told)[count]
        assert len(switch.deleted_there) >= 300
        two.sshd.cut()
        await asettle(
            lambda: any(isinstance(each, Waiting) for each in told), what=f"the cut: {told[-3:]}"
        )
        (two.here / "meanwhile.txt").write_text("m")
        await asettle(has(two.there / "meanwhile.txt", "m"), what="what changed meanwhile")
        assert not [each for each in told if isinstance(each, Trouble)]
        assert tree(two.there) == tree(two.here)
        assert len(reports(told)) <= count + 5


async def test_what_is_found_while_a_changing_file_is_sent_again_is_sent_too(
    two: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = iter(["a/b/late.txt"])
    stream = Sending._stream

    async def changing(self: Sending, *arguments: Any) -> None:
        for path in late:
            fill(two.here, {"a/b/c.txt": "longer than planned", path: "late"})
        await stream(self, *arguments)

    async with watched(two):
        monkeypatch.setattr(Sending, "_stream", changing)
        (two.here / "a/b/c.txt").write_text("planned")
        await asettle(has(two.there / "a/b/c.txt", "longer than planned"), what="the new text")
        await asettle(has(two.there / "a/b/late.txt", "late"), what="the late file")
