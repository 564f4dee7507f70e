"""What is kept of files has their names only when it is whole, also where it has to be copied."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from server_agent.trees import kept, renaming, trash
from server_agent.trees.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JOURNAL = Journal("2026-01-01T000000Z-aaaaaaaa", 1.0, "", "")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "f").write_text("whole")
    handle = os.open(tmp_path / "w", os.O_RDONLY)
    yield handle
    os.close(handle)


def half(folder: int, name: str, to: int, other: str, info: os.stat_result) -> None:
    """Be killed in the middle."""
    handle = os.open(other, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=to)
    os.write(handle, b"wh")
    os.close(handle)
    raise KeyboardInterrupt


def refused(*_: object, **__: object) -> None:
    raise OSError(errno.EXDEV, "not here")


def test_a_copy_that_was_cut_is_made_again(
    tmp_path: Path, folder: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", refused)
    info = os.lstat("f", dir_fd=folder)
    with monkeypatch.context() as patch:
        patch.setattr(kept, "copy", half)
        first = kept.Kept(os.fspath(tmp_path / "trash"), JOURNAL)
        with pytest.raises(KeyboardInterrupt):
            first.link(folder, "f", "f", info)
        first.close()
    again = kept.Kept(os.fspath(tmp_path / "trash"), JOURNAL)
    again.link(folder, "f", "f", info)
    assert again.finish()
    batch = tmp_path / "trash" / JOURNAL.trash
    assert {each.name: each.read_text() for each in batch.iterdir()} == {"f": "whole"}
    assert sorted(each.name for each in batch.parent.iterdir()) == [
        batch.name,
        f"{batch.name}.json",
    ]
    assert trash.size(os.fspath(tmp_path / "trash")) == 5


def test_nor_does_half_a_copy_stay_in_the_workspace(
    tmp_path: Path, folder: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = tmp_path / "staged"
    staged.mkdir()
    long = "\u00e9" * 120
    (staged / long).write_text("new")
    source, rename = os.open(staged, os.O_RDONLY), os.rename

    def far(name: str, to: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        if src_dir_fd == source:
            refused()
        rename(name, to, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "rename", far)
    with monkeypatch.context() as patch:
        patch.setattr(renaming, "copy", half)
        with pytest.raises(KeyboardInterrupt):
            renaming.rename_over(source, folder, long)
    renaming.rename_over(source, folder, long)
    os.close(source)
    assert sorted(os.listdir(folder)) == ["f", long]
    assert (tmp_path / "w" / long).read_text() == "new"
