"""The changes of a transfer, held in little room: there may be millions of them."""

from __future__ import annotations

import marshal
from collections.abc import Iterator
from typing import Collection, List, NamedTuple, Optional, Tuple

from server_agent.trees.model import State

_TOGETHER = 512


class Op(NamedTuple):
    """One change of a transfer, received and verified."""

    op: str
    """``f``, ``l``, ``d`` as the kinds of states; ``m`` permissions, ``x`` nothing is there."""
    path: str
    state: Optional[State]
    """What is to be there; None for ``x``."""
    expect: Optional[State]
    stat: Optional[Tuple[int, int]] = None
    """Inode and ctime of the staged file or link."""


class Ops(Collection[Op]):
    """Changes in the order in which they came; packed, but for the last few."""

    def __init__(self) -> None:
        self._packed: List[bytes] = []
        self._last: List[Op] = []

    def append(self, op: Op) -> None:
        """Add a change."""
        self._last.append(op)
        if len(self._last) >= _TOGETHER:
            plain = [
                (kind, path, state and tuple(state), expect and tuple(expect), stat)
                for kind, path, state, expect, stat in self._last
            ]
            self._packed.append(marshal.dumps(plain))
            self._last = []

    def __len__(self) -> int:
        return len(self._packed) * _TOGETHER + len(self._last)

    def __contains__(self, op: object) -> bool:
        return any(each == op for each in self)

    def __iter__(self) -> Iterator[Op]:
        for packed in self._packed:
            # Our own bytes, of this very process.
            for kind, path, state, expect, stat in marshal.loads(packed):  # noqa: S302
                yield Op(kind, path, state and State(*state), expect and State(*expect), stat)
        yield from self._last
