"""Cut off at any instant, a tree is the old or the new one, and nothing of the old is lost."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from server_agent.trees import journal as journals
from server_agent.trees import staging, swap
from server_agent.trees.apply import interrupted, recover
from server_agent.trees.journal import Journal, Step
from server_agent.trees.model import State
from tests.unit.server_agent.trees.test_apply import both
from tests.unit.server_agent.trees.transfers import (
    Tree,
    alike,
    carry,
    changes,
    contents,
    packets,
    quick_folder,
    states,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHANGING = {
    "os.rename",
    "os.link",
    "os.symlink",
    "os.mkdir",
    "os.rmdir",
    "os.remove",
    "os.chmod",
    "open",
}
_KILLED = 9
_FINISHED = 0
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def cut(work: Callable[[], object], after: int) -> bool:
    """Do ``work`` in a process that dies before its change number ``after`` to the disk.

    Returns whether it died; if not, it had fewer changes to make.
    """
    child = os.fork()
    if not child:
        left = [after]

        def count(event: str, args: tuple[object, ...]) -> None:
            if event not in _CHANGING:
                return
            if event == "open" and not (isinstance(args[2], int) and args[2] & _WRITES):
                return
            left[0] -= 1
            if left[0] < 0:
                os._exit(_KILLED)

        sys.addaudithook(count)
        try:
            work()
            os._exit(_FINISHED)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (_KILLED, _FINISHED)
    return code == _KILLED


class Scene:
    """An old tree that a transfer makes into a new one, again and again."""

    def __init__(self, tmp_path: Path) -> None:
        here, there = both(tmp_path)
        self.new = states(here)
        self.old = states(there)
        self.contents = contents(there)
        self.frames = packets(here, changes(self.old, self.new))
        self._first = there
        self._at = tmp_path / "again"

    @property
    def root(self) -> Path:
        return self._at / "workspace"

    def fresh(self) -> None:
        shutil.rmtree(self._at, ignore_errors=True)
        self._at.mkdir()
        shutil.copytree(self._first, self.root, symlinks=True)

    def transfer(self) -> None:
        carry(self.frames, self.root)

    def recover(self) -> int:
        at = os.fspath(self._at)
        return recover(f"{at}/incoming", f"{at}/workspace", f"{at}/trash")

    def incoming(self) -> str:
        return os.fspath(self._at / "incoming")

    def journal(self) -> bool:
        left = staging.left(self.incoming())
        return any(os.path.exists(f"{place}/{staging.JOURNAL}") for place in left)

    def now(self) -> Tree:
        return states(self.root)

    def check(self, finished: int) -> None:
        """Nothing is lost, and it is one of the two trees."""
        assert alike(self.now(), self.new if finished else self.old)
        assert self.contents <= contents(self.root, self._at / "trash")
        assert not interrupted(self.incoming())


@pytest.fixture
def scene() -> Iterator[Scene]:
    with quick_folder() as folder:
        yield Scene(folder)


@pytest.fixture(params=["swap", "rename over"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of replacing a file: not every system can let two change places."""
    if request.param == "rename over":
        monkeypatch.setattr(swap, "exchange", lambda *_: False)


@pytest.mark.usefixtures("way")
def test_killed_before_any_of_its_changes(scene: Scene) -> None:
    seen: set[int] = set()
    for after in range(10_000):
        scene.fresh()
        killed = cut(scene.transfer, after)
        finished = scene.recover() if killed else 1
        applied = finished or alike(scene.now(), scene.new)
        seen.add(finished)
        scene.check(int(applied))
        if not killed:
            break
    assert after > 60
    assert seen == {0, 1}


def test_killed_again_while_it_is_finished(scene: Scene) -> None:
    scene.fresh()
    total = next(n for n in range(10_000) if not _killed(scene, n))
    # The journal is there for about the second half: cut in it, and then in each recovery.
    for first in range(total - 45, total - 1, 7):
        for second in range(0, 60, 4):
            scene.fresh()
            assert cut(scene.transfer, first)
            journal = scene.journal()
            again = cut(scene.recover, second)
            finished = scene.recover() if again else int(journal)
            scene.check(int(journal or finished or alike(scene.now(), scene.new)))
            if not again:
                break


def _killed(scene: Scene, after: int) -> bool:
    scene.fresh()
    return cut(scene.transfer, after)


def test_a_transfer_at_work_is_left_alone(scene: Scene) -> None:
    scene.fresh()
    with staging.place(scene.incoming()) as place:
        assert not interrupted(scene.incoming())
        assert scene.recover() == 0
        assert os.path.isdir(place)
    assert not os.path.exists(place)


