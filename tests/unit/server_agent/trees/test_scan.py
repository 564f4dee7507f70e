"""A scan finds what is there, says what changed, and looks at nothing else."""

import os
import shutil
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server_agent.trees import differing, digest, looking
from server_agent.trees import scan as scanning
from server_agent.trees.index import FileIndex, Index
from server_agent.trees.model import State, same
from server_agent.trees.packed import Stats
from server_agent.trees.scan import Everything, Scanned, hash_now, scan

Edits = list[tuple[str, str, str]]
FOLDER = State("d", 0, 0, 0, "")


def look(root: Path, index: Index, *, only: set[str] | None = None, eager: bool = True) -> Scanned:
    return scan(str(root), index, Everything(), only=only, eager=lambda path, size: eager)


def known(index: Index) -> dict[str, State]:
    return {path: state for path, state in index.since(0) if state}


def oracle(root: Path) -> dict[str, State]:
    """What is there, found the plain way."""
    found = {}
    top = os.fsencode(root)
    for base, folders, files in os.walk(top):
        for name in folders + files:
            full = os.path.join(base, name)
            path = os.fsdecode(os.path.relpath(full, top))
            info = os.lstat(full)
            if os.path.islink(full):
                found[path] = State("l", 0, 0, info.st_mtime_ns, os.fsdecode(os.readlink(full)))
            elif os.path.isdir(full):
                found[path] = FOLDER
            else:
                value = digest.of_bytes(Path(os.fsdecode(full)).read_bytes())
                mode = info.st_mode & 0o777
                found[path] = State("f", mode, info.st_size, info.st_mtime_ns, value)
    return found


def differences(
    before: dict[str, State], after: dict[str, State]
) -> dict[str, tuple[State | None, State | None]]:
    return {
        path: (before.get(path), after.get(path))
        for path in before.keys() | after.keys()
        if not same(before.get(path), after.get(path))
    }


NAMES = st.sampled_from(["a", "b", "ä", "\udcff", "x y", "n\nl"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["write", "folder", "link", "remove", "mode", "move", "touch"]),
        PATHS,
        PATHS,
    ),
    min_size=1,
    max_size=8,
)


def remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)


def edit(root: Path, what: str, first: str, second: str) -> set[str]:
    """Change something; return the folders in which a watcher would have seen it."""
    path = root / first
    if any(each.is_symlink() or each.is_file() for each in path.parents if each != root):
        return set()
    seen = {os.path.dirname(first)}
    if what == "remove":
        remove(path)
    elif what == "move":
        other = root / second
        if not path.exists() or path.is_symlink() or f"{second}/".startswith(f"{first}/"):
            return set()
        if any(each.is_symlink() or each.is_file() for each in other.parents if each != root):
            return set()
        if f"{first}/".startswith(f"{second}/"):
            return set()
        seen |= {os.path.dirname(second), *parents(second)}
        other.parent.mkdir(parents=True, exist_ok=True)
        remove(other)
        path.rename(other)
    elif what in ("mode", "touch"):
        if path.is_symlink() or not path.is_file():
            return set()
        if what == "mode":
            path.chmod(0o755 if len(second) % 2 else 0o600)
        else:
            os.utime(path, ns=(1, 10**18 + len(second)))
    else:
        seen |= set(parents(first))
        if path.is_dir() and not path.is_symlink():
            return set()
        path.parent.mkdir(parents=True, exist_ok=True)
        if what == "folder":
            remove(path)
            path.mkdir()
        elif what == "link":
            remove(path)
            path.symlink_to(os.path.basename(second))
        elif not path.is_symlink():
            path.write_bytes(os.fsencode(second))
    return seen


def parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(len(parts))]


@settings(max_examples=120, deadline=None)
@given(st.lists(EDITS, min_size=1, max_size=4), st.booleans())
def test_a_scan_finds_what_a_walk_finds(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[list[tuple[str, str, str]]], partly: bool
) -> None:
    base = tmp_path_factory.mktemp("scan")
    root = base / "root"
    root.mkdir()
    index = FileIndex()
    look(root, index)
    before: dict[str, State] = {}
    for edits in rounds:
        seq = index.seq
        only: set[str] = set()
        for each in edits:
            only |= edit(root, *each)
        found = look(root, index, only=only if partly else None)
        after = oracle(root)
        assert known(index) == after
        assert found.changes == differences(before, after)
        assert found.changed == len(found.changes)
        assert found.files == sum(state.kind != "d" for state in after.values())
        assert found.folders == sum(state.kind == "d" for state in after.values())
        assert found.size == sum(state.size for state in after.values())
        told = dict(index.since(seq)) if seq else {}
        assert set(told) == set(found.changes) or not seq
        assert all(told[path] == after.get(path) for path in told)
        index.save(str(base / "index"))
        index = FileIndex.load(str(base / "index"))
        assert known(index) == after
        assert look(root, index).changes == {}
        before = after


