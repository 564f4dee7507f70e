"""What can't be changed in a tree is passed over, and said: it stands in nobody else's way."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from server_agent.trees.apply import Applied, apply, recover
from server_agent.trees.kept import Kept
from server_agent.trees.there import There
from tests.helpers.nobody import as_nobody
from tests.unit.server_agent.trees.transfers import changes, packets, plant, received, states


def carry(here: Path, there: Path, *, give_up: bool) -> Applied:
    frames = packets(here, changes(states(there), states(here)))
    trash = there.parent / "trash"
    with received(frames, there.parent / "incoming", there) as batch:
        return apply(batch, os.fspath(there), os.fspath(trash), give_up=give_up)


def finish(there: Path) -> int:
    incoming, trash = there.parent / "incoming", there.parent / "trash"
    return recover(os.fspath(incoming), os.fspath(there), os.fspath(trash), give_up=True)


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    here = plant(tmp_path / "here", {"d/f": "new", "d/n": "n", "d/s/x": "x", "g": "new", "h": "h"})
    there = plant(tmp_path / "there" / "w", {"d/f": "old", "d/gone": "1", "g": "old", "m": None})
    return here, there


def test_a_folder_that_nobody_may_write_is_seen_before_anything_is_done(
    trees: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(There, "writable", lambda self, folder: folder != "d")
    here, there = trees
    done = carry(here, there, give_up=True)
    assert {path: why for path, why, _ in done.skipped} == dict.fromkeys(
        ["d/f", "d/n", "d/s", "d/s/x", "d/gone"], "read-only"
    )
    assert done.applied == 3  # g, h and m
    assert [(there / path).read_text() for path in ("d/f", "d/gone", "g", "h")] == [
        "old", "1", "new", "h"
    ]  # fmt: skip
    assert not os.listdir(there.parent / "incoming")


def test_a_read_only_folder_is_one() -> None:
    # Not below tmp_path, whose folders are root's alone.
    with as_nobody(), TemporaryDirectory() as folder:
        here = plant(Path(folder) / "here", {"d/f": "new", "d/n": "n", "g": "new"})
        there = plant(Path(folder) / "there" / "w", {"d/f": "old", "g": "old"})
        (there / "d").chmod(0o555)
        try:
            done = carry(here, there, give_up=True)
        finally:
            (there / "d").chmod(0o755)
        assert {path: why for path, why, _ in done.skipped} == {
            "d/f": "read-only", "d/n": "read-only"
        }  # fmt: skip
        assert (there / "g").read_text() == "new"


@pytest.mark.parametrize(
    ("number", "why"), [(errno.EBUSY, "busy"), (errno.ENAMETOOLONG, "file name too long")]
)
def test_what_no_rights_would_help_with_is_passed_over(
    trees: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, number: int, why: str
) -> None:
    def refuse(name: str, **_: object) -> None:
        raise OSError(number, os.strerror(number), name)

    monkeypatch.setattr(os, "rmdir", refuse)
    here, there = trees
    done = carry(here, there, give_up=False)
    assert [(path, why) for path, why, _ in done.skipped] == [("m", why)]
    assert (there / "g").read_text() == "new"


def test_a_transfer_that_waits_for_rights_goes_on_without_them_once_there_are_none(
    trees: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str, **_: object) -> None:
        raise PermissionError(errno.EACCES, "no", name)

    monkeypatch.setattr(os, "rmdir", refuse)
    here, there = trees
    with pytest.raises(PermissionError):
        carry(here, there, give_up=False)
    assert finish(there) == 1
    assert (there / "g").read_text() == "new"
    assert (there / "m").exists()
    assert not list((there.parent / "incoming").rglob("journal.json"))


def test_nothing_goes_on_before_what_was_replaced_is_kept(
    trees: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "no")

    here, there = trees
    with monkeypatch.context() as patch:
        patch.setattr(Kept, "move", refuse)
        with pytest.raises(OSError, match="no"):
            carry(here, there, give_up=True)
    assert finish(there) == 1
    trash = [path.read_text() for path in (there.parent / "trash").rglob("*") if path.is_file()]
    assert trash.count("old") == 2
