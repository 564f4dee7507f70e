"""Over a real sshd: what a side does not list because of its rules, its kind or its rights stays.

So does what is missing in another folder than the one that was agreed.
"""

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from mnix_tui.actions import sync
from mnix_tui.errors import LinkLost, SyncError
from mnix_tui.sync import sending
from mnix_tui.sync.converse import Conversation, There
from mnix_tui.sync.syncing import sync as synchronise
from tests.integration.link_rig import Rig, Sshd
from tests.integration.sync_rig import Pair, fill, git, pair, tree

pytestmark = pytest.mark.needs("sshd", "ssh")

_NUMBERS = count()
START = {
    "flake.nix": "{}\n",
    "a.txt": "a",
    "out.txt": "made",
    "build/x": "x",
    "build/deep/y": "y",
    "data/a.dat": "1",
    ".gitignore": "*.tmp\n",
}


@pytest.fixture
async def two(rig: Rig, sshd: Sshd) -> AsyncIterator[Pair]:
    async with pair(rig, sshd, f"p{next(_NUMBERS)}") as made:
        fill(made.here, START)
        yield made


@pytest.mark.parametrize(
    ("rules", "in_git"),
    [
        (".gitignore", True),
        (".gitignore", False),
        (".mnixignore", True),
        (".mnixignore", False),
        (".git/info/exclude", True),
    ],
)
async def test_ignoring_here_what_is_synchronised_deletes_it_nowhere(
    two: Pair, rules: str, in_git: bool
) -> None:
    if in_git:
        git(two.here, "init", "-q")
    await synchronise(two.link, two.store, two.project, direction="both")
    with (two.here / rules).open("a") as file:
        file.write("out.txt\nbuild/\n")
    planned = await sync.push(two.store, two.link, two.project, dry_run=True)
    assert planned.preview is not None
    assert not planned.preview.plan.fetch
    for _ in range(3):
        report = await synchronise(two.link, two.store, two.project, direction="both")
        assert not report.fetched
        assert not report.deleted_here + report.deleted_there + report.skipped
    here, there = two.both()
    assert {"out.txt", "build/x", "build/deep/y"} <= here.keys() & there.keys()
    (two.here / "out.txt").write_text("made again")
    text = (two.here / rules).read_text()
    (two.here / rules).write_text(text.replace("out.txt\nbuild/\n", ""))
    for _ in range(2):
        report = await synchronise(two.link, two.store, two.project, direction="both")
        assert not report.conflicts
    here, there = two.both()
    assert here["out.txt"] == there["out.txt"] == "made again"
    assert {"build/x", "build/deep/y"} <= here.keys() & there.keys()


async def test_rules_of_the_server_that_are_in_conflict_delete_nothing_here(two: Pair) -> None:
    await sync.push(two.store, two.link, two.project)
    (two.here / ".gitignore").write_text("*.tmp\n*.mine\n")
    (two.there / ".gitignore").write_text("*.tmp\n*.dat\n")
    for _ in range(2):
        report = await sync.pull(two.store, two.link, two.project)
        assert [each.path for each in report.conflicts] == [".gitignore"]
        assert not report.deleted_here
    assert (two.here / "data/a.dat").read_text() == "1"
    (two.here / "data/a.dat").write_text("2")  # and what changes here still goes there
    await sync.push(two.store, two.link, two.project)
    assert (two.there / "data/a.dat").read_text() == "2"


async def test_excludes_of_the_servers_repository_delete_nothing_here(two: Pair) -> None:
    git(two.here, "init", "-q")
    await sync.push(two.store, two.link, two.project)
    with (two.there / ".git/info/exclude").open("a") as file:
        file.write("*.dat\n")
    for _ in range(3):
        report = await sync.pull(two.store, two.link, two.project)
        assert not report.deleted_here
    assert (two.here / "data/a.dat").exists()
    (two.there / "a.txt").unlink()
    report = await sync.pull(two.store, two.link, two.project)
    assert report.deleted_here == ("a.txt",)


