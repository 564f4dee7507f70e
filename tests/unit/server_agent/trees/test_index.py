"""An index keeps what it is told, in memory, packed and in its file; damage costs time only."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_agent.trees import indexfile, packed
from server_agent.trees.index import FileIndex, Index, Item
from server_agent.trees.model import State, join

NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=8
).map(lambda text: os.fsdecode(os.fsencode(text) + (b"\xff" if len(text) == 3 else b"")))
NUMBERS = st.integers(0, 1 << 62)
ITEMS = st.lists(
    st.one_of(
        st.builds(
            Item, NAMES, st.just("f"), st.integers(0, 0o777), NUMBERS, NUMBERS, NUMBERS, NUMBERS,
            st.sampled_from(["", "d" * 32]), NUMBERS,
        ),
        st.builds(
            Item, NAMES, st.just("l"), st.just(0), NUMBERS, NUMBERS, NUMBERS, NUMBERS, NAMES, NUMBERS
        ),
        NAMES.flatmap(lambda name: st.builds(
            lambda kind, seq: Item(name, kind, 0, 0, 0, 0, 0, "", seq if kind in "dh" else 0),
            st.sampled_from("dhijx"), NUMBERS,
        )),
    ),
    max_size=12,
    unique_by=lambda item: item.name,
)  # fmt: skip

FILE = State("f", 0o644, 3, 10**18, "d" * 32)


@given(ITEMS)
def test_items_come_back_sorted_as_they_were_put(items: list[Item]) -> None:
    index = Index()
    index.put("a", items)
    assert index.items("a") == sorted(items)
    assert index.items("b") == []
    assert index.changed == {"a"}
    head = packed.header(index.blob("a") or b"")
    assert head.seq == max((item.seq for item in items), default=0)
    size = sum(item.size for item in items if item.kind == "f")
    assert head.size == min(size, (1 << 63) - 1)
    for item in items:
        assert index.find(join("a", item.name)) == item


@given(ITEMS, st.data())
def test_a_damaged_folder_is_unknown_and_no_error(items: list[Item], data: st.DataObject) -> None:
    whole = packed.Folder.of(items).pack()
    cut = data.draw(st.integers(0, len(whole)))
    flip = data.draw(st.integers(0, len(whole) - 1))
    for blob in (whole[:cut], whole[:flip] + bytes([whole[flip] ^ 0x55]) + whole[flip + 1 :]):
        index = Index("id", 3, {"": blob})
        assert isinstance(index.items(""), list)
        index = Index("id", 3, {"": blob})
        index.totals()
        list(index.since(0))


def test_numbers_of_64_bits_are_kept() -> None:
    stats = [0o100644, (1 << 64) - 5, 1, -(1 << 62), 1 << 62]
    assert packed.key(stats, ["a"], []) == packed.key([0o100644, -5, *stats[2:]], ["a"], [])


def test_recording_makes_the_folders_above_and_says_what_changed() -> None:
    index = Index()
    index.seq = 1
    index.record("a/b/f", FILE, None)
    index.seq = 2
    index.record("a/g", FILE, None)
    assert {path for path, _ in index.since(0)} == {"a", "a/b", "a/b/f", "a/g"}
    assert dict(index.since(1)) == {"a/g": FILE}
    index.seq = 3
    index.forget("a/b")
    assert dict(index.since(2)) == {"a/b": None, "a/b/f": None}
    index.seq = 4
    index.record("a/b", State("l", 0, 0, 5, "g"), None)
    assert dict(index.since(2)) == {"a/b": State("l", 0, 0, 5, "g"), "a/b/f": None}
    assert index.totals() == (2, 1, 3)
    index.forget("nothing/there")
    assert index.find("nothing") is None


def test_many_tombstones_are_a_new_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server_agent.trees.index.TOMBSTONES", 5)
    index = Index()
    first = index.id
    for number in range(7):
        index.record(f"f{number}", FILE, None)
    for number in range(6):
        index.seq += 1
        index.forget(f"f{number}")
    assert index.id != first
    assert list(index.since(0)) == [("f6", FILE)]
    assert len(index.gone) <= 5


def filled(path: Path) -> FileIndex:
    index = FileIndex()
    for number in range(200):
        index.seq += 1
        index.record(f"folder{number % 7}/f\udcff{number}", FILE, None)
    index.rules = "ours"
    index.save(str(path))
    return index


def same_index(a: Index, b: Index) -> bool:
    return (a.id, a.seq, a.rules, a.gone) == (b.id, b.seq, b.rules, b.gone) and dict(
        a.since(0)
    ) == dict(b.since(0))


def test_the_file_brings_everything_back(tmp_path: Path) -> None:
    path = tmp_path / "index"
    index = filled(path)
    assert same_index(FileIndex.load(str(path)), index)
    length = path.stat().st_size
    for number in range(40):
        index = FileIndex.load(str(path))
        index.seq += 1
        index.forget(f"folder1/f\udcff{number}")
        index.record(f"new{number}", FILE, None)
        index.save(str(path))
        assert same_index(FileIndex.load(str(path)), index)
    # A change adds to the file what changed, and not all of it.
    assert path.stat().st_size < 3 * length + indexfile._SLACK
    inode = path.stat().st_ino
    FileIndex.load(str(path)).save(str(path))
    assert path.stat().st_ino == inode


def test_a_file_that_grew_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexfile, "_SLACK", 0)
    path = tmp_path / "index"
    length = 0
    index = filled(path)
    for number in range(60):
        index.seq += 1
        index.record(f"folder{number % 7}/f\udcff{number}", FILE, None)
        index.save(str(path))
        length = max(length, path.stat().st_size)
    assert length < 4 * path.stat().st_size
    assert same_index(FileIndex.load(str(path)), index)


def test_two_that_save_do_not_mix(tmp_path: Path) -> None:
    path = str(tmp_path / "index")
    filled(tmp_path / "index")
    one, two = FileIndex.load(path), FileIndex.load(path)
    one.id = "another"
    one.save(path)
    two.seq += 1
    two.record("late", FILE, None)
    two.save(path)
    assert same_index(FileIndex.load(path), two)


def test_one_that_could_not_save_gives_no_number_again_that_another_gave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "index")
    filled(tmp_path / "index")
    one, two = FileIndex.load(path), FileIndex.load(path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    one.seq += 1
    one.record("mine", FILE, None)
    with monkeypatch.context() as patch:
        patch.setattr(indexfile, "_write", full)
        with pytest.raises(OSError, match="full"):
            one.save(path)
    two.seq += 1
    two.record("theirs", FILE, None)
    two.save(path)
    told = two.id
    one.save(path)
    assert same_index(FileIndex.load(path), one)
    assert one.id != told


def test_what_another_added_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "index"
    filled(path)
    one, two = FileIndex.load(str(path)), FileIndex.load(str(path))
    inode = path.stat().st_ino
    for each, name in ((two, "theirs"), (one, "mine")):
        each.seq += 1
        each.record(name, FILE, None)
        each.save(str(path))
    assert path.stat().st_ino != inode
    assert one.id != two.id
    assert same_index(FileIndex.load(str(path)), one)


def test_a_save_that_was_cut_anywhere_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "index"
    before = filled(path)
    start = path.stat().st_size
    index = FileIndex.load(str(path))
    index.seq += 1
    index.record("new", FILE, None)
    index.forget("folder1")
    index.save(str(path))
    whole = path.read_bytes()
    for end in range(start, len(whole), 7):
        path.write_bytes(whole[:end])
        found = FileIndex.load(str(path))
        assert same_index(found, before)
    path.write_bytes(whole[:-1])
    found = FileIndex.load(str(path))
    found.record("again", FILE, None)
    found.save(str(path))
    assert same_index(FileIndex.load(str(path)), found)


def test_after_another_boot_it_is_checked_and_takes_a_new_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "index"
    index = filled(path)
    monkeypatch.setattr(indexfile, "_boot", lambda: "another")
    found = FileIndex.load(str(path))
    assert found.id != index.id
    assert dict(found.since(0)) == dict(index.since(0))
    whole = path.read_bytes()
    path.write_bytes(whole[:900] + b"\xff" + whole[901:])
    assert list(FileIndex.load(str(path)).since(0)) == []
    found.save(str(path))
    assert FileIndex.load(str(path)).id == found.id


@pytest.mark.parametrize(
    "content", [b"", b"x", b"mnix tree index 1 ", b"mnix tree index 1 b\n", os.urandom(999)]
)
def test_a_file_of_something_else_is_an_empty_index(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "index"
    path.write_bytes(content)
    index = FileIndex.load(str(path))
    assert list(index.since(0)) == []
    index.record("f", FILE, None)
    index.save(str(path))
    assert dict(FileIndex.load(str(path)).since(0)) == {"f": FILE}
