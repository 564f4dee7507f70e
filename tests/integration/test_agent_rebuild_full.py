"""A rebuild that finds no room: in the store, or beside the project. It says so, and what runs stays."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from server_agent.core import lifecycle, usecases
from tests.fleet import FlakeMaker
from tests.fleet.local import LocalPodman
from tests.helpers.needs import require
from tests.integration.agent_rig import Rig
from tests.integration.job_rig import jobs_of_its_own
from tests.integration.rebuild_rig import log, over, started, steps, wild

__all__ = ["jobs_of_its_own"]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "server.toml"
    lines = ["substituters =", "flake-registry =", "sandbox = false"]
    path.write_text(f'base_image = "localhost/mnix-base"\nnix_conf = {lines}\n')
    monkeypatch.setenv("MNIX_SERVER_CONFIG", str(path))


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], check=True)
    monkeypatch.setenv("XDG_DATA_HOME", str(folder))
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.needs("root")
@pytest.mark.usefixtures("config")
def test_a_full_store_is_said_as_what_it_is(
    local_podman: LocalPodman, tmp_path: Path, flake: FlakeMaker
) -> None:
    rig = Rig.make("demo", "container")
    rig.push(flake("tiny"))
    assert rig.rebuild()[0] == 0
    # Its store moves to a small disk.
    lifecycle.stop(rig.id)
    volume = rig.project.box["volume"]
    place = local_podman.podman("volume", "inspect", "--format", "{{.Mountpoint}}", volume).strip()
    shutil.copytree(place, tmp_path / "store", symlinks=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", place], check=True)
    shutil.copytree(tmp_path / "store", place, symlinks=True, dirs_exist_ok=True)
    try:
        rig.push(wild(tmp_path / "wild", "head -c 50m /dev/zero > $out"))
        job = started(rig)
        assert over(job)["reason"].endswith("the server's disk is full")
        assert "free some space there (mnix gc" in steps(log(job))[-1]
        assert rig.out("printenv", "GREETING") == "hi\n"
        # What was cut off lies there still: the hint helps.
        assert usecases.gc(rig.id)["bytes"] > 1 << 20
        rig.push(wild(tmp_path / "wild", "echo > $out"))
        assert rig.rebuild()[0] == 0
        assert rig.out("printenv", "WORD") == "new\n"
        lifecycle.remove(rig.id)
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.needs("root")
@pytest.mark.usefixtures("config")
def test_without_room_beside_the_project_what_runs_stays(
    small_disk: Path, tmp_path: Path, flake: FlakeMaker
) -> None:
    require("nix")
    rig = Rig.make("demo", "host")
    rig.push(flake("tiny"))
    assert rig.rebuild()[0] == 0
    rig.push(wild(tmp_path / "wild", "echo > $out"))
    filler = small_disk / "filler"
    fill(filler)
    job = started(rig)
    info = over(job)
    print(log(job).decode())
    print(info)
    assert info["exit_code"] == 1
    assert "disk is full" in steps(log(job))[-1]
    assert rig.out("printenv", "GREETING") == "hi\n"
    filler.unlink()
    assert rig.rebuild()[0] == 0
    assert rig.out("printenv", "WORD") == "new\n"
    lifecycle.remove(rig.id)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
