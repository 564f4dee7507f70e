"""The digests of local flakes: read when a file changed, and only then."""

import hashlib
import os
from pathlib import Path

import pytest

from mnix_tui.domain.projects import Project
from mnix_tui.fleet import local_inputs
from mnix_tui.fleet.local_inputs import MAX_FILE, LocalInputs
from tests.helpers.settle import asettle


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


async def test_a_change_is_seen_and_what_is_the_same_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    monkeypatch.setattr(local_inputs, "LOOK", 0.01)
    (tmp_path / "nix").mkdir()
    flake = tmp_path / "nix" / "flake.nix"
    flake.write_text("one")
    (tmp_path / "mnix.toml").write_text("toml")
    project = Project("p", "tokyo", "id", str(tmp_path), "nix/flake.nix")
    in_place = Project("q", "local", "id2", str(tmp_path), "nix/flake.nix", in_place=True)
    changes: list[None] = []
    inputs = LocalInputs(lambda: [project, in_place], lambda: changes.append(None))
    assert inputs.of(project) == {}
    task = asyncio.create_task(inputs.run())
    try:
        await asettle(lambda: changes)
        assert inputs.of(project) == {"flake.nix": digest("one"), "mnix.toml": digest("toml")}
        assert inputs.of(in_place) == {}

        flake.write_text("two")
        await asettle(lambda: inputs.of(project)["flake.nix"] == digest("two"))
        # The same size, time and inode: nobody reads it, so nobody sees it.
        before = flake.stat()
        flake.write_text("six")
        os.utime(flake, ns=(before.st_atime_ns, before.st_mtime_ns))
        (tmp_path / "mnix.toml").unlink()
        await asettle(lambda: "mnix.toml" not in inputs.of(project))
        assert inputs.of(project) == {"flake.nix": digest("two")}
        seen = len(changes)
        (tmp_path / "nix" / "flake.lock").write_text("x" * (MAX_FILE + 1))
        os.mkfifo(tmp_path / "mnix.toml")
        flake.write_text("three")
        await asettle(lambda: len(changes) > seen)
        assert inputs.of(project) == {"flake.nix": digest("three")}
    finally:
        task.cancel()
        await asyncio.wait([task])
