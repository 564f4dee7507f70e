"""The nodes as rows: dependents above what they need, and what matters first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.nixlog.model import Node, NodeState, Row

if TYPE_CHECKING:
    from mnix_tui.nixlog.nodes import Nodes

_ORDER = {
    NodeState.FAILED: 0,
    NodeState.RUNNING: 1,
    NodeState.INTERRUPTED: 2,
    NodeState.WAITING: 3,
    NodeState.DONE: 4,
}


class Tree:
    """Makes the rows, and keeps them while the nodes' shape stays."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._shape = -1
        self._rows: list[Row] = []

    def rows(self) -> list[Row]:
        """Return the rows, top down."""
        if self._shape != self._nodes.shape:
            self._rows = self._make()
            self._shape = self._nodes.shape
        return self._rows

    def _make(self) -> list[Row]:
        nodes: list[Node] = sorted(self._nodes.by_key.values(), key=lambda n: _ORDER[n.state])
        return [Row(each, 0, i == len(nodes) - 1, (), 0) for i, each in enumerate(nodes)]
