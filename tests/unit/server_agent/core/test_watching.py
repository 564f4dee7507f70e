"""What changed in a tree is told by inotify: which folder it was, and nothing that does not count."""

import os
import select
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from server_agent.core import watching
from server_agent.core.watching import Watch
from tests.helpers.settle import settle


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    (tmp_path / "a" / "b").mkdir(parents=True)
    watch = Watch(str(tmp_path), lambda folder, name: name == "ignored")
    assert watch.follow(["", "a", "a/b"]) == {"", "a", "a/b"}
    yield watch
    watch.close()


def test_a_change_names_its_folder(watch: Watch, tmp_path: Path) -> None:
    assert watch.take() == set()
    (tmp_path / "a" / "b" / "file").write_text("x")
    assert select.select([watch.handle], [], [], 5)[0]
    assert watch.take() == {"a/b"}
    assert watch.take() == set()
    (tmp_path / "a" / "b" / "file").chmod(0o755)
    (tmp_path / "top").write_text("x")
    assert watch.take() == {"", "a/b"}
    (tmp_path / "a" / "b" / "file").unlink()
    (tmp_path / "a" / "ignored").write_text("x")
    (tmp_path / ".mnix").mkdir()
    assert watch.take() == {"a/b"}


def test_folders_that_come_are_renamed_and_go(watch: Watch, tmp_path: Path) -> None:
    (tmp_path / "a" / "new").mkdir()
    assert watch.take() == {"a"}
    assert watch.follow(["", "a", "a/b", "a/new"]) == {"a/new"}
    (tmp_path / "a" / "b").rename(tmp_path / "c")
    assert watch.take() == {"", "a", "a/b"}
    assert watch.follow(["", "a", "a/new", "c"]) == {"c"}
    (tmp_path / "c" / "file").write_text("x")
    assert watch.take() == {"c"}
    (tmp_path / "c" / "file").unlink()
    (tmp_path / "c").rmdir()
    assert watch.take() == {"", "c"}
    (tmp_path / "c").mkdir()
    assert watch.take() == {""}
    assert watch.follow(["", "a", "a/new", "c"]) == {"c"}
    assert watch.follow(["", "a", "a/new", "c", "gone"]) == set()


def test_after_new_rules_or_too_many_changes_all_may_have_changed(
    watch: Watch, tmp_path: Path
) -> None:
    (tmp_path / "a" / ".gitignore").write_text("x")
    assert watch.take() is None
    assert watch.take() == set()
    watch._feed(struct.pack("iIII", -1, 0x4000, 0, 0))  # IN_Q_OVERFLOW
    assert watch.take() is None


def test_with_too_many_folders_it_looks_now_and_then(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "MOST", 2)
    monkeypatch.setattr(watching, "POLL", 0.1)
    handles = len(os.listdir("/proc/self/fd"))
    assert watch.follow(["", "a", "a/b"]) == set()
    assert len(os.listdir("/proc/self/fd")) == handles - 1
    assert watch.polls
    watch.looked(0.001)
    assert watch.take() == set()
    assert 0 < (watch.wait() or 0) <= 0.1
    settle(lambda: watch.take() is None, what="the next look")
    watch.looked(2.0)
    assert (watch.wait() or 0) > 15
