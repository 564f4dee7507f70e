"""What the agent reads of a workspace while nobody else may look or apply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server_agent.core import known
from server_agent.trees.index import FileIndex, Item

if TYPE_CHECKING:
    import pytest


def test_large_files_are_read_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "MOST_AT_ONCE", 10)
    index = FileIndex()
    sizes = {"a": (6, ""), "b": (4, ""), "c": (99, ""), "d": (1, ""), "e": (99, "known")}
    index.put(
        "",
        [Item(name, "f", 0o644, size, 0, 0, 0, value, 1) for name, (size, value) in sizes.items()],
    )
    wanted, groups = ["a", "b", "c", "d", "d", "e", "gone"], []
    while wanted:
        groups.append(known.at_once(index, wanted, 0))
        wanted = wanted[len(groups[-1]) :]
    assert groups == [["a", "b"], ["c"], ["d", "d", "e", "gone"]]
