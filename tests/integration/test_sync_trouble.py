"""What comes between: a full disk here, files that change while they travel, a cut, a large file."""

import asyncio
import errno
import os
import random
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from mnix_tui.actions import sync
from mnix_tui.errors import LinkLost, MnixError, SyncError
from mnix_tui.link import LinkOptions, open_link
from mnix_tui.store import syncing as kept
from server_agent.trees.apply import Application
from tests.integration.link_rig import Rig, Sshd
from tests.integration.sync_rig import Pair, fill, pair, tree

pytestmark = pytest.mark.needs("sshd", "ssh")
MIB = 1 << 20


@pytest.fixture
async def two(rig: Rig, sshd: Sshd, request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    name = request.node.name.replace("_", "-")[:40].strip("-")
    async with pair(rig, sshd, name) as made:
        fill(made.here, {"flake.nix": "{}\n", "a/b.txt": "b"})
        yield made


async def test_of_a_large_file_only_blocks_travel_and_a_cut_transfer_goes_on(
    two: Pair, sshd: Sshd
) -> None:
    chance = random.Random(5)
    large = two.here / "large.bin"
    large.write_bytes(chance.randbytes(48 * MIB))
    options = LinkOptions(accept_host_keys=True)

    def cut(what: str, done: int, total: int | None) -> None:
        if what == "sending files" and done > 24 * MIB:
            sshd.cut()

    async with open_link(sshd.server, options) as link:
        with pytest.raises(LinkLost):
            await sync.push(two.store, link, two.project, cut)
    assert tree(two.there) == {}
    async with open_link(sshd.server, options) as link:
        report = await sync.push(two.store, link, two.project)
        assert MIB < report.bytes_sent < 40 * MIB
        assert (two.there / "large.bin").read_bytes() == large.read_bytes()
        with large.open("r+b") as file:
            file.seek(20 * MIB)
            file.write(chance.randbytes(MIB))
        report = await sync.push(two.store, link, two.project)
        assert report.bytes_sent < 2 * MIB
        assert (two.there / "large.bin").read_bytes() == large.read_bytes()
        with (two.there / "large.bin").open("r+b") as file:
            file.seek(40 * MIB)
            file.write(chance.randbytes(MIB))
        report = await sync.pull(two.store, link, two.project)
        assert report.fetched == ("large.bin",)
        assert report.bytes_received < 3 * MIB
        assert (two.there / "large.bin").read_bytes() == large.read_bytes()


async def test_a_file_that_changes_while_it_is_sent_arrives_as_one_state_of_it(
    two: Pair, sshd: Sshd
) -> None:
    busy = two.here / "busy.log"
    fill(two.here, {f"many/{number}": "x" * 5000 for number in range(300)})
    busy.write_bytes(b"0" * MIB)
    rounds = 0

    def scribble(what: str, done: int, total: int | None) -> None:
        nonlocal rounds
        if what == "sending files" and rounds < 2:
            rounds += 1
            busy.write_bytes(b"%d" % rounds * (MIB + rounds))

    async with open_link(sshd.server, LinkOptions(accept_host_keys=True)) as link:
        await sync.push(two.store, link, two.project, scribble)
        await sync.push(two.store, link, two.project)
    assert tree(two.there) == tree(two.here)


@pytest.mark.needs("root")
async def test_a_full_disk_here_changes_nothing_here(two: Pair, sshd: Sshd) -> None:
    async with open_link(sshd.server, LinkOptions(accept_host_keys=True)) as link:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", two.here], check=True)
        try:
            fill(two.here, {"small.txt": "s"})
            await sync.push(two.store, link, two.project)
            (two.there / "small.txt").write_text("theirs")
            for number in range(40):
                (two.there / f"{number}.bin").write_bytes(os.urandom(100_000))
            before = tree(two.here)
            with pytest.raises(SyncError, match="room here"):
                await sync.pull(two.store, link, two.project)
            assert tree(two.here) == before
            for number in range(12, 40):
                (two.there / f"{number}.bin").unlink()
            # It would fit, were it not for somebody who writes meanwhile.

            def hog(what: str, done: int, total: int | None) -> None:
                if what == "fetching files":
                    (two.here / ".mnix" / "hog").write_bytes(bytes(1_200_000))

            with pytest.raises(MnixError) as caught:
                await sync.pull(two.store, link, two.project, hog)
            assert "full" in caught.value.title
            assert tree(two.here) == before
            (two.here / ".mnix" / "hog").unlink(missing_ok=True)
            await sync.pull(two.store, link, two.project)
            assert tree(two.here) == tree(two.there)
        finally:
            subprocess.run(["umount", "-l", two.here], check=True)


async def test_a_pull_that_was_cut_is_finished_but_no_journal_that_came_with_the_files(
    two: Pair, sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_link(sshd.server, LinkOptions(accept_host_keys=True)) as link:
        fill(two.here, {"small.txt": "s"})
        await sync.push(two.store, link, two.project)
        (two.there / "new").write_text("theirs")

        def refuse(*_: object) -> None:
            raise OSError(errno.EIO, "a bad disk")

        with monkeypatch.context() as patch:
            patch.setattr(Application, "run", refuse)
            for _ in range(2):
                with pytest.raises(MnixError):
                    await sync.pull(two.store, link, two.project)
        incoming = two.here / ".mnix" / "incoming"
        (place,) = (each for each in incoming.iterdir() if each.name != "parts")
        forged = incoming / "aaaaaaaa"
        shutil.copytree(place, forged)
        (forged / "tree" / "new").rename(forged / "tree" / "evil")
        ops = (forged / "ops.jsonl").read_text().replace('"new"', '"evil"')
        (forged / "ops.jsonl").write_text(ops)
        await sync.pull(two.store, link, two.project)
        assert tree(two.here) == tree(two.there)
        assert [each.name for each in incoming.iterdir()] == ["aaaaaaaa"]


async def test_what_is_watched_is_kept_and_another_folder_begins_anew(two: Pair, rig: Rig) -> None:
    await sync.set_watching(two.store, two.project, True)
    assert (await two.row())["watching"] is True
    await sync.push(two.store, two.link, two.project)
    assert (await two.row())["watching"] is True
    folder = rig.folder / "elsewhere"
    fill(folder, {"flake.nix": "{}\n", "other": "o"})
    moved = replace(two.project, folder=str(folder))
    await two.store.put_project(moved)
    report = await sync.push(two.store, two.link, moved)
    assert "other" in report.sent
    assert (two.there / "a/b.txt").exists()  # nothing says that it was deleted
    assert (await two.row())["watching"] is True
    await sync.set_watching(two.store, moved, False)
    assert (await two.row())["watching"] is False


async def test_what_an_older_mnix_sent_is_agreed_and_what_only_the_server_has_stays(
    two: Pair, sshd: Sshd
) -> None:
    fill(two.here, {"same": "s", "edited": "before"})
    await sync.push(two.store, two.link, two.project)
    fill(two.there, {"made/there": "t"})
    (two.here / "edited").write_text("after")
    kept.forget(two.store.path, two.project)
    kept.set_older(two.store.path, two.project)
    shutil.rmtree(two.there.parent / "sync")  # older agents kept no index
    report = await sync.push(two.store, two.link, two.project)
    assert report.sent == ("edited",)
    assert report.conflicts == ()
    assert set(report.kept_there) == {"made", "made/there"}
    assert report.trashed_there == 1
    assert (await sync.push(two.store, two.link, two.project)).nothing


async def test_the_loop_goes_on_while_files_are_compared_and_sent(two: Pair) -> None:
    fill(two.here, {f"many/{number % 50}/{number}": "x" * 3000 for number in range(4000)})
    longest = 0.0

    async def heart() -> None:
        nonlocal longest
        while True:
            # The loop's own work between two turns: a busy machine takes none of it.
            begin = time.thread_time()
            await asyncio.sleep(0.005)  # the measure itself
            longest = max(longest, time.thread_time() - begin)

    beat = asyncio.ensure_future(heart())
    try:
        await sync.push(two.store, two.link, two.project)
        await sync.push(two.store, two.link, two.project)
    finally:
        beat.cancel()
    assert longest < 0.3
