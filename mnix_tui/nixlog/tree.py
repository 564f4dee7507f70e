"""The nodes as rows: dependents above what they need, and what matters first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.nixlog.model import Node, NodeKind, NodeState, Row

if TYPE_CHECKING:
    from mnix_tui.nixlog.graph import Graph
    from mnix_tui.nixlog.state import State

MAX_DEPTH = 60
"""What is deeper stands at the end, from depth 0 again."""
BIG = 150
"""Builds that are not done: in a tree of more, what stands elsewhere is not always repeated."""
_row = tuple.__new__
_ON, _END = (True,), (False,)
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
            elif graph.inputs[top]:
                writer.write(top, last=last)
            else:
                writer.rows.append(Row(graph.builds[top], 0, last, (), 0))
        return writer.all()


class _Writer:
    """Writes subtrees, each node once in full."""

    def __init__(self, graph: Graph, ranks: list[int]) -> None:
        self.rows: list[Row] = []
        self._graph = graph
        self._builds = graph.builds
        self._inputs = graph.inputs
        self._rank = ranks.__getitem__
        done = NodeState.DONE
        self._done = bytearray([each.state is done for each in graph.builds])
        self._big = self._done.count(0) > BIG
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
        rows, shown, builds, inputs = self.rows, self._shown, self._builds, self._inputs
        numbers, todo = [top], [Row(builds[top], 0, last, (), 0)]
        while todo:
            number, row = numbers.pop(), todo.pop()
            if shown[number] or row[1] >= MAX_DEPTH:
                if not shown[number]:
                    self._deep.append(number)
                rows.append(_row(Row, (*row[:4], self._graph.below[number], True)))
                continue
            shown[number] = 1
            rows.append(row)
            wanted = inputs[number]
            if not wanted:
                continue
            if len(wanted) > 1 or shown[wanted[0]]:
                wanted = self._listed(wanted)
            depth, guides, final = row[1] + 1, row[3] + (_END if row[2] else _ON), True
            for each in wanted:
                numbers.append(each)
                # A named tuple made the short way: thousands of them, ten times a second.
                todo.append(_row(Row, (builds[each], depth, final, guides, 0, False)))
                final = False

    def _listed(self, wanted: list[int]) -> list[int]:
        """Return the inputs to list below a build, what matters most last.

        What is done already and stands elsewhere tells nothing here. In a big tree, what stands
        elsewhere is listed again only where nothing else would tell what a build waits for.
        """
        shown, done = self._shown, self._done
        listed = [each for each in wanted if not shown[each]]
        if len(listed) < len(wanted):
            if not self._big:
                listed = [each for each in wanted if not (shown[each] and done[each])]
            elif 0 not in [done[each] for each in listed]:
                again = [each for each in wanted if shown[each] and not done[each]]
                if again:
                    listed.append(min(again, key=self._rank))
        if len(listed) > 1:
            listed.sort(key=self._rank)
            listed.reverse()
        return listed
