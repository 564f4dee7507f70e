"""The trash: listed, restored from, cleared; and never lost itself."""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import TYPE_CHECKING

import pytest

from server_agent.protocol.errors import AgentError
from server_agent.trees import swap, trash
from server_agent.trees.folders import Folders
from server_agent.trees.journal import Journal
from server_agent.trees.kept import Kept
from server_agent.trees.renaming import lstat_at
from tests.unit.server_agent.trees.transfers import carry, changes, packets, plant, states

if TYPE_CHECKING:
    from collections.abc import Mapping
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


def test_a_file_where_a_folder_was_is_kept(tmp_path: Path) -> None:
    root, place, batch = replaced(tmp_path)
    (root / "d").rename(tmp_path / "away")
    (root / "d").write_text("a file now")
    assert trash.restore(place, batch, ["d/e/c", "d/b"], os.fspath(root)) == ["d/b", "d/e/c"]
    assert (root / "d" / "e" / "c").read_text() == "old"
    other = {each.id: each.path for each in trash.entries(place) if each.id != batch}
    assert [*other.values()] == ["d"]
    assert (tmp_path / place / next(iter(other)) / "d").read_text() == "a file now"


def test_nothing_is_restored_through_a_link(tmp_path: Path) -> None:
    root, place, batch = replaced(tmp_path)
    outside = plant(tmp_path / "outside", {"b": "safe"})
    (root / "d").rename(root / "moved")
    (root / "d").symlink_to(outside)
    with pytest.raises(AgentError, match="d is no folder there now"):
        trash.restore(place, batch, ["d/b"], os.fspath(root))
    assert (outside / "b").read_text() == "safe"
    assert [each.path for each in trash.entries(place)] == ["a", "d/b", "d/l", "d/e/c"]


def batches(place: Path, sizes: list[int], day: float) -> None:
    for number, size in enumerate(sizes):
        plant(place, {f"b{number}/f": b"x" * size})
        when = 1e9 - number * day * 86400
        note = {"time": when, "by": "me", "why": "sync"}
        if number % 2:
            note["bytes"] = size
            note["items"] = 1
        (place / f"b{number}.json").write_text(json.dumps(note))
        for name in (f"b{number}", f"b{number}.json"):
            os.utime(place / name, (when, when))


@pytest.mark.parametrize(
    ("days", "limit", "left"),
    [(30, 10_000, "0123"), (15, 10_000, "01"), (30, 250, "01"), (0, 0, "0")],
)
def test_old_and_too_much_is_cleared_but_the_newest_stays(
    tmp_path: Path, days: float, limit: int, left: str
) -> None:
    batches(tmp_path, [100] * 4, day=10)
    removed = trash.prune(os.fspath(tmp_path), days=days, limit=limit, now=1e9)
    gone = 4 - len(left)
    assert removed == (gone, gone, limit == 250)
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
    assert trash.prune(os.fspath(tmp_path / "none")) == (0, 0, False)


def batch_of(
    tmp_path: Path, name: str, when: float, files: Mapping[str, str | bytes | None]
) -> None:
    """Put files into the trash, as a transfer does."""
    root = plant(tmp_path / name, dict(files))
    kept = Kept(os.fspath(tmp_path / "trash"), Journal(name, when, "me", "sync"))
    with Folders(os.fspath(root)) as folders:
        for path in files:
            folder, _, last = path.rpartition("/")
            kept.move(folders.at(folder), last, path, os.lstat(root / path))
    kept.finish()
    for each in (name, f"{name}.json"):
        os.utime(tmp_path / "trash" / each, (when, when))


def ids(tmp_path: Path) -> set[str]:
    return {each.id for each in trash.entries(os.fspath(tmp_path / "trash"))}


def test_what_is_younger_than_a_day_is_never_too_much(tmp_path: Path) -> None:
    place = os.fspath(tmp_path / "trash")
    for name, age, size in (("new", 1, 1), ("big", 60, 900), ("mine", 90, 2), ("last", 2e5, 3)):
        batch_of(tmp_path, name, 1e9 - age, {"f": "x" * size})
    assert trash.prune(place, limit=100, now=1e9) == (0, 0, False)
    # A day later what doesn't fit goes, and not what is small and older.
    assert trash.prune(place, limit=100, now=1e9 + 90_000) == (1, 1, True)
    assert ids(tmp_path) == {"new", "mine", "last"}


