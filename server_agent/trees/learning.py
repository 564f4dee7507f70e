"""What an index learns of folders that were moved into its tree whole."""

from __future__ import annotations

import contextlib
import os
from typing import List, Set

from server_agent.trees.check import Checked
from server_agent.trees.index import Index, Item
from server_agent.trees.model import FOLDER, LINK, State
from server_agent.trees.ops import Op
from server_agent.trees.receive import Batch

_FOLDER = State(FOLDER, 0, 0, 0, "")


def learn(index: Index, root: str, batch: Batch, checked: Checked, moved: Set[str]) -> None:
    """Tell the index of folders that were moved whole: their files kept their stats."""
    there = set()
    for path in moved:
        with contextlib.suppress(OSError):  # gone again: the next look finds out
            index.record(path, _FOLDER, os.lstat(os.path.join(root, path)))
            there.add(path)
    inside = {folder for folder, mover in checked.movers.items() if mover in there}
    for folder in inside:
        if index.blob(folder) is None:
            index.put(folder, ())
    now = ""
    items: List[Item] = []  # of one folder after the other, as they came
    for op in batch.ops:
        folder = op.path.rpartition("/")[0]
        if folder not in inside or op.path in checked.dropped or op.op == "x":
            continue
        if folder != now:
            _add(index, now, items)
            now, items = folder, []
        index.unbury(op.path)
        items.append(_staged(op, index))
    _add(index, now, items)


def _add(index: Index, folder: str, items: List[Item]) -> None:
    if items:
        index.put(folder, [*index.items(folder), *items])


def _staged(op: Op, index: Index) -> Item:
    assert op.state is not None
    kind, mode, size, mtime, value = op.state
    inode, ctime = op.stat or (0, 0)
    name = op.path.rpartition("/")[2]
    size = len(os.fsencode(value)) if kind == LINK else size
    return Item(name, kind, mode, size, mtime, ctime, inode, value, index.seq)