@pytest.mark.parametrize("lost", [False, True])
async def test_a_folder_that_the_server_moved_elsewhere_was_not_deleted(
    two: Pair, tmp_path: Path, lost: bool
) -> None:
    await sync.push(two.store, two.link, two.project)
    shutil.move(two.there / "build", tmp_path / "large")
    (two.there / "build").symlink_to(tmp_path / "large")
    if lost:
        (two.there.parent / "sync/index").unlink()
    for _ in range(2):
        report = await sync.pull(two.store, two.link, two.project)
        assert not report.deleted_here
    assert (two.here / "build/deep/y").exists()


async def test_what_can_not_be_taken_here_was_not_deleted_here(two: Pair) -> None:
    await sync.push(two.store, two.link, two.project)
    (two.here / "out.txt").unlink()
    os.mkfifo(two.here / "out.txt")
    shutil.rmtree(two.here / "build")
    (two.here / "build").symlink_to("/etc")
    for _ in range(2):
        report = await sync.push(two.store, two.link, two.project)
        assert not report.deleted_there
    assert {"out.txt", "build/deep/y"} <= tree(two.there).keys()
    fill(two.there, {"build/new": "new"})
    report = await sync.pull(two.store, two.link, two.project)
    assert not report.fetched + report.skipped
    assert any(note.startswith("build is in the way here: 1 path") for note in report.notes)
    (two.here / "build").unlink()
    await sync.pull(two.store, two.link, two.project)
    assert (two.here / "build/new").exists()


async def test_a_copy_that_did_not_get_through_is_sent_the_next_time(
    two: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sync.push(two.store, two.link, two.project)
    (two.here / "a.txt").write_text("here")
    (two.there / "a.txt").write_text("there")

    async def cut(*_: object) -> None:
        raise LinkLost("The connection is gone")

    with monkeypatch.context() as patch:
        patch.setattr(sending.Sending, "run", cut)
        with pytest.raises(LinkLost):
            await sync.resolve(two.store, two.link, two.project, {"a.txt": "both"})
    copies = [path.name for path in two.here.glob("a.from-*")]
    assert len(copies) == 1
    report = await sync.push(two.store, two.link, two.project)
    assert copies[0] in report.sent
    assert (two.there / copies[0]).read_text() == "there"


async def test_a_workspace_that_lists_nothing_but_says_that_it_has_much(
    two: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sync.push(two.store, two.link, two.project)
    (two.there.parent / "sync/index").unlink()
    listing = Conversation.listing

    async def false(self: Conversation) -> There:
        found = await listing(self)
        found.changed.clear()
        found.files = 10**6
        return found

    monkeypatch.setattr(Conversation, "listing", false)
    with pytest.raises(SyncError, match="is empty"):
        await sync.pull(two.store, two.link, two.project)
    assert (two.here / "build/deep/y").exists()


async def moved(two: Pair, folder: Path) -> Pair:
    project = replace(two.project, folder=str(folder))
    await two.store.put_project(project)
    return Pair(two.store, two.link, project, folder, two.there, two.sshd)


async def test_a_folder_that_was_moved_goes_on_as_before(two: Pair) -> None:
    await sync.push(two.store, two.link, two.project)
    (two.here / "a.txt").write_text("new")
    (two.here / "out.txt").unlink()
    new = two.here.with_name(two.here.name + "-moved")
    two.here.rename(new)
    now = await moved(two, new)
    report = await sync.push(now.store, now.link, now.project)
    assert (report.sent, report.deleted_there) == (("a.txt",), ("out.txt",))
    assert not report.conflicts


async def test_another_folder_sends_what_differs_and_deletes_nothing(two: Pair) -> None:
    await sync.push(two.store, two.link, two.project)
    (two.there / "data/a.dat").write_text("theirs")
    other = two.here.with_name(two.here.name + "-other")
    fill(other, {"flake.nix": "{ }\n", "new": "n", "data/a.dat": "ours"})
    now = await moved(two, other)
    report = await sync.push(now.store, now.link, now.project)
    assert set(report.sent) == {"flake.nix", "new"}
    assert [each.path for each in report.conflicts] == ["data/a.dat"]  # both, since it was agreed
    assert not report.deleted_there
    assert any("another one than before" in note for note in report.notes)
    report = await sync.push(now.store, now.link, now.project)
    assert not report.deleted_there
    assert tree(two.there)["build/deep/y"] == "y"
    (other / "new").unlink()
    report = await sync.push(now.store, now.link, now.project)
    assert report.deleted_there == ("new",)