def test_what_came_late_is_not_old_and_what_was_restored_takes_no_room(tmp_path: Path) -> None:
    place = os.fspath(tmp_path / "trash")
    root = plant(tmp_path / "w", {})
    now = time.time()
    batch_of(tmp_path, "late", now - 40 * 86400, {"mine": "x"})
    os.utime(tmp_path / "trash" / "late.json")  # finished after a cut, a moment ago
    batch_of(tmp_path, "new", now, {"other": "y"})
    assert trash.prune(place) == (0, 0, False)
    day = now - 2 * 86400
    batch_of(tmp_path, "a", day - 2, {"a": "keep"})
    batch_of(tmp_path, "b", day - 1, {"big": "z" * 600, "s": "1"})
    trash.restore(place, "b", ["big"], os.fspath(root))
    batch_of(tmp_path, "c", day, {"c": "z" * 600})
    assert trash.size(place) == sum(each.size for each in trash.entries(place)) == 607
    assert trash.prune(place, limit=1000) == (0, 0, False)


def test_an_amount_after_a_cut_is_counted(tmp_path: Path) -> None:
    for files in ({"a": "12"}, {"b": "345"}):
        batch_of(tmp_path, "cut", 1e9, files)
    place = os.fspath(tmp_path / "trash")
    assert trash.size(place) == 5
    assert [each.of for each in trash.entries(place)] == [2, 2]


@pytest.mark.parametrize("exchanges", [True, False])
def test_what_is_saved_during_a_restore_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchanges: bool
) -> None:
    root = plant(tmp_path / "w", {"f": "now"})
    place = os.fspath(tmp_path / "trash")
    batch_of(tmp_path, "b", 1e9, {"f": "old", "g": "old"})
    exchange = swap.exchange

    def saved(*args: object) -> bool:
        if not exchanges or not (root / "g").exists():
            plant(tmp_path / "new", {"f": "saved"})
            os.rename(tmp_path / "new" / "f", root / "f")
        return exchanges and exchange(*args)  # type: ignore[arg-type]

    looks = lstat_at

    def came(folder: int, name: str) -> os.stat_result | None:
        found = looks(folder, name)
        if name == "g" and found is None and not (root / "g").exists():
            plant(root, {"g": "came"})
        return found

    monkeypatch.setattr(swap, "exchange", saved)
    monkeypatch.setattr(trash, "lstat_at", came)
    with contextlib.suppress(AgentError):  # without an exchange it is given up in the end
        trash.restore(place, "b", ["f", "g"], os.fspath(root))
    there = {
        path.read_text()
        for path in [*root.rglob("*"), *(tmp_path / "trash").rglob("*")]
        if path.is_file() and path.suffix != ".json"
    }
    assert {"old", "saved"} <= there
    assert not (root / "g").exists() or "came" in there


def test_a_large_batch_hides_no_other(tmp_path: Path) -> None:
    place = os.fspath(tmp_path / "trash")
    batch_of(tmp_path, "2026-01-01T100000Z-aa", 1e9 - 9, {"src/main": "x", "z": "z"})
    batch_of(tmp_path, "2026-01-01T110000Z-bb", 1e9, {f"out/{at:03}": "" for at in range(300)})
    found = trash.entries(place, 100)
    assert len(found) == 100
    assert [(each.path, each.of) for each in found[-2:]] == [("z", 2), ("src/main", 2)]
    assert {each.of for each in found[:-2]} == {300}
    assert len(trash.entries(place, 250)) == 250
    found = trash.entries(place, 1, paths=["src"])
    assert [(each.path, each.of) for each in found] == [("src/main", 0)]
    assert len(trash.entries(place, batch="2026-01-01T10")) == 2


def test_the_newest_copy_of_each_path_is_chosen(tmp_path: Path) -> None:
    place = os.fspath(tmp_path / "trash")
    batch_of(tmp_path, "old", 1e9 - 9, {"out/a": "1", "out/b": "1", "out/c/d": "1", "e": "1"})
    batch_of(tmp_path, "new", 1e9, {"out/a": "2", "out/c": "2"})
    assert trash.choose(place, "", ["out"]) == {"new": ["out/a", "out/c"], "old": ["out/b"]}
    assert trash.choose(place, "", ["", "e"])["old"] == ["e", "out/b"]
    assert trash.choose(place, "o", []) == {"old": ["e", "out/a", "out/b", "out/c/d"]}
    for batch, paths, said in (
        ("x", [], "has the ID x"),
        ("", ["nope", "e"], "nope is not in the trash"),
        ("", [], "What shall"),
        ("new", ["e"], "not in the trash under new"),
    ):
        with pytest.raises(AgentError, match=said):
            trash.choose(place, batch, paths)
    batch_of(tmp_path, "older", 1e9 - 20, {"e": "0"})
    assert list(trash.choose(place, "old", [])) == ["old"]
    with pytest.raises(AgentError, match="Several IDs begin with ol"):
        trash.choose(place, "ol", [])


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