def test_what_changed_between_the_cut_and_the_recovery_stays(scene: Scene) -> None:
    scene.fresh()
    total = next(n for n in range(10_000) if not _killed(scene, n))
    for after in range(total // 2, total):
        scene.fresh()
        cut(scene.transfer, after)
        if (scene.root / "changed").read_text() == "before" and scene.journal():
            break
    (scene.root / "changed").write_text("somebody's later work")
    assert scene.recover() == 1
    assert (scene.root / "changed").read_text() == "somebody's later work"
    assert (scene.root / "fresh" / "of" / "all" / "a").read_text() == "new"


def test_only_a_journal_that_proves_to_be_ours_is_finished_where_others_can_put_files(
    tmp_path: Path,
) -> None:
    root, place = tmp_path / "w", tmp_path / "w" / ".mnix" / "incoming" / "aaaaaaaa"
    (place / "tree").mkdir(parents=True)
    (place / "tree" / "f").write_text("new")
    step = Step("f", "f", State("f", 0o644, 3, 0, "x" * 32), None)
    journal = Journal("t", 1.0, "", "")

    def finish() -> int:
        own = root / ".mnix"
        return recover(f"{own}/incoming", os.fspath(root), f"{own}/trash", secret=b"mine")

    for secret in (b"", b"somebody's"):
        journals.write(os.fspath(place), journal, [step], secret)
        assert finish() == 0
    journals.write(os.fspath(place), journal, [step], b"mine")
    written = (place / staging.OPS).read_text()
    (place / staging.OPS).write_text(written.replace('"f"', '"g"'))
    assert finish() == 0
    assert (place / "tree" / "f").read_text() == "new"  # left: it may be somebody's
    (place / staging.OPS).write_text(written)
    assert finish() == 1
    assert (root / "f").read_text() == "new"
    assert not place.exists()


def test_a_staged_tree_is_never_another_folder(tmp_path: Path) -> None:
    root, place, outside = tmp_path / "w", tmp_path / "incoming" / "aaaaaaaa", tmp_path / "outside"
    for each in (root, place, outside):
        each.mkdir(parents=True)
    (outside / "key").write_text("key")
    (place / "tree").symlink_to(outside)
    step = Step("f", "key", State("f", 0o644, 3, 0, "x" * 32), None)
    journals.write(os.fspath(place), Journal("t", 1.0, "", ""), [step])
    with pytest.raises(OSError, match="tree"):
        recover(f"{tmp_path}/incoming", os.fspath(root), f"{tmp_path}/trash")
    assert (outside / "key").exists()


def test_a_journal_that_was_smuggled_in_does_nothing(scene: Scene) -> None:
    scene.fresh()
    with staging.place(scene.incoming()) as place:
        steps = [["x", "../outside", None, None, 0], ["f", "/etc/x", None, None, 0]]
        lines = "".join(json.dumps(step) + "\n" for step in steps)
        Path(place, staging.OPS).write_text(lines)
        journal = {"trash": "../../evil", "time": 1, "by": "", "why": ""}
        Path(place, staging.JOURNAL).write_text(json.dumps(journal))
    (scene.root.parent / "outside").write_text("safe")
    assert scene.recover() == 0
    scene.check(0)
    assert (scene.root.parent / "outside").read_text() == "safe"


@pytest.mark.parametrize(
    "damage",
    [
        b"{",
        b"\xff\n",
        b"1\n",
        b"[]\n",
        b'["f","h",["f",1],null,0]\n',
        b'["f","h",["f",[],0,0,"x"],null,0]\n',
        b'["f","h",null,["f",0,0],0]\n',
        b'["f","h",null,7,0]\n',
        b'["f","h",null,null,null]\n',
        None,
    ],
)
def test_of_a_damaged_journal_nothing_is_done_and_nothing_stays(
    tmp_path: Path, damage: bytes | None
) -> None:
    root, place = tmp_path / "w", tmp_path / "incoming" / "aaaaaaaa"
    root.mkdir()
    (place / "tree").mkdir(parents=True)
    (place / "tree" / "f").write_text("new")
    step = Step("f", "f", State("f", 0o644, 3, 0, "x" * 32), None)
    journals.write(os.fspath(place), Journal("t", 1.0, "", ""), [step])
    if damage is None:
        (place / staging.OPS).unlink()
    else:
        with (place / staging.OPS).open("ab") as file:
            file.write(damage)
    assert recover(f"{tmp_path}/incoming", os.fspath(root), f"{tmp_path}/trash") == 0
    assert not list(root.iterdir())
    assert not place.exists()
