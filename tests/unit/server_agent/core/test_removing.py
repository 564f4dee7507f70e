"""Removing trees that make it hard."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from server_agent.adapters import programs
from server_agent.adapters.host import Host
from server_agent.core import paths, removing, usecases
from server_agent.protocol.errors import AgentError
from tests.helpers.nobody import as_nobody


@pytest.fixture
def folder() -> Iterator[Path]:
    with as_nobody():
        made = Path(mkdtemp())
        yield made
    subprocess.run(["rm", "-rf", made], check=True)


def test_folders_that_nobody_may_write_to_or_enter_go_too(folder: Path) -> None:
    tree = folder / "tree"
    for path in ("module/cache/deep", "closed/inside", "plain"):
        (tree / path).mkdir(parents=True)
        (tree / path / "file").write_text("x")
    for path, mode in (
        ("module/cache/deep", 0o555), ("module/cache", 0o555), ("module", 0o500), ("closed", 0),
    ):  # fmt: skip
        (tree / path).chmod(mode)
    assert removing.tree(str(tree)) == ""
    assert not tree.exists()


def test_what_has_another_name_elsewhere_keeps_its_mode(folder: Path) -> None:
    kept = folder / "kept"
    kept.write_text("x")
    kept.chmod(0o444)
    (folder / "tree").mkdir()
    os.link(kept, folder / "tree" / "link")
    (folder / "outside").mkdir(mode=0o555)
    (folder / "tree" / "away").symlink_to(folder / "outside")
    (folder / "tree").chmod(0o555)
    assert removing.tree(str(folder / "tree")) == ""
    assert kept.stat().st_mode & 0o777 == 0o444
    assert (folder / "outside").stat().st_mode & 0o777 == 0o555


def test_a_tree_deeper_than_a_path_can_name_goes_too(folder: Path) -> None:
    start = Path.cwd()
    os.chdir(folder)
    try:
        for _ in range(3000):
            os.mkdir("d")
            os.chdir("d")
    finally:
        os.chdir(start)
    assert removing.tree(str(folder / "d")) == ""


def test_what_stays_is_told_with_the_reason(folder: Path) -> None:
    (folder / "up").mkdir()
    (folder / "up" / "tree").mkdir()
    (folder / "up").chmod(0o555)
    tree = str(folder / "up" / "tree")
    with pytest.raises(AgentError, match=r"can't be removed: .*Permission denied") as raised:
        Host().delete(tree)
    assert raised.value.hint == "remove it by hand"
    assert removing.as_owner(tree, ["no-such-program"]).startswith("no-such-program: ")


def mount(monkeypatch: pytest.MonkeyPatch, table: Path, *places: Path | str) -> None:
    """Have the kernel say what is mounted."""
    lines = [
        f"36 35 98:0 / {str(place).replace(' ', chr(92) + '040')} rw - x x x\n" for place in places
    ]
    table.write_text("".join(["22 1 8:1 / / rw - ext4 /dev/a rw\n", *lines]))
    monkeypatch.setattr(removing, "MOUNTS", str(table))


def test_a_tree_with_something_mounted_in_it_stays_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = tmp_path / "tree" / "my data"
    disk.mkdir(parents=True)
    (disk / "thesis.txt").touch()
    (tmp_path / "link").symlink_to(tmp_path / "tree")
    mount(monkeypatch, tmp_path / "table", disk, tmp_path / "treetop")
    assert removing.mounted(str(tmp_path / "tree")) == [str(disk)]
    assert removing.tree(str(tmp_path / "tree")) == f"{disk} is mounted in it"
    assert removing.as_owner(str(tmp_path / "tree"), ["env"]) == f"{disk} is mounted in it"
    assert (disk / "thesis.txt").exists()
    assert removing.tree(str(tmp_path / "link")) == ""  # only the link goes
    assert (disk / "thesis.txt").exists()


@pytest.mark.parametrize("field", [1, 2], ids=["a folder of the same disk", "a disk"])
def test_what_is_mounted_while_a_tree_goes_is_not_gone_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, field: int
) -> None:
    disk = tmp_path / "tree" / "disk"
    (disk / "in").mkdir(parents=True)
    (disk / "in" / "thesis.txt").touch()
    (tmp_path / "tree" / "ours").touch()
    mount(monkeypatch, tmp_path / "table")  # as it was before
    real = os.fstat

    def fstat(handle: int) -> os.stat_result:
        found = list(real(handle))
        found[field] += Path(f"/proc/self/fd/{handle}").readlink() == disk
        return os.stat_result(found)

    monkeypatch.setattr(os, "fstat", fstat)
    monkeypatch.setattr(removing, "_open_up", lambda _: None)
    monkeypatch.setattr(removing, "_by_program", lambda *_: "it is another disk")
    assert removing.tree(str(tmp_path / "tree")) == "it is another disk"
    assert (disk / "in" / "thesis.txt").exists()
    assert not (tmp_path / "tree" / "ours").exists()


def test_what_only_looks_like_another_disk_goes_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tree" / "part").mkdir(parents=True)
    asked: list[list[str]] = []

    def run(argv: list[str], patience: float) -> programs.Done:
        asked.append(argv[:3])
        if argv[2] == "--one-file-system":
            return programs.Done(1, "", "rm: skipping 'part', since it's on a different device")
        return real(argv, patience)

    real = programs.run
    monkeypatch.setattr(programs, "run", run)
    assert removing.as_owner(str(tmp_path / "tree"), []) == ""
    assert asked == [["rm", "-rf", "--one-file-system"], ["rm", "-rf", "--"]]


def test_a_project_with_something_mounted_in_it_keeps_its_sessions_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = usecases.create("web", "host")
    disk = Path(project["workspace"], "data")
    disk.mkdir()
    mount(monkeypatch, tmp_path / "table", disk.resolve())
    ended: list[str] = []
    monkeypatch.setattr("server_agent.jobs.remove_project", ended.append)
    with pytest.raises(AgentError, match=f"{disk} is mounted in web: ") as raised:
        usecases.remove(project["id"])
    assert raised.value.code == "refused"
    assert (disk.is_dir(), ended) == (True, [])
    mount(monkeypatch, tmp_path / "table")
    assert usecases.remove(project["id"]) == {}
    assert not os.path.exists(paths.project(project["id"]))
