"""What a power cut must not take: the content of a file that took another's place."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from server_agent.trees import durable
from server_agent.trees.staging import JOURNAL
from tests.unit.server_agent.trees.transfers import carry, changes, packets, plant, states

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is written out and what gets its name, one after the other."""
    seen: list[str] = []
    fsync, rename = os.fsync, os.rename

    def write_out(handle: int) -> None:
        seen.append("out:" + os.path.basename(os.readlink(f"/proc/self/fd/{handle}")))
        fsync(handle)

    def renamed(source: str, target: str, **more: int) -> None:
        seen.append("named:" + os.path.basename(target))
        rename(source, target, **more)

    def all_of(path: str) -> None:
        seen.append("out:all of " + os.path.basename(path))

    monkeypatch.setattr(os, "fsync", write_out)
    monkeypatch.setattr(os, "rename", renamed)
    monkeypatch.setattr(durable, "_all", all_of)
    monkeypatch.setattr("server_agent.trees.swap.exchange", lambda *_: False)
    return seen


def moved(tmp_path: Path, old: dict[str, str], new: dict[str, str]) -> None:
    here = plant(tmp_path / "here", dict(new))
    there = plant(tmp_path / "workspace", dict(old))
    carry(packets(here, changes(states(there), states(here))), there)


def test_a_file_is_on_the_disk_before_it_replaces_another_and_its_folder_after(
    tmp_path: Path, order: list[str]
) -> None:
    moved(tmp_path, {"folder/old": "before"}, {"folder/old": "after", "folder/new": "new"})
    begun = order.index(f"named:{JOURNAL}")
    placed = order.index("named:old")
    assert order.index("out:old") < begun < placed < order.index("out:folder")
    assert "out:new" not in order


def test_of_many_the_whole_file_system_is_written_out_once_before_and_once_after(
    tmp_path: Path, order: list[str]
) -> None:
    names = [f"{number}/file" for number in range(durable.FEW + 1)]
    moved(tmp_path, dict.fromkeys(names, "before"), dict.fromkeys(names, "after"))
    everything = [each for each in order if each.startswith("out:all")]
    assert everything == ["out:all of tree", "out:all of workspace"]
    assert order.index(everything[0]) < order.index(f"named:{JOURNAL}")
    assert order.index(everything[1]) > max(
        i for i, each in enumerate(order) if each == "named:file"
    )


def test_the_first_push_of_a_tree_waits_for_no_disk(tmp_path: Path, order: list[str]) -> None:
    moved(tmp_path, {}, {f"folder/{number}": "new" for number in range(100)})
    assert {each for each in order if each.startswith("out:")} == {
        "out:ops.jsonl",
        f"out:{JOURNAL}.new",
    }


def test_a_file_system_is_written_out(tmp_path: Path) -> None:
    durable._all(str(tmp_path))
    with pytest.raises(FileNotFoundError):
        durable._all(str(tmp_path / "gone"))
