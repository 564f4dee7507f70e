"""Folders reached one through the other: few handles, and never another folder than was meant."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from server_agent.trees import kept as keeping
from server_agent.trees.folders import MOST_OPEN, Folders, MadeFolders
from server_agent.trees.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path


def handles() -> int:
    return len(os.listdir("/dev/fd"))


def test_deep_paths_take_few_handles_and_are_the_right_ones(tmp_path: Path) -> None:
    deep = ["/".join(["d"] * depth) for depth in range(1, 200)]
    paths = ["", *deep, *(f"{path}/e" for path in deep[::3])]
    before = handles()
    with MadeFolders(os.fspath(tmp_path)) as made:
        inodes = {path: os.fstat(made.at(path)).st_ino for path in paths}
        assert handles() <= before + MOST_OPEN + 2
    assert len(set(inodes.values())) == len(paths)
    with Folders(os.fspath(tmp_path)) as folders:
        for path in random.Random(1).sample(paths, len(paths)):
            assert os.fstat(folders.at(path)).st_ino == inodes[path]
            assert handles() <= before + MOST_OPEN + 2
    assert handles() <= before


def test_after_a_folder_that_is_none_the_others_are_the_right_ones(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    with Folders(os.fspath(tmp_path)) as folders:
        folders.at("a")
        with pytest.raises(FileNotFoundError):
            folders.at("a/b/gone")
        assert os.fstat(folders.at("a")).st_ino == (tmp_path / "a").stat().st_ino
        assert os.fstat(folders.at("a/b")).st_ino == (tmp_path / "a/b").stat().st_ino


def test_long_names_are_kept_twice_and_below_what_was_a_file(tmp_path: Path) -> None:
    name = "\u65e5" * 84
    kept = keeping.Kept(os.fspath(tmp_path / "trash"), Journal("t", 1.0, "", ""))
    with Folders(os.fspath(tmp_path)) as folders:
        for path in ("f", "f", f"f/{name}"):
            (tmp_path / "new").write_text("x")
            kept.link(folders.at(""), "new", path, (tmp_path / "new").stat())
            (tmp_path / "new").unlink()
        for _ in range(2):
            (tmp_path / "new").write_text("x")
            kept.link(folders.at(""), "new", name, (tmp_path / "new").stat())
            (tmp_path / "new").unlink()
    kept.finish()
    assert len(list((tmp_path / "trash/t").iterdir())) == 5


def test_too_few_handles_are_no_reason_for_another_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "f").write_text("x")
    kept = keeping.Kept(os.fspath(tmp_path / "trash"), Journal("t", 1.0, "", ""))
    with Folders(os.fspath(tmp_path)) as folders:

        def none(_: object, name: str) -> int:
            raise OSError(24, os.strerror(24), name)

        monkeypatch.setattr(MadeFolders, "_enter", none)
        with pytest.raises(OSError, match="open files"):
            kept.link(folders.at(""), "f", "d/f", (tmp_path / "f").stat())
    kept.close()
    assert list((tmp_path / "trash/t").iterdir()) == []
