"""Changes of a transfer, packed and unpacked; and two names that change places."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_agent.trees import swap
from server_agent.trees.model import State
from server_agent.trees.ops import Op, Ops

if TYPE_CHECKING:
    from pathlib import Path

TEXT = st.text(st.characters(exclude_categories=()), max_size=8)
STATES = st.one_of(
    st.none(),
    st.builds(State, st.sampled_from("fld"), st.integers(0, 511), st.integers(0, 1 << 62),
              st.integers(-(1 << 62), 1 << 62), TEXT),
)  # fmt: skip
STATS = st.one_of(st.none(), st.tuples(st.integers(0, 1 << 63), st.integers(0, 1 << 63)))


@given(st.lists(st.builds(Op, st.sampled_from("fldmx"), TEXT, STATES, STATES, STATS), max_size=40))
def test_what_went_in_comes_out_in_order(changes: list[Op]) -> None:
    ops = Ops()
    many = changes * 30
    for op in many:
        ops.append(op)
    assert len(ops) == len(many)
    assert list(ops) == many
    assert list(ops) == many  # and again
    assert all(isinstance(op.state, State) for op in ops if op.state is not None)
    assert not many or many[0] in ops


def test_two_names_change_places_in_one_step(tmp_path: Path) -> None:
    folders = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x\udcff").write_text(name)
        folders.append(os.open(tmp_path / name, os.O_RDONLY))
    try:
        if swap.exchange(folders[0], folders[1], "x\udcff"):
            assert (tmp_path / "one" / "x\udcff").read_text() == "two"
            assert (tmp_path / "two" / "x\udcff").read_text() == "one"
            with pytest.raises(FileNotFoundError):
                swap.exchange(folders[0], folders[1], "none")
        else:  # no call for it here: then nothing happened
            assert (tmp_path / "one" / "x\udcff").read_text() == "one"
    finally:
        for folder in folders:
            os.close(folder)
