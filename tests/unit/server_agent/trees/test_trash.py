"""The trash: listed, restored from, cleared; and never lost itself."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from server_agent.protocol.errors import AgentError
from server_agent.trees import trash
from server_agent.trees.journal import Journal
from server_agent.trees.kept import Kept
from tests.unit.server_agent.trees.transfers import carry, changes, packets, plant, states

if TYPE_CHECKING:
    from pathlib import Path


def replaced(tmp_path: Path) -> tuple[Path, str, str]:
    """A workspace in which three files were replaced, and the trash with them."""
    here = plant(tmp_path / "here", {"a": "new", "d/b": "new"})
    root = plant(tmp_path / "there" / "w", {"a": "old", "d/b": "old", "d/e/c": "old", "d/l": "->b"})
    done = carry(packets(here, changes(states(root), states(here))), root)
    assert done.trash is not None
    return root, os.fspath(tmp_path / "there" / "trash"), done.trash


def test_entries_say_when_and_whose(tmp_path: Path) -> None:
    _, place, batch = replaced(tmp_path)
    found = trash.entries(place)
    assert [(each.path, each.kind, each.size) for each in found] == [
        ("a", "f", 3),
        ("d/b", "f", 3),
        ("d/l", "l", 1),
        ("d/e/c", "f", 3),
    ]
    assert {(each.id, each.by) for each in found} == {(batch, "me")}
    assert found[0].time > 1e9
    assert trash.size(place) == 9
    assert len(trash.entries(place, most=2)) == 2


def test_restoring_keeps_what_is_there_now(tmp_path: Path) -> None:
    root, place, batch = replaced(tmp_path)
    assert trash.restore(place, batch, ["a", "d/e"], os.fspath(root), by="me") == ["a", "d/e/c"]
    assert (root / "a").read_text() == "old"
    assert (root / "d" / "e" / "c").read_text() == "old"
    found = {(each.id == batch, each.path) for each in trash.entries(place)}
    assert found == {(True, "d/b"), (True, "d/l"), (False, "a")}
    # And back again.
    other = next(each.id for each in trash.entries(place) if each.id != batch)
    trash.restore(place, other, ["a"], os.fspath(root))
    assert (root / "a").read_text() == "new"


def test_the_last_file_takes_its_batch_along(tmp_path: Path) -> None:
    root, place, batch = replaced(tmp_path)
    (root / "a").unlink()
    (root / "d" / "b").unlink()
    trash.restore(place, batch, ["a", "d"], os.fspath(root))
    assert os.listdir(place) == []
    assert os.readlink(root / "d" / "l") == "b"


def test_what_is_not_there_or_leads_out_is_an_error(tmp_path: Path) -> None:
    root, place, batch = replaced(tmp_path)
    before = states(root)
    for wrong, path in ((batch, "nope"), ("../w", "a"), ("", "a"), (batch, "../a"), ("x", "a")):
        with pytest.raises(AgentError):
            trash.restore(place, wrong, [path], os.fspath(root))
    (root / "d" / "b").unlink()
    (root / "d" / "b").mkdir()
    with pytest.raises(AgentError, match="is a folder"):
        trash.restore(place, batch, ["d/b"], os.fspath(root))
    (root / "d" / "b").rmdir()
    assert states(root).keys() == before.keys() - {"d/b"}


def test_nothing_is_restored_through_a_link(tmp_path: Path) -> None:
    root, place, batch = replaced(tmp_path)
    outside = plant(tmp_path / "outside", {"b": "safe"})
    (root / "d").rename(root / "moved")
    (root / "d").symlink_to(outside)
    with pytest.raises(OSError, match="d"):
        trash.restore(place, batch, ["d/b"], os.fspath(root))
    assert (outside / "b").read_text() == "safe"
    assert [each.path for each in trash.entries(place)] == ["a", "d/b", "d/l", "d/e/c"]


def batches(place: Path, sizes: list[int], day: float) -> None:
    for number, size in enumerate(sizes):
        plant(place, {f"b{number}/f": b"x" * size})
        note = {"time": 1e9 - number * day * 86400, "by": "me", "why": "sync"}
        if number % 2:
            note["bytes"] = size
        (place / f"b{number}.json").write_text(json.dumps(note))


@pytest.mark.parametrize(
    ("days", "limit", "left"),
    [(30, 10_000, "0123"), (15, 10_000, "01"), (30, 250, "01"), (0, 0, "0")],
)
def test_old_and_too_much_is_cleared_but_the_newest_stays(
    tmp_path: Path, days: float, limit: int, left: str
) -> None:
    batches(tmp_path, [100] * 4, day=10)
    removed = trash.prune(os.fspath(tmp_path), days=days, limit=limit, now=1e9)
    assert removed == 4 - len(left)
    assert {each.id for each in trash.entries(os.fspath(tmp_path))} == {f"b{n}" for n in left}
    assert sorted(os.listdir(tmp_path)) == sorted(
        [f"b{n}" for n in left] + [f"b{n}.json" for n in left]
    )


def test_a_damaged_note_hides_nothing(tmp_path: Path) -> None:
    batches(tmp_path, [1, 2], day=1)
    (tmp_path / "b0.json").write_text("{")
    (tmp_path / "b1.json").write_text("[1]")
    assert {each.id for each in trash.entries(os.fspath(tmp_path))} == {"b0", "b1"}
    assert trash.entries(os.fspath(tmp_path / "none")) == []
    assert trash.prune(os.fspath(tmp_path / "none")) == 0


def test_a_name_that_is_taken_in_the_trash_gets_another(tmp_path: Path) -> None:
    root = plant(tmp_path / "w", {"a": "1", "d/x": "2"})
    folder = os.open(root, os.O_RDONLY)
    kept = Kept(os.fspath(tmp_path / "trash"), Journal("b", 1.0, "", ""))
    try:
        kept.link(folder, "a", "a", os.lstat(root / "a"))
        kept.link(folder, "a", "a", os.lstat(root / "a"))  # the same file: it is kept already
        (root / "a").unlink()
        (root / "a").write_text("3")
        kept.move(folder, "a", "a", os.lstat(root / "a"))
        (root / "a").write_text("4")
        kept.move(folder, "a", "a/below", os.lstat(root / "a"))
        kept.finish()
    finally:
        os.close(folder)
    found = {path.name: path.read_text() for path in (tmp_path / "trash" / "b").iterdir()}
    assert found == {"a": "1", "a~1": "3", "a%below": "4"}
