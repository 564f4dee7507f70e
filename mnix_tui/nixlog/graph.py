"""Which builds need which, without what follows from the rest: worked out once for each plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.nixlog.model import Node, NodeKind

if TYPE_CHECKING:
    from mnix_tui.nixlog.nodes import Nodes

_MAX_REDUCED = 4000
"""Beyond so many builds their edges are shown as they came: sets of them would be too big."""


class Graph:
    """The builds by number, inputs before what needs them; edges that close a circle are cut."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._links = -1
        self.builds: list[Node] = []
        self.inputs: list[list[int]] = []
        """Of each build, what it needs and nothing else that it shows needs already."""
        self.below: list[int] = []
        """How many builds stand below each."""
        self.roots: list[int] = []

    def refresh(self) -> None:
        """Work it out again if a node or an edge came."""
        if self._links == self._nodes.links:
            return
        self._links = self._nodes.links
        if not self._nodes.edges:
            self.builds = [n for n in self._nodes.by_key.values() if n.kind is NodeKind.BUILD]
            size = len(self.builds)
            self.inputs, self.below = [[] for _ in self.builds], [0] * size
            self.roots = list(range(size))
            return
        order, edges = self._sorted()
        self.builds = [self._nodes.by_key[key] for key in order]
        number = {key: i for i, key in enumerate(order)}
        needs = [sorted((number[k] for k in edges[key]), reverse=True) for key in order]
        self.inputs, self.below = (
            _reduced(needs) if len(order) <= _MAX_REDUCED else (needs, [len(n) for n in needs])
        )
        needed = {i for each in self.inputs for i in each}
        self.roots = [i for i in range(len(order)) if i not in needed]

    def _sorted(self) -> tuple[list[str], dict[str, list[str]]]:
        """Return the builds' keys, inputs first, and for each what it needs without circles."""
        by_key, order = self._nodes.by_key, []
        edges: dict[str, list[str]] = {}
        over: set[str] = set()
        for start, node in by_key.items():
            if node.kind is not NodeKind.BUILD or start in edges:
                continue
            edges[start] = []
            path = [(start, iter(node.inputs))]
            while path:
                key, rest = path[-1]
                for wanted in rest:
                    if wanted in over:
                        edges[key].append(wanted)
                    elif wanted not in edges:
                        edges[key].append(wanted)
                        edges[wanted] = []
                        path.append((wanted, iter(by_key[wanted].inputs)))
                        break
                else:
                    over.add(key)
                    order.append(key)
                    path.pop()
        return order, edges


def _reduced(needs: list[list[int]]) -> tuple[list[list[int]], list[int]]:
    """Leave out each edge that a longer way leads along as well."""
    reach: list[int] = []
    kept: list[list[int]] = []
    for wanted in needs:
        seen, mine = 0, []
        # The nearest first: what it reaches need not be listed again.
        for each in wanted:
            if not seen >> each & 1:
                mine.append(each)
                seen |= reach[each] | 1 << each
        reach.append(seen)
        mine.reverse()
        kept.append(mine)
    return kept, [each.bit_count() for each in reach]
