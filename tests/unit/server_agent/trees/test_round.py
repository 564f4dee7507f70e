"""Scanning one tree and applying what changed to another, over random edits of both."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hypothesis import given, settings

from server_agent.trees import looking
from server_agent.trees.index import FileIndex, Index
from server_agent.trees.model import same
from server_agent.trees.wire_out import Outgoing
from tests.unit.server_agent.trees.test_scan import EDITS, differences, edit, known, look, oracle
from tests.unit.server_agent.trees.transfers import carry, contents, packets

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from server_agent.trees.model import State
    from tests.unit.server_agent.trees.test_scan import Edits


def outgoing(
    changes: dict[str, tuple[State | None, State | None]], there: dict[str, State]
) -> list[Outgoing]:
    """What makes the other tree like this one."""
    out = []
    for path, (_, after) in sorted(changes.items()):
        before = there.get(path)
        if same(before, after):
            continue
        only = before and after and before.kind == after.kind == "f" and before.value == after.value
        out.append(Outgoing(path, after, before, mode_only=bool(only)))
    return out


@settings(max_examples=60, deadline=None)
@given(EDITS, EDITS, EDITS)
def test_one_tree_follows_another_and_its_index_knows(
    tmp_path_factory: pytest.TempPathFactory, first: Edits, second: Edits, third: Edits
) -> None:
    base = tmp_path_factory.mktemp("round")
    source, target = base / "source", base / "side" / "target"
    source.mkdir()
    target.mkdir(parents=True)
    here, there = Index(), FileIndex()
    look(source, here)
    look(target, there)
    lost: set[str] = set()
    for edits in (first, second, third):
        for each in edits:
            edit(source, *each)
        found = look(source, here)
        lost |= contents(target)
        seq = there.seq
        there.seq += 1
        applied = carry(packets(source, outgoing(found.changes, known(there))), target, there)
        assert not applied.skipped
        assert not differences(oracle(source), oracle(target))
        assert not differences(known(there), oracle(target))
        # What was replaced is in the trash, and a scan sees nothing that the index doesn't know.
        assert lost <= contents(target, base / "side" / "trash")
        told = dict(there.since(seq)) if seq else {}
        assert look(target, there).changes == {}
        if seq:
            changed = differences(known(there), known(here))
            assert not changed
            assert set(found.changes) <= set(told)
        there.save(os.fspath(base / "index"))
        there = FileIndex.load(os.fspath(base / "index"))


@settings(max_examples=60, deadline=None)
@given(EDITS, EDITS, EDITS)
def test_edits_of_the_other_tree_are_never_lost(
    tmp_path_factory: pytest.TempPathFactory, start: Edits, here: Edits, there: Edits
) -> None:
    base = tmp_path_factory.mktemp("both")
    source, target = base / "source", base / "side" / "target"
    source.mkdir()
    target.mkdir(parents=True)
    for each in start:
        edit(source, *each)
        edit(target, *each)
    index, other = Index(), Index()
    look(source, index)
    look(target, other)
    believed = known(other)
    for each in here:
        edit(source, *each)
    for each in there:
        edit(target, *each)  # nobody looked: the sender believes in what was
    before = oracle(target)
    existed = contents(target, source)
    changes = look(source, index).changes
    other.seq += 1
    applied = carry(packets(source, outgoing(changes, believed)), target, other)
    after = oracle(target)
    assert existed <= contents(source, target, base / "side" / "trash")
    skipped = {path for path, *_ in applied.skipped}
    for path, state in before.items():
        if not same(state, believed.get(path)) and state.kind != "d" and path not in changes:
            assert same(after.get(path), state), path
    for path in skipped:
        assert same(after.get(path), before.get(path)), path
    look(target, other)
    assert known(other) == after


def test_what_was_applied_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "source", tmp_path / "side" / "target"
    target.mkdir(parents=True)
    for number in range(50):
        path = source / f"folder{number % 5}" / f"file{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content {number}")
        os.utime(path, ns=(1, 10**18 + number))
    here, there = Index(), Index()
    look(target, there)
    there.seq += 1
    carry(packets(source, outgoing(look(source, here).changes, {})), target, there)

    def reading(file: int, stats: object) -> None:
        raise AssertionError("a file was read that the index knows")

    monkeypatch.setattr(looking, "read", reading)
    found = look(target, there)
    assert (found.changes, found.files, found.folders) == ({}, 50, 5)
    assert known(there) == known(here)