@settings(max_examples=60, deadline=None)
@given(st.lists(EDITS, min_size=1, max_size=4))
def test_who_asks_what_changed_since_can_follow(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[list[tuple[str, str, str]]]
) -> None:
    root = tmp_path_factory.mktemp("since")
    index = Index()
    mirror: dict[str, State] = {}
    seq = 0
    for number, edits in enumerate(rounds):
        for each in edits:
            edit(root, *each)
        look(root, index)
        if number % 2:
            continue  # more than one scan between two questions
        for path, state in index.since(seq):
            if state is None:
                mirror.pop(path, None)
            else:
                mirror[path] = state
        seq = index.seq
        assert not differences(mirror, oracle(root))


def test_an_unchanged_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, ns=(1, 10**18))
    index = Index()
    look(tmp_path, index)
    read: list[int] = []
    whole = looking.read

    def counting(file: int, stats: Stats) -> tuple[Stats, str, bytes]:
        read.append(file)
        return whole(file, stats)

    monkeypatch.setattr(looking, "read", counting)
    assert look(tmp_path, index).changes == {}
    assert not read
    (tmp_path / "b").write_text("new")
    assert set(look(tmp_path, index).changes) == {"b"}
    assert len(read) == 1


@pytest.mark.parametrize("racy", [looking.RACY, 0])
def test_a_change_within_one_tick_of_the_clock_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, racy: int
) -> None:
    tick = 10_000_000

    def coarse(info: os.stat_result) -> Stats:
        mode, inode, size, mtime, ctime = exact(info)
        return mode, inode, size, mtime // tick * tick, ctime // tick * tick

    exact = looking.STATS
    for module in (looking, differing, scanning):
        monkeypatch.setattr(module, "STATS", coarse)
    monkeypatch.setattr(looking, "RACY", racy)
    file = tmp_path / "f"
    missed = 0
    for number in range(100, 130):
        index = Index()
        file.write_text(f"{number}")
        look(tmp_path, index)
        file.write_text(f"{number + 100}")  # as long, and mostly at the same time
        look(tmp_path, index)
        missed += known(index)["f"].value != digest.of_bytes(file.read_bytes())
    # Without the rule it would not be found: the clock of this test is coarse enough.
    assert bool(missed) == (racy == 0)


@pytest.mark.parametrize(("ago", "trusted"), [(1_500_000_000, False), (2_500_000_000, True)])
def test_times_in_whole_seconds_are_trusted_later(ago: int, trusted: bool) -> None:
    time = 1_700_000_000 * 10**9
    assert (looking.doubted((0, 1, 1, time, time), time + ago)[4] == time) == trusted
    exact = time + 1
    assert looking.doubted((0, 1, 1, exact, exact), time + ago)[4] == exact


