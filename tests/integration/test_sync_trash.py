"""What a transfer clears from a trash that holds too much is said, on either side."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

from mnix_tui.actions import sync
from tests.integration.sync_rig import fill, pair

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.link_rig import Rig, Sshd


def throw_away(trash: Path, name: str, age: float) -> None:
    """Put 2 GiB into a trash, which take no room."""
    (trash / name).mkdir(parents=True)
    with (trash / name / "large").open("wb") as file:
        file.truncate(2 << 30)
    when = time.time() - age
    (trash / f"{name}.json").write_text(json.dumps({"time": when, "by": "", "why": ""}))
    for each in (name, f"{name}.json"):
        os.utime(trash / each, (when, when))


async def test_what_is_cleared_is_said(rig: Rig, sshd: Sshd) -> None:
    async with pair(rig, sshd, "cleared") as two:
        fill(two.here, {"flake.nix": "{}", "a": "1"})
        await sync.push(two.store, two.link, two.project)
        for trash in (two.there.parent / "trash", two.here / ".mnix" / "trash"):
            throw_away(trash, "2026-01-01T000000Z-aaaaaaaa", 2 * 86_400)
            throw_away(trash, "2026-01-02T000000Z-bbbbbbbb", 3600)
        fill(two.here, {"a": "22"})
        report = await sync.push(two.store, two.link, two.project)
        said = "was cleared, to keep 1 GiB: 1 file"
        assert f"older trash on {two.project.server} {said}" in report.notes
        fill(two.there, {"a": "333"})
        report = await sync.pull(two.store, two.link, two.project)
        assert f"older trash here {said}" in report.notes
        found = await sync.trash_here(two.project, paths=["large"])
        assert [each.id[-8:] for each in found] == ["bbbbbbbb"]
        assert await sync.restore(two.link, two.project, "", ["large"]) == 1
        assert (two.there / "large").stat().st_size == 2 << 30
        os.unlink(two.there / "large")
