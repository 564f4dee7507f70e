"""Control groups of both versions, as kernels show them."""

from pathlib import Path

import pytest

from server_agent.core import cgroups

BOX = "42f4f71f81e744ce" * 4
V1 = """\
4:memory:/libpod_parent/libpod-{box}
2:cpu,cpuacct:/libpod_parent/libpod-{box}
9:name=systemd:/libpod_parent/libpod-{box}
0::/libpod_parent/libpod-{box}
"""
# crun puts the first process one level deeper, and the limits stay above.
V2 = "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{box}.scope/container\n"


def kernel(folder: Path, lines: str, files: dict[str, str]) -> cgroups.Group | None:
    """Return what is found for process 7 where the kernel shows these files."""
    (folder / "proc/7").mkdir(parents=True)
    (folder / "proc/7/cgroup").write_text(lines.format(box=BOX))
    for name, text in files.items():
        path = folder / "cgroup" / name.format(box=BOX)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return cgroups.find(7, BOX, str(folder / "cgroup"), str(folder / "proc"))


OLD = {
    "cpuacct/libpod_parent/libpod-{box}/cpuacct.usage": "37906623\n",
    "memory/libpod_parent/libpod-{box}/memory.usage_in_bytes": "5000\n",
    "memory/libpod_parent/libpod-{box}/memory.stat": "cache 1\ntotal_inactive_file 1000\n",
    "memory/libpod_parent/libpod-{box}/memory.limit_in_bytes": "268435456\n",
}
_SCOPE = "user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{box}.scope"
NEW = {
    f"{_SCOPE}/cpu.stat": "usage_usec 1500000\nuser_usec 1\n",
    f"{_SCOPE}/memory.current": "7000\n",
    f"{_SCOPE}/memory.stat": "anon 5\ninactive_file 500\n",
    f"{_SCOPE}/memory.max": "max\n",
}


def test_version_1_counts_by_controller(tmp_path: Path) -> None:
    group = kernel(tmp_path, V1, OLD)
    assert group is not None
    assert (group.cpu(), group.memory(), group.limit()) == (0.037906623, 4000, 268435456)


def test_version_1_without_a_limit_says_a_number_that_nothing_reaches(tmp_path: Path) -> None:
    limit = "memory/libpod_parent/libpod-{box}/memory.limit_in_bytes"
    group = kernel(tmp_path, V1, {**OLD, limit: "9223372036854771712\n"})
    assert group is not None
    assert group.limit() is None


def test_version_2_counts_in_one_place(tmp_path: Path) -> None:
    group = kernel(tmp_path, V2, NEW)
    assert group is not None
    assert (group.cpu(), group.memory(), group.limit()) == (1.5, 6500, None)


@pytest.mark.parametrize(
    ("lines", "files"),
    [
        ("0::/user.slice/session-1.scope\n", NEW),  # rootless, and in nobody's own group
        (V2, {name: text for name, text in NEW.items() if "memory" not in name}),
        ("0::/../../libpod-{box}.scope\n", NEW),  # beyond what can be seen from here
        (V1, {**OLD, "cpuacct/libpod_parent/libpod-{box}/cpuacct.usage": "much\n"}),
        ("", {}),
        ("garbage\n\n::\n", {}),
    ],
)
def test_what_can_t_be_read_is_no_group(tmp_path: Path, lines: str, files: dict[str, str]) -> None:
    assert kernel(tmp_path, lines, files) is None


def test_a_group_that_goes_says_so(tmp_path: Path) -> None:
    group = kernel(tmp_path, V2, NEW)
    assert group is not None
    for path in tmp_path.rglob("memory.current"):
        path.unlink()
    with pytest.raises(OSError, match=r"memory\.current"):
        group.memory()
