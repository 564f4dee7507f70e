"""What containers use, by the namespaces of their processes."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from server_agent.core.processes import Spaces, Used
from tests.helpers.needs import require
from tests.helpers.settle import settle

BURN = "while :; do :; done"


@pytest.fixture
def container() -> Iterator[int]:
    """Give the first process of a namespace that has another one in it, where somebody works."""
    require("root", "unshare")
    inner = f"sleep 600 & exec unshare --pid --fork --kill-child sh -c '{BURN}'"
    with subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", "sh", "-c", inner]) as top:
        children = Path(f"/proc/{top.pid}/task/{top.pid}/children")
        settle(lambda: children.read_text().strip() != "", what="the first process")
        yield int(children.read_text())
        top.kill()


def used(spaces: Spaces, first: dict[str, int]) -> Used:
    return spaces.read(first)["api"]


def test_all_that_runs_inside_counts_and_nothing_else(container: int) -> None:
    spaces = Spaces()
    first = {"api": container}
    settle(lambda: used(spaces, first)[0] > 0.3, what="0.3 s of work two namespaces below")
    before = used(spaces, first)
    assert 0 < before[1] < 16 << 20
    later = used(spaces, first)
    assert before[0] <= later[0] < before[0] + 5


def test_our_own_namespace_is_no_container() -> None:
    assert Spaces().read({"api": os.getpid()}) == {}
    assert Spaces().read({"api": 2**22 + 1}) == {}


def test_what_ends_while_it_is_looked_at_is_passed_over(tmp_path: Path) -> None:
    for pid, space in (("self", "1"), ("7", "2"), ("8", "2"), ("9", "2")):
        (tmp_path / pid / "ns").mkdir(parents=True)
        (tmp_path / pid / "ns" / "pid").symlink_to(f"pid:[{space}]")
    stat = "7 (a ) b) S 1 7 7 0 -1 0 0 0 0 0 {0} {0} {0} {0} 20 0 1 0 5"
    ticks = os.sysconf("SC_CLK_TCK")
    (tmp_path / "7" / "stat").write_text(stat.format(ticks))
    (tmp_path / "7" / "statm").write_text("100 30 10 1 0 5 0")
    (tmp_path / "8" / "stat").write_text(stat.format(ticks))  # and gone by then
    page = os.sysconf("SC_PAGE_SIZE")
    assert Spaces(str(tmp_path)).read({"api": 7}) == {"api": (4.0, 20 * page)}
