"""The nodes as rows: dependents above what they need, and what matters first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.nixlog.model import Node, NodeKind, NodeState, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnix_tui.nixlog.graph import Graph
    from mnix_tui.nixlog.state import State

MAX_DEPTH = 60
"""What is deeper stands at the end, from depth 0 again."""
_RANKS = {
    NodeState.FAILED: 0,
    NodeState.RUNNING: 1,
    NodeState.INTERRUPTED: 3,
    NodeState.WAITING: 5,
    NodeState.DONE: 7,
}
"""Builds; other nodes come one rank later, after the builds of their state."""


class Tree:
    """Makes the rows, and keeps them while the nodes' shape stays."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._shape = -1
        self._rows: list[Row] = []

    def rows(self) -> list[Row]:
        """Return the rows, top down."""
        if self._shape != self._state.nodes.shape:
            self._rows = self._make()
            self._shape = self._state.nodes.shape
        return self._rows

    def _make(self) -> list[Row]:
        graph = self._state.graph
        graph.refresh()
        ranks: list[int] = []
        for node, wanted in zip(graph.builds, graph.inputs, strict=True):
            rank = _RANKS[node.state]
            for each in wanted:
                if ranks[each] < rank:
                    rank = ranks[each]
            ranks.append(rank)
        tops: list[tuple[int, int | Node]] = [(ranks[i], i) for i in graph.roots]
        tops += [
            (_RANKS[node.state] + 1, node)
            for node in self._state.nodes.by_key.values()
            if node.kind is not NodeKind.BUILD
        ]
        tops.sort(key=lambda each: each[0])
        writer = _Writer(graph, ranks)
        for place, (_, top) in enumerate(tops):
            last = place == len(tops) - 1
            if isinstance(top, Node):
                writer.rows.append(Row(top, 0, last, (), 0))
            else:
                writer.write(top, last=last)
        return writer.all()


class _Writer:
    """Writes subtrees, each node once in full."""

    def __init__(self, graph: Graph, ranks: list[int]) -> None:
        self.rows: list[Row] = []
        self._graph = graph
        self._ranks = ranks
        self._shown = bytearray(len(graph.builds))
        self._deep: list[int] = []

    def all(self) -> list[Row]:
        """Return all rows, with what was too deep at the end, from depth 0 again."""
        if self._deep:
            self.rows = [
                row._replace(last=False)
                if not row.depth
                else row._replace(guides=(True, *row.guides[1:]))
                for row in self.rows
            ]
        while self._deep:
            deep, self._deep = self._deep, []
            for each in deep:
                if not self._shown[each]:
                    self.write(each, last=False)
        return self.rows

    def write(self, top: int, *, last: bool) -> None:
        """Write the subtree of a build."""
        rows, shown, builds, inputs = self.rows, self._shown, self._graph.builds, self._graph.inputs
        below = self._graph.below
        shown[top] = 1
        rows.append(Row(builds[top], 0, last, (), 0))
        stack: list[tuple[Iterator[tuple[int, bool]], tuple[bool, ...]]] = [
            (self._listed(top), (not last,))
        ]
        while stack:
            rest, guides = stack[-1]
            depth = len(stack)
            for each, final in rest:
                node = builds[each]
                if shown[each] or depth >= MAX_DEPTH:
                    if not shown[each]:
                        self._deep.append(each)
                    rows.append(Row(node, depth, final, guides, below[each], again=True))
                    continue
                shown[each] = 1
                rows.append(Row(node, depth, final, guides, 0))
                if inputs[each]:
                    stack.append((self._listed(each), (*guides, not final)))
                    break
            else:
                stack.pop()

    def _listed(self, build: int) -> Iterator[tuple[int, bool]]:
        """Return the inputs to list below a build, what matters first; True with the last one.

        What is done already and stands elsewhere tells nothing here.
        """
        builds, shown = self._graph.builds, self._shown
        wanted = [
            each
            for each in self._graph.inputs[build]
            if not shown[each] or builds[each].state is not NodeState.DONE
        ]
        if len(wanted) > 1:
            wanted.sort(key=self._ranks.__getitem__)
        final = len(wanted) - 1
        return iter([(each, i == final) for i, each in enumerate(wanted)])