def test_a_time_that_somebody_set_is_trusted(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("x")
    os.utime(file, ns=(1, 4 * 10**18))  # an hour, or a century, ahead
    index = Index()
    look(tmp_path, index)
    item = index.find("f")
    assert item is not None
    assert item.ctime


def test_new_files_are_read_when_somebody_asks(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/f").write_text("one")
    large = bytes(3 * digest.BLOCK)
    (tmp_path / "large").write_bytes(large)
    index = Index()
    look(tmp_path, index, eager=False)
    assert known(index)["sub/f"].value == ""
    seq = index.seq
    blocks: dict[str, bytes] = {}
    wanted = ["sub/f", "large", "gone", "sub"]
    assert hash_now(str(tmp_path), index, wanted, blocks) == {
        "sub/f": digest.of_bytes(b"one"),
        "large": digest.of_bytes(large),
        "gone": None,
        "sub": None,
    }
    assert blocks == {digest.of_bytes(large): digest.blocks_of(large)}
    assert known(index)["sub/f"].value == digest.of_bytes(b"one")
    assert look(tmp_path, index, eager=False).changes == {}
    assert index.seq == seq
    (tmp_path / "sub/f").write_text("two")
    assert hash_now(str(tmp_path), index, ["sub/f"]) == {"sub/f": digest.of_bytes(b"two")}
    # The index learns of a change from a scan, which then says so.
    assert set(look(tmp_path, index, eager=False).changes) == {"sub/f"}


def test_a_file_that_nobody_read_is_no_change_by_being_young(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    index = Index()
    look(tmp_path, index, eager=False)
    assert look(tmp_path, index, eager=False).changes == {}


def test_what_is_no_file_is_left_out_and_said_each_time(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    server = socket.socket(socket.AF_UNIX)
    server.bind(os.path.relpath(tmp_path / "socket"))
    server.close()
    (tmp_path / "out").symlink_to("../elsewhere")
    (tmp_path / "absolute").symlink_to("/etc/passwd")
    (tmp_path / "in").symlink_to("./sub//fine")
    (tmp_path / "some-day").symlink_to("sub/../fine")  # when sub is a link
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/up").symlink_to("../fine")
    (tmp_path / "Case").write_text("1")
    (tmp_path / "case").write_text("2")
    (tmp_path / ".mnix").mkdir()
    (tmp_path / ".mnix/ours").write_text("x")
    index = Index()
    for _ in range(2):
        found = look(tmp_path, index)
        kinds = {note.path: note.kind for note in found.notes}
        clashing = {path for path, kind in kinds.items() if kind == "clash"}
        assert all(
            each.text.endswith(": rename one") for each in found.notes if each.kind == "clash"
        )
        assert {path: kind for path, kind in kinds.items() if kind != "clash"} == {
            "fifo": "special",
            "socket": "special",
            "out": "link-out",
            "absolute": "link-out",
            "some-day": "link-out",
        }
        assert len(clashing) == 1
        assert set(known(index)) == {"in", "sub", "sub/up", "Case", "case"}
    assert look(tmp_path, index).changes == {}


def test_a_folder_with_nothing_that_is_taken_is_no_item(tmp_path: Path) -> None:
    class NoLogs:
        fresh = False

        def choose(self, folder: str, names: Sequence[tuple[str, bool]]) -> set[str]:
            return {name for name, _ in names if not name.endswith(".log")}

    def again(only: set[str] | None = None) -> Scanned:
        return scan(str(tmp_path), index, NoLogs(), only=only, eager=lambda path, size: True)

    (tmp_path / "empty").mkdir()
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/x.log").write_text("x")
    index = Index()
    again()
    assert set(known(index)) == {"empty"}
    (tmp_path / "a/b/file").write_text("x")
    assert set(again({"a/b"}).changes) == {"a", "a/b", "a/b/file"}
    (tmp_path / "a/b/file").unlink()
    assert again().changes.keys() == {"a", "a/b", "a/b/file"}
    assert set(known(index)) == {"empty"}
    (tmp_path / "a/b/x.log").unlink()
    assert again().changes.keys() == {"a", "a/b"}
    assert set(known(index)) == {"empty", "a", "a/b"}


def test_only_unknown_names_are_asked_for_until_the_rules_change(tmp_path: Path) -> None:
    class Asked:
        fresh = False
        names: ClassVar[list[str]] = []

        def choose(self, folder: str, names: Sequence[tuple[str, bool]]) -> set[str]:
            self.names.extend(f"{folder}/{name}" for name, _ in names)
            return {name for name, _ in names if name != "left"}

    def again() -> list[str]:
        Asked.names = []
        scan(str(tmp_path), index, Asked(), eager=lambda path, size: True)
        return sorted(Asked.names)

    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a").write_text("x")
    (tmp_path / "sub/left").write_text("x")
    index = Index()
    assert again() == ["/sub", "sub/a", "sub/left"]
    assert again() == []
    (tmp_path / "sub/new").write_text("x")
    assert again() == ["sub/new"]
    (tmp_path / "sub/left").write_text("y")
    assert again() == []
    (tmp_path / "sub/left").unlink()
    (tmp_path / "sub/left").mkdir()
    assert again() == ["sub/left"]
    (tmp_path / "sub/.gitignore").write_text("")
    assert again() == ["sub/.gitignore", "sub/a", "sub/left", "sub/new"]
    Asked.fresh = True
    assert again() == ["/sub", "sub/.gitignore", "sub/a", "sub/left", "sub/new"]
    assert set(known(index)) == {"sub", "sub/.gitignore", "sub/a", "sub/new"}


def test_a_folder_that_takes_the_place_of_another_is_looked_into(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep/f").write_text(name)
    index = Index()
    look(tmp_path, index)
    (tmp_path / "old").rename(tmp_path / "aside")
    (tmp_path / "new").rename(tmp_path / "old")
    # Those who watch saw something in the root only.
    look(tmp_path, index, only={""})
    assert known(index) == oracle(tmp_path)


@pytest.fixture
def as_nobody() -> Callable[[Callable[[], None]], int]:
    """Runs something in a process that is not root, which may read everything."""

    def run(work: Callable[[], None]) -> int:
        child = os.fork()
        if not child:
            try:
                if os.geteuid() == 0:
                    os.seteuid(65534)
                work()
                os._exit(0)
            except BaseException:
                sys.excepthook(*sys.exc_info())
                os._exit(1)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    return run


def test_what_can_not_be_read_counts_as_unchanged(
    as_nobody: Callable[[Callable[[], None]], int],
) -> None:
    import tempfile

    base = Path(tempfile.mkdtemp(prefix="mnix-scan-"))
    base.chmod(0o755)
    try:
        root = base / "root"
        (root / "closed/below").mkdir(parents=True)
        for path in ("file", "closed/in", "closed/below/deep"):
            (root / path).write_text("x")
        index = Index()
        look(root, index)
        before = known(index)
        (root / "file").write_text("changed")
        (root / "new").write_text("new")
        for path in ("file", "new", "closed"):
            (root / path).chmod(0)

        def work() -> None:
            for _ in range(2):
                found = look(root, index)
                assert known(index) == before
                assert found.changes == {}
                assert {note.path for note in found.notes} == {"file", "new", "closed"}
                assert {note.kind for note in found.notes} == {"unreadable"}
                assert (found.files, found.folders) == (3, 2)
            assert hash_now(str(root), index, ["file"]) == {"file": None}

        assert as_nobody(work) == 0
        (root / "closed").chmod(0o755)
        assert set(look(root, index).changes) == {"file", "new"}
    finally:
        shutil.rmtree(base)


def test_a_root_that_is_missing_is_an_error_and_no_empty_tree(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        look(tmp_path / "gone", Index())
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotADirectoryError):
        look(tmp_path / "file", Index())


def test_folders_that_turn_into_links_meanwhile_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    root = tmp_path / "root"
    for number in range(40):
        (root / f"folder{number}").mkdir(parents=True)
        (root / f"folder{number}/f").write_text("x")
    stop = threading.Event()

    def exchange() -> None:
        aside = tmp_path / "aside"
        while not stop.is_set():
            for number in range(40):
                place = root / f"folder{number}"
                place.rename(aside)
                place.symlink_to("../outside")
                place.unlink()
                aside.rename(place)

    other = threading.Thread(target=exchange)
    other.start()
    try:
        for _ in range(60):
            index = Index()
            look(root, index)
            assert not [path for path in known(index) if path.endswith("secret")]
    finally:
        stop.set()
        other.join()


def test_files_that_come_and_go_while_it_scans_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "stays").write_text("x")
    stop = threading.Event()

    def churn() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            folder = tmp_path / f"d{number % 5}"
            folder.mkdir(exist_ok=True)
            (folder / "f").write_bytes(bytes(number % 9000))
            if number % 3 == 0:
                shutil.rmtree(tmp_path / f"d{(number + 2) % 5}", ignore_errors=True)

    other = threading.Thread(target=churn)
    other.start()
    index = Index()
    try:
        for _ in range(60):
            look(tmp_path, index)
            assert "stays" in known(index)
    finally:
        stop.set()
        other.join()
    look(tmp_path, index)
    assert known(index) == oracle(tmp_path)


def test_folders_may_be_as_deep_as_paths_may(tmp_path: Path) -> None:
    handle = os.open(tmp_path, os.O_RDONLY)
    for depth in range(300):
        if depth == 255:
            os.close(os.open("f", os.O_CREAT | os.O_WRONLY, dir_fd=handle))
        os.mkdir("d", dir_fd=handle)
        below = os.open("d", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(handle)
    index = Index()
    found = look(tmp_path, index)
    assert (found.folders, found.files) == (255, 1)
    assert [(note.path.count("/"), note.kind) for note in found.notes] == [(255, "special")]
    assert look(tmp_path, index).changes == {}
