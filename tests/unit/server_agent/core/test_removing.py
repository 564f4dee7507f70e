"""Removing trees that make it hard."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from server_agent.adapters.host import Host
from server_agent.core import removing
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
