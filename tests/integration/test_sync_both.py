"""Two sides of a project over a real sshd: what moves, what stays, and what is never lost."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from mnix_tui.actions import sync
from mnix_tui.errors import LinkLost, MnixError, SyncError, UsageError
from mnix_tui.store.store import Store
from tests.integration.link_rig import Rig, Sshd
from tests.integration.sync_rig import Pair, fill, git, pair, second, tree

if TYPE_CHECKING:
    from mnix_tui.domain.sync import Choice

pytestmark = pytest.mark.needs("sshd", "ssh")

START = {
    "flake.nix": "{}\n",
    "src/main.c": "int main;\n",
    "src/deep/er/x.txt": "x",
    "bin/run": "#!/bin/sh\n",
    "latest": "-> src/main.c",
    "empty/": "",
    "caf\udce9": "not UTF-8",
    "doc.txt": "one\ntwo\n",
}


@pytest.fixture
async def two(rig: Rig, sshd: Sshd, request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    name = re.sub("[^a-z0-9]+", "-", request.node.name)[:40].strip("-")
    async with pair(rig, sshd, name) as made:
        fill(made.here, START)
        (made.here / "bin/run").chmod(0o755)
        yield made


async def test_pypi_hole_7_a_push_makes_both_sides_alike_and_then_sends_only_changes(
    two: Pair,
) -> None:
    os.mkfifo(two.here / "pipe")
    (two.here / "out").symlink_to("/etc/passwd")
    report = await sync.push(two.store, two.link, two.project)
    os.unlink(two.here / "pipe")
    os.unlink(two.here / "out")
    here, there = two.both()
    assert here == there
    assert there["bin/run"].startswith("x ")
    assert any("pipe" in note and "FIFO" in note for note in report.notes)
    assert any(note.startswith("out ") for note in report.notes)
    assert (two.there / "doc.txt").stat().st_mtime_ns == (two.here / "doc.txt").stat().st_mtime_ns

    again = await sync.push(two.store, two.link, two.project)
    assert again.nothing
    assert again.bytes_sent < 1000
    assert again.bytes_received < 1000

    (two.here / "doc.txt").write_text("one\nthree\n")
    (two.here / "bin/run").chmod(0o644)
    shutil.rmtree(two.here / "src/deep")
    fill(two.here, {"latest": "-> doc.txt", "new/file": "n"})
    report = await sync.push(two.store, two.link, two.project)
    assert set(report.sent) == {"doc.txt", "bin/run", "latest", "new", "new/file"}
    assert set(report.deleted_there) == {"src/deep", "src/deep/er", "src/deep/er/x.txt"}
    assert report.trashed_there == 3  # doc.txt, the link, x.txt
    here, there = two.both()
    assert here == there
    assert await two.row() == {"at": pytest.approx(two_at(two), abs=60)} | {
        "conflicts": 0,
        "kept": 0,
        "watching": False,
    }


def two_at(two: Pair) -> float:
    return (two.there / "doc.txt").stat().st_ctime


async def test_pypi_hole_2_what_only_the_server_changed_is_kept_and_fetched_by_a_pull(
    two: Pair,
) -> None:
    await sync.push(two.store, two.link, two.project)
    fill(two.there, {"doc.txt": "theirs\n", "made/there": "t", "src/link": "-> main.c"})
    (two.there / "src/deep/er/x.txt").unlink()
    (two.here / "flake.nix").write_text("{ }\n")
    report = await sync.push(two.store, two.link, two.project)
    assert report.sent == ("flake.nix",)
    assert "doc.txt" in report.kept_there
    assert (two.there / "doc.txt").read_text() == "theirs\n"
    assert (await two.row())["kept"] == len(report.kept_there)
    seen = await sync.pull(two.store, two.link, two.project, dry_run=True)
    assert seen.preview is not None
    assert [each.path for each in seen.preview.plan.delete_here] == ["src/deep/er/x.txt"]
    assert (two.here / "doc.txt").read_text() == "one\ntwo\n"
    assert (await two.row())["kept"] == 5  # it only looked

    report = await sync.pull(two.store, two.link, two.project)
    assert set(report.fetched) == {"doc.txt", "made", "made/there", "src/link"}
    assert report.deleted_here == ("src/deep/er/x.txt",)
    here, there = two.both()
    assert here == there
    assert report.trashed_here == 2
    trashed = await sync.trash_here(two.project)
    assert {each.path for each in trashed} == {"doc.txt", "src/deep/er/x.txt"}
    await sync.restore_here(two.store, two.project, trashed[0].id, ["doc.txt"])
    assert (two.here / "doc.txt").read_text() == "one\ntwo\n"
    report = await sync.push(two.store, two.link, two.project)
    assert report.sent == ("doc.txt",)
    (theirs,) = [each for each in await sync.trash(two.link, two.project) if each.path == "doc.txt"]
    await sync.restore(two.link, two.project, theirs.id, ["doc.txt"])
    assert (two.there / "doc.txt").read_text() == "theirs\n"
    old = two.here / ".mnix" / "trash" / f"{trashed[0].id}.json"
    old.write_text('{"time": 0, "by": "", "why": ""}')
    for path in (old, old.with_suffix("")):
        os.utime(path, (0, 0))
    assert (await sync.pull(two.store, two.link, two.project)).fetched == ("doc.txt",)
    assert trashed[0].id not in {each.id for each in await sync.trash_here(two.project)}
    assert (await sync.push(two.store, two.link, two.project)).nothing


async def test_a_conflict_waits_for_a_choice_and_loses_nothing(two: Pair) -> None:
    await sync.push(two.store, two.link, two.project)
    names: dict[str, Choice] = {"doc.txt": "both", "flake.nix": "here", "src/main.c": "there"}
    for name in names:
        (two.here / name).write_text(f"mine\n{name}\n")
        (two.there / name).write_text(f"theirs\n{name}\n")
    (two.here / "other").write_text("not part of it")
    report = await sync.push(two.store, two.link, two.project)
    assert report.sent == ("other",)
    assert {each.path for each in report.conflicts} == set(names)
    assert (two.there / "doc.txt").read_text() == "theirs\ndoc.txt\n"
    assert (await two.row())["conflicts"] == 3
    known = await sync.conflicts(two.store, two.link, two.project)
    assert {each.path for each in known} == set(names)
    diff = await sync.conflict_diff(two.link, two.project, "doc.txt")
    assert "-theirs" in diff.lines
    assert "+mine" in diff.lines
    (two.here / "later").write_text("moves with the next push, not with a choice")
    report = await sync.resolve(two.store, two.link, two.project, names)
    assert report.conflicts == ()
    assert not (two.there / "later").exists()
    assert (two.there / "flake.nix").read_text() == "mine\nflake.nix\n"
    assert (two.here / "src/main.c").read_text() == "theirs\nsrc/main.c\n"
    (copy,) = two.here.glob("doc.from-*.txt")
    assert copy.read_text() == "theirs\ndoc.txt\n"
    assert (two.there / "doc.txt").read_text() == "mine\ndoc.txt\n"
    (two.here / "later").unlink()
    here, there = two.both()
    assert here == there
    assert (await sync.push(two.store, two.link, two.project)).nothing
    assert await sync.conflicts(two.store, two.link, two.project) == []
    lost = {each.path for each in await sync.trash(two.link, two.project)}
    assert {"doc.txt", "flake.nix"} <= lost
    assert "src/main.c" in {each.path for each in await sync.trash_here(two.project)}


async def test_a_folder_that_is_gone_or_empty_deletes_nothing(two: Pair) -> None:
    await sync.push(two.store, two.link, two.project)
    before = tree(two.there)
    away = two.here.with_name("away-" + two.here.name)
    two.here.rename(away)
    with pytest.raises(SyncError, match="is gone"):
        await sync.push(two.store, two.link, two.project)
    two.here.mkdir()
    with pytest.raises(SyncError, match="empty") as caught:
        await sync.push(two.store, two.link, two.project)
    assert "--allow-empty" in caught.value.hint
    assert tree(two.there) == before
    two.here.rmdir()
    away.rename(two.here)
    assert (await sync.push(two.store, two.link, two.project)).nothing
    many = {f"many/{number}": "m" for number in range(60)}
    fill(two.here, many)
    await sync.push(two.store, two.link, two.project)
    shutil.rmtree(two.here / "many")
    with pytest.raises(SyncError, match="More than half") as caught:
        await sync.push(two.store, two.link, two.project)
    said = f"mnix push --allow-empty --project {two.project.ref}"
    assert caught.value.hint == f"if that is meant: {said}"
    dry = await sync.push(two.store, two.link, two.project, dry_run=True)
    assert dry.preview is not None
    assert "many vanished from" in dry.preview.refused
    assert len(dry.preview.plan.delete_there) == 61
    report = await sync.push(two.store, two.link, two.project, allow_empty=True)
    assert len(report.deleted_there) == 61
    for each in two.there.iterdir():
        shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()
    with pytest.raises(SyncError, match="empty"):
        await sync.pull(two.store, two.link, two.project)
    assert (two.here / "doc.txt").exists()


async def test_two_clients_of_one_project_meet_without_loss(
    two: Pair, rig: Rig, sshd: Sshd
) -> None:
    await sync.push(two.store, two.link, two.project)
    async with Store.open(rig.folder / "two" / f"{two.project.name}.db") as store:
        await store.add_server(sshd.server)
        info = await two.link.agent.project(two.project.remote_id)
        folder = rig.folder / "two" / two.project.name
        folder.mkdir(parents=True)
        fill(folder, {"doc.txt": "a different one", "flake.nix": "{}\n", "mine": "m"})
        project, report = await sync.adopt(store, two.link, info, folder)
        assert report is not None
        assert [each.path for each in report.conflicts] == ["doc.txt"]
        assert (folder / "src/main.c").read_text() == "int main;\n"
        assert (folder / "doc.txt").read_text() == "a different one"
        assert report.kept_here == ("mine",)
        other = second(two, store, folder)
        assert project == other.project
        await sync.resolve(store, two.link, project, {"doc.txt": "there"})
        (folder / "doc.txt").write_text("from two")
        (two.here / "src/main.c").write_text("from one")
        first, _ = await asyncio.gather(
            sync.push(store, two.link, project), sync.push(two.store, two.link, two.project)
        )
        assert "doc.txt" in first.sent
        await sync.pull(store, two.link, project)
        await sync.pull(two.store, two.link, two.project)
        await sync.push(store, two.link, project)
        await sync.pull(two.store, two.link, two.project)
        assert tree(two.here) == tree(folder) == tree(two.there)
        assert tree(folder)["doc.txt"] == "from two"
        assert tree(folder)["src/main.c"] == "from one"


@pytest.mark.parametrize("choice", ["here", "there"])
async def test_a_git_that_is_gone(two: Pair, choice: "Choice") -> None:
    git(two.here, "init", "-q")
    git(two.here, "add", ".")
    git(two.here, "commit", "-qm", "first")
    await sync.push(two.store, two.link, two.project)
    shutil.rmtree(two.there / ".git")
    for _ in range(2):
        report = await sync.pull(two.store, two.link, two.project)
        assert [each.path for each in report.conflicts] == [".git"]
        assert git(two.here, "log", "--format=%s") == "first\n"
    await sync.resolve(two.store, two.link, two.project, {".git": choice})
    assert (two.here / ".git").exists() == (two.there / ".git").exists() == (choice == "here")
    report = await sync.pull(two.store, two.link, two.project)
    assert report.conflicts == ()


@pytest.mark.parametrize("choice", ["here", "there", "both"])
async def test_lost_commits_are_kept(two: Pair, choice: "Choice") -> None:
    git(two.here, "init", "-q")
    git(two.here, "add", ".")
    git(two.here, "commit", "-qm", "first")
    await sync.push(two.store, two.link, two.project)
    git(two.there, "checkout", "-qb", "feat")
    for side in (two.here, two.there):
        git(side, "commit", "-q", "--allow-empty", "-m", f"made in {side.parent.name}")
    git(two.there, "pack-refs", "--all")
    git(two.there, "checkout", "-q", "--detach")
    git(two.there, "commit", "-q", "--allow-empty", "-m", "on no branch")
    made = {git(side, "rev-parse", "HEAD").strip() for side in (two.here, two.there)}
    for word in ("three", "four"):  # of the first of them only a log knows
        (two.here / "doc.txt").write_text(word)
        git(two.here, "stash", "-q")
        made.add(git(two.here, "rev-parse", "stash").strip())
    report = await sync.push(two.store, two.link, two.project)
    assert [each.path for each in report.conflicts] == [".git"]
    report = await sync.resolve(two.store, two.link, two.project, {".git": choice})
    assert report.conflicts == ()
    assert any("kept as refs/" in note for note in report.notes)
    for side in (two.here, two.there):
        assert made <= set(git(side, "rev-list", "--all", "--reflog").split())
        assert git(side, "fsck", "--unreachable") == ""
    for move in (sync.push, sync.pull):
        assert (await move(two.store, two.link, two.project)).nothing


async def test_settings_that_are_never_fetched_are_said_once(two: Pair) -> None:
    await sync.push(two.store, two.link, two.project)
    git(two.there, "init", "-q")
    said = "files of a repository's settings or hooks were not fetched"
    for news in (True, False):
        notes = (await sync.pull(two.store, two.link, two.project)).notes
        assert any(said in note for note in notes) is news
    git(two.there, "config", "a.b", "c")
    assert any(said in note for note in (await sync.pull(two.store, two.link, two.project)).notes)


async def test_pypi_hole_8_git_rules_decide_and_git_works_in_the_workspace(two: Pair) -> None:
    git(two.here, "init", "-q")
    fill(two.here, {".gitignore": "*.o\nbuild/\n", "a.o": "o", "build/x": "b", "keep.o": "k"})
    git(two.here, "add", "-f", "keep.o")
    git(two.here, "add", ".")
    git(two.here, "commit", "-qm", "first")
    await sync.push(two.store, two.link, two.project)
    there = tree(two.there)
    assert "keep.o" in there
    assert not {"a.o", "build", "build/x"} & set(there)
    assert git(two.there, "log", "--format=%s").strip() == "first"
    assert git(two.there, "status", "--porcelain") == ""
    git(two.here, "checkout", "-qb", "other")
    (two.here / "doc.txt").write_text("on the other branch\n")
    git(two.here, "commit", "-qam", "second")
    report = await sync.push(two.store, two.link, two.project)
    assert report.conflicts == ()
    assert git(two.there, "log", "--format=%s").split() == ["second", "first"]
    assert git(two.there, "status", "--porcelain") == ""
    assert (await sync.push(two.store, two.link, two.project)).nothing


async def test_a_clone_needs_no_folder_here_and_gets_one_when_it_is_adopted(
    two: Pair, rig: Rig
) -> None:
    origin = rig.folder / "origin"
    fill(origin, {"flake.nix": "{}\n", "README": "read me\n"})
    git(origin, "init", "-q")
    git(origin, "add", ".")
    git(origin, "commit", "-qm", "first")
    with pytest.raises(MnixError, match="clone"):
        await sync.clone_project(
            two.store, two.link, name="broken", url=f"file://{rig.folder}/none", isolation="host"
        )
    assert "broken" not in {view.project.name for view in await two.store.projects()}
    names = [info["name"] for info in (await two.link.agent.state()).projects]
    assert "broken" not in names

    project = await sync.clone_project(
        two.store, two.link, name="cloned", url=f"file://{origin}", isolation="host"
    )
    there = two.there.parent.parent / project.remote_id / "workspace"
    assert (there / "README").read_text() == "read me\n"
    assert project.folder == ""
    with pytest.raises(UsageError, match="no folder here"):
        await sync.push(two.store, two.link, project)
    info = await two.link.agent.project(project.remote_id)
    project, report = await sync.adopt(two.store, two.link, info, rig.folder / "new" / "cloned")
    assert report is not None
    assert report.conflicts == ()
    here = rig.folder / "new" / "cloned"
    assert (here / "README").read_text() == "read me\n"
    assert (await sync.push(two.store, two.link, project)).nothing


async def test_an_adoption_that_failed_begins_anew_and_goes_by_mnix_toml(
    two: Pair, rig: Rig
) -> None:
    fill(two.there, {"mnix.toml": "[sync]\ngit = false\n"})
    git(two.there, "init", "-q")
    info = await two.link.agent.project(two.project.remote_id)
    folder = rig.folder / "adopted" / two.project.name

    def cut(what: str, done: int, total: int | None) -> None:
        if what.startswith("fetching"):
            raise LinkLost("The connection is gone")

    async with Store.open(rig.folder / "adopted" / f"{two.project.name}.db") as store:
        await store.add_server(two.sshd.server)
        with pytest.raises(LinkLost):
            await sync.adopt(store, two.link, info, folder, cut)
        assert (await store.project(two.project.ref)).project.folder == ""
        project, report = await sync.adopt(store, two.link, info, folder)
        assert report is not None
        assert project.folder == str(folder)
        assert "mnix.toml" in report.fetched
        assert not (folder / ".git").exists()


async def test_a_folder_that_was_moved_is_taken_where_it_is_now(two: Pair, rig: Rig) -> None:
    await sync.push(two.store, two.link, two.project)
    info = await two.link.agent.project(two.project.remote_id)
    moved = two.here.rename(two.here.with_name(f"moved-{two.here.name}"))
    with pytest.raises(SyncError, match="is gone") as caught:
        await sync.push(two.store, two.link, two.project)
    assert f"mnix adopt {two.project.ref} FOLDER" in caught.value.hint
    project, report = await sync.adopt(two.store, two.link, info, moved)
    assert report is not None
    assert report.nothing
    assert (await sync.push(two.store, two.link, project)).nothing
    shutil.rmtree(moved)
    project, report = await sync.adopt(two.store, two.link, info, moved)  # all of it once more
    assert report is not None
    assert report.kept_here == ()
    assert tree(moved) == tree(two.there)
