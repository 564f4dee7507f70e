"""What a doctor finds out about a machine, as far as files and numbers say it."""

import errno
import os
from pathlib import Path

import pytest

from server_agent.core import checkup, doctor_podman
from server_agent.protocol.errors import AgentError


def test_what_nobody_can_check_is_the_client_s_mistake() -> None:
    with pytest.raises(AgentError) as caught:
        checkup.check("teapot")
    assert caught.value.code == "usage"


def test_an_agent_tells_its_clock_and_its_python() -> None:
    found = checkup.check("agent")
    assert found["state"] == "ok"
    assert found["now"] > 1.7e9
    assert Path(found["executable"]).exists()


@pytest.mark.parametrize(
    ("text", "count", "free"),
    [
        ("", 0, 100_000),
        ("anna:100000:65536\n", 65_536, 165_536),
        ("anna:100000:1000\nanna:200000:70000\nbert:300000:65536\n", 71_000, 365_536),
        ("bert:165536:65536\n", 0, 231_072),
        ("anna\nanna:x:y\nanna:1\n\n::\nanna:-5:7\n", 0, 100_000),
    ],
)
def test_subordinate_ids_are_counted(tmp_path: Path, text: str, count: int, free: int) -> None:
    path = tmp_path / "subuid"
    path.write_text(text)
    assert doctor_podman.subids(str(path), "anna") == count
    assert doctor_podman.next_free(str(path)) == free


def test_subordinate_ids_may_be_given_to_a_number(tmp_path: Path) -> None:
    path = tmp_path / "subuid"
    path.write_text(f"{os.getuid()}:100000:65536\n")
    assert doctor_podman.subids(str(path), "nobody-here") == 65_536


def test_a_file_of_subordinate_ids_that_is_not_there_gives_none(tmp_path: Path) -> None:
    assert doctor_podman.subids(str(tmp_path / "none"), "anna") == 0


def test_a_file_system_is_named_by_where_it_begins(tmp_path: Path) -> None:
    assert checkup.mount_point("/proc/self/fd") == "/proc"
    assert checkup.mount_point("/") == "/"
    assert str(tmp_path).startswith(checkup.mount_point(str(tmp_path)))


def test_a_file_system_may_begin_at_a_name_with_blanks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = tmp_path / "my disk\\"
    mounts = tmp_path / "mounts"
    written = str(disk).replace("\\", "\\134").replace(" ", "\\040")
    mounts.write_text(f"/dev/a / ext4 rw 0 0\n/dev/b {written} ext4 rw 0 0\n")
    assert checkup.mount_point(f"{disk}/x", str(mounts)) == str(disk)
    assert checkup.mount_point(f"{disk}s/x", str(mounts)) == "/"
    monkeypatch.setattr(checkup, "mount_point", lambda folder: "/mnt/my disk")
    assert checkup._remount("/x").endswith("mount -o remount,exec '/mnt/my disk'")


def test_a_disk_that_can_be_written_is_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "not" / "there" / "yet"))
    found = checkup.check("disk")
    assert found["state"] in ("ok", "warn")  # it may be a small machine
    assert f"free in {tmp_path}" in found["said"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_a_disk_that_can_not_be_written_says_why(tmp_path: Path, number: int) -> None:
    found = checkup._unwritable(str(tmp_path), OSError(number, os.strerror(number)))
    assert found["state"] == "failed"
    assert str(tmp_path) in found["said"]
    assert found["hint"]
