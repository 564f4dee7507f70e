"""Applying transfers: what was expected is replaced and kept, anything else stays."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from server_agent.trees import staging, swap, trash
from server_agent.trees.apply import Application, apply
from server_agent.trees.index import Index
from server_agent.trees.model import State
from server_agent.trees.wire_out import Outgoing
from tests.unit.server_agent.trees.transfers import (
    alike,
    carry,
    changes,
    contents,
    packets,
    plant,
    received,
    states,
)

if TYPE_CHECKING:
    from pathlib import Path

OLD: dict[str, str | bytes | None] = {
    "same": "same",
    "changed": "before",
    "gone": "gone",
    "folder/deep/gone": "gone too",
    "folder/stays": "stays",
    "was-file": "a file that becomes a folder",
    "was-folder/inner/x": "a folder that becomes a file",
    "link": "->same",
    "to-link": "a file that becomes a link",
    "script": "#!/bin/sh\n",
    ".git/HEAD": "ref: refs/heads/main\n",
    ".git/refs/heads/main": "1" * 40,
    ".git/objects/aa/1": "one",
}
NEW: dict[str, str | bytes | None] = {
    "same": "same",
    "changed": "after",
    "folder/stays": "stays",
    "folder/new": "in a folder that is there",
    "fresh/of/all/a": "new",
    "fresh/of/b": b"\0" * 70_000,
    "fresh/empty": None,
    "was-file/now/y": "now a folder",
    "was-folder": "now a file",
    "link": "->changed",
    "to-link": "->folder/stays",
    "script": "#!/bin/sh\n",
    "name-\udcff": "not UTF-8",
    ".git/HEAD": "ref: refs/heads/work\n",
    ".git/refs/heads/main": "1" * 40,
    ".git/refs/heads/work": "2" * 40,
    ".git/objects/aa/1": "one",
    ".git/objects/aa/2": "two",
    ".git/objects/pack/p.pack": "pack",
    ".git/objects/pack/p.idx": "idx",
}


def both(tmp_path: Path) -> tuple[Path, Path]:
    here = plant(tmp_path / "here", NEW)
    (here / "script").chmod(0o755)
    return here, plant(tmp_path / "there" / "workspace", OLD)


def test_a_tree_becomes_another_and_what_it_replaced_is_in_the_trash(tmp_path: Path) -> None:
    here, there = both(tmp_path)
    old = contents(there)
    index = Index()
    done = carry(packets(here, changes(states(there), states(here))), there, index)
    assert done.skipped == []
    assert alike(states(there), states(here))
    assert (there / "script").stat().st_mtime_ns > 0
    for path in ("changed", "fresh/of/b"):
        assert (there / path).stat().st_mtime_ns == (here / path).stat().st_mtime_ns
    batches = there.parent / "trash"
    assert old <= contents(there, batches)
    kept = {entry.path: entry for entry in trash.entries(os.fspath(batches))}
    assert {"changed", "gone", "folder/deep/gone", "was-file", "link", "to-link"} <= kept.keys()
    assert {entry.id for entry in kept.values()} == {done.trash}
    assert kept["changed"].by == "me"
    assert done.trashed == len(kept)
    assert staging.left(os.fspath(there.parent / "incoming")) == []


def test_the_index_learns_every_new_state(tmp_path: Path) -> None:
    here, there = both(tmp_path)
    index = Index()
    carry(packets(here, changes(states(there), states(here))), there, index)
    for path, state in states(here).items():
        item = index.find(path)
        if path in {*OLD, "was-folder/inner"} and path in NEW and OLD[path] == NEW[path]:
            continue  # nobody told it
        if state.kind == "d" and path not in ("fresh", "fresh/of", "was-file"):
            continue
        assert item is not None, path
        assert item.state is not None
        assert (item.state.kind, item.value) == (state.kind, state.value)
        if state.kind == "f":
            info = (there / path).lstat()
            assert (item.inode, item.ctime) == (info.st_ino, info.st_ctime_ns), path
    assert index.find("gone") is None


def test_a_second_time_nothing_is_left_to_do(tmp_path: Path) -> None:
    here, there = both(tmp_path)
    frames = packets(here, changes(states(there), states(here)))
    index = Index()
    carry(frames, there, index)
    before, seq = states(there), index.seq
    done = carry(frames, there, index)
    assert (done.skipped, done.trash) == ([], None)
    assert states(there) == before
    assert list(index.since(seq)) == []


def test_what_is_not_as_expected_is_skipped_and_named(tmp_path: Path) -> None:
    here = plant(tmp_path / "here", {"a": "mine", "d/new": "mine", "e": "mine", "f/g": "mine"})
    there = plant(
        tmp_path / "there" / "w", {"a": "theirs", "b": "theirs", "d": "a file", "f/g": "mine"}
    )
    state = states(here)
    old = State("f", 0o644, 3, 0, "x" * 32)
    items = [
        Outgoing("a", state["a"], old),
        Outgoing("b", None, old),
        Outgoing("d", state["d"], None),
        Outgoing("d/new", state["d/new"], None),
        Outgoing("e", state["e"], old),
        Outgoing("f/g", state["f/g"], None),
    ]
    before = states(there)
    done = carry(packets(here, items), there)
    assert sorted(path for path, _, _ in done.skipped) == ["a", "b", "d", "d/new", "e"]
    assert {why for _, why, _ in done.skipped} == {"changed"}
    assert {path: now and now.value for path, _, now in done.skipped} == {
        "a": before["a"].value,
        "b": before["b"].value,
        "d": before["d"].value,
        "d/new": None,
        "e": None,
    }
    assert states(there) == before


def test_a_folder_that_holds_something_else_is_not_deleted(tmp_path: Path) -> None:
    here = plant(tmp_path / "here", {})
    there = plant(tmp_path / "there" / "w", {"d/known": "x", "d/ignored": "keep me"})
    known = states(there)
    items = [Outgoing("d", None, known["d"]), Outgoing("d/known", None, known["d/known"])]
    done = carry(packets(here, items), there)
    assert [(path, why) for path, why, _ in done.skipped] == [("d", "not-empty")]
    assert states(there).keys() == {"d", "d/ignored"}


def test_links_that_lead_out_are_skipped_also_through_others(tmp_path: Path) -> None:
    here = plant(
        tmp_path / "here",
        {"abs": "->/etc/passwd", "up": "->../x", "d/ok": "->../abs-not", "via": "->old/x"},
    )
    there = plant(tmp_path / "there" / "w", {"old": "->/etc"})
    done = carry(packets(here, changes({}, states(here))), there)
    assert sorted((path, why) for path, why, _ in done.skipped) == [
        ("abs", "link-out"),
        ("up", "link-out"),
        ("via", "link-out"),
    ]
    assert os.readlink(there / "d" / "ok") == "../abs-not"


def test_no_link_comes_to_lead_out_by_what_a_later_transfer_changes(tmp_path: Path) -> None:
    here = plant(tmp_path / "here", {"p/q/l/x": "x", "top/y": "y", "p/q/m": "->l/../../../secret"})
    there = plant(tmp_path / "there" / "w", {})
    first = carry(packets(here, changes({}, states(here))), there)
    assert [(path, why) for path, why, _ in first.skipped] == [("p/q/m", "link-out")]
    shutil.rmtree(here / "p" / "q" / "l")
    (here / "p" / "q" / "l").symlink_to("../../top")
    (here / "p" / "q" / "m").unlink()
    carry(packets(here, changes(states(there), states(here))), there)
    assert os.readlink(there / "p" / "q" / "l") == "../../top"
    assert not os.path.lexists(there / "p" / "q" / "m")


def test_a_folder_swapped_for_a_link_after_the_check_gets_nothing_written(tmp_path: Path) -> None:
    outside = plant(tmp_path / "outside", {"victim": "safe"})
    here = plant(tmp_path / "here", {"d/victim": "evil", "d/new": "evil", "d/sub/x": "evil"})
    there = plant(tmp_path / "there" / "w", {"d/victim": "old", "d/gone": "old"})
    frames = packets(here, changes(states(there), states(here)))

    class Swapping(Application):
        """A process in the workspace that is as fast as can be."""

        def run(self, steps: object) -> None:
            (there / "d").rename(there / "moved")
            (there / "d").symlink_to(outside)
            super().run(steps)  # type: ignore[arg-type]

    from server_agent.trees import apply as module

    trashed = os.fspath(tmp_path / "there" / "trash")
    incoming = tmp_path / "there" / "incoming"
    with received(frames, incoming, there) as batch, pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "Application", Swapping)
        done = apply(batch, os.fspath(there), trashed)
    assert {path for path, why, _ in done.skipped if why == "changed"} >= {"d/victim", "d/new"}
    assert {path.name for path in outside.iterdir()} == {"victim"}
    assert (outside / "victim").read_text() == "safe"
    assert (there / "moved" / "victim").read_text() == "old"


def test_a_file_that_changes_after_the_check_stays(tmp_path: Path) -> None:
    here = plant(tmp_path / "here", {"a": "mine", "n": "mine"})
    there = plant(tmp_path / "there" / "w", {"a": "old", "x": "old"})
    frames = packets(here, changes(states(there), states(here)))
    from server_agent.trees import check

    class Late(check.Check):
        """Everything changes right after it was checked."""

        def run(self) -> check.Checked:
            found = super().run()
            for name in ("a", "n", "x"):
                (there / "tmp").write_text(f"theirs {name}")
                (there / "tmp").rename(there / name)
            return found

    from server_agent.trees import apply as module

    incoming = tmp_path / "there" / "incoming"
    with received(frames, incoming, there) as batch, pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "Check", Late)
        done = apply(batch, os.fspath(there), os.fspath(tmp_path / "there" / "trash"))
    assert sorted(path for path, _, _ in done.skipped) == ["a", "n", "x"]
    assert {path.name: path.read_text() for path in there.iterdir()} == {
        name: f"theirs {name}" for name in ("a", "n", "x")
    }


def test_whole_new_folders_are_moved_by_one_rename(tmp_path: Path) -> None:
    here = plant(tmp_path / "here", {f"d/s{n}/f": f"{n}" for n in range(50)})
    there = plant(tmp_path / "there" / "w", {})
    with received(
        packets(here, changes({}, states(here))), tmp_path / "there" / "incoming", there
    ) as batch:
        inode = os.stat(os.path.join(batch.place, "tree", "d", "s7")).st_ino
        index = Index()
        apply(batch, os.fspath(there), os.fspath(tmp_path / "there" / "trash"), index)
    assert (there / "d" / "s7").stat().st_ino == inode
    assert alike(states(there), states(here))
    known = {path: state for path, state in index.since(0) if state is not None}
    assert alike(known, states(here))


@pytest.mark.parametrize("times", [1, 2])
def test_an_editor_that_saves_at_the_very_moment_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    here = plant(tmp_path / "here", {"a": "mine"})
    there = plant(tmp_path / "there" / "w", {"a": "old"})
    frames = packets(here, changes(states(there), states(here)))
    exchange = swap.exchange
    saved: list[str] = []

    def save_first(*args: int) -> bool:
        if len(saved) < times:
            saved.append(f"edit {len(saved)}")
            (there / "tmp").write_text(saved[-1])
            (there / "tmp").rename(there / "a")
        return exchange(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(swap, "exchange", save_first)
    done = carry(frames, there)
    assert [each[:2] for each in done.skipped] == [("a", "changed")]
    kept = {path.read_text() for path in (tmp_path / "there").rglob("a") if path.is_file()}
    # What an editor itself replaced is its own affair; the last is where it was saved.
    assert kept == ({"edit 0"} if times == 1 else {"edit 0", "edit 1"})
