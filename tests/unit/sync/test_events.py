"""What is heard of a folder, when it counts as over, and what ends a watch."""

import asyncio
import os
from contextlib import aclosing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mnix_tui.domain.projects import Project
from mnix_tui.errors import SyncError
from mnix_tui.sync import events
from mnix_tui.sync.events import LocalEvents
from mnix_tui.sync.watch import watch
from tests.helpers.settle import asettle


def test_only_gits_own_locks_are_not_heard(tmp_path: Path) -> None:
    here = LocalEvents(str(tmp_path))
    locks = (".git/index.lock", "sub/.git/refs/heads/main.lock", ".mnix/trash/x")
    assert here._touched(f"{tmp_path}/{path}" for path in locks) == set()
    files = (".github/pnpm.lock", ".gitfoo/x.lock", "a/Cargo.lock")
    assert here._touched(f"{tmp_path}/{path}" for path in files) == {".github", ".gitfoo", "a"}


async def test_where_a_name_is_no_utf_8_a_small_folder_is_looked_at_often(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9")).mkdir()
    loop = asyncio.get_running_loop()
    async with LocalEvents(str(tmp_path)) as here:
        await asettle(lambda: here.polls, what="that no notices come")
        await asettle(lambda: here.pending, what="the first look")
        here.take()
        begin = loop.time()
        await here.wait()
        assert loop.time() - begin < events.POLL / 2
        assert here.take() is None


async def test_many_changes_are_waited_for_but_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, loop = LocalEvents(str(tmp_path)), asyncio.get_running_loop()
    begin = loop.time()
    await here.quiet()
    for at in range(11):
        loop.call_later(at * 0.02, here._take_in, {str(at)})
    await asettle(lambda: here.pending)
    await here.quiet()
    assert loop.time() - begin >= 0.2 + events.QUIET
    assert here.take() == {str(at) for at in range(11)}
    monkeypatch.setattr(events, "LONGEST", 0.1)
    begin = loop.time()
    later = [loop.call_later(at * 0.02, here._take_in, {"a"}) for at in range(100)]
    await asettle(lambda: here.pending)
    await here.quiet()
    assert loop.time() - begin < 1
    for each in later:
        each.cancel()


async def test_a_folder_that_was_exchanged_for_another_is_seen(tmp_path: Path) -> None:
    root, other = tmp_path / "proj", tmp_path / "new"
    root.mkdir()
    other.mkdir()
    async with LocalEvents(str(root)) as here:
        await asettle(lambda: (root / "a").write_text("a") and here.pending, what="a notice")
        root.rename(tmp_path / "old")
        other.rename(root)
        await asettle(lambda: here.replaced, what="the other folder")


async def test_a_watch_ends_when_the_project_has_another_folder(tmp_path: Path) -> None:
    project = Project("api", "tokyo", "id", str(tmp_path))
    moved = SimpleNamespace(project=Project("api", "tokyo", "id", "/elsewhere/api"))

    async def projects(server: str) -> list[Any]:
        return [moved]

    store: Any = SimpleNamespace(path=tmp_path / "store.db", projects=projects)
    link: Any = None
    async with aclosing(watch(link, store, project, lambda: ("push", True))) as told:
        with pytest.raises(SyncError, match="is not watched any more") as raised:
            await anext(told)
    assert raised.value.detail == "the folder of api@tokyo is /elsewhere/api now"
