"""The nodes of a build, and how many are in which state."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

from mnix_tui.nixlog.model import Node, NodeKind, NodeState
from mnix_tui.nixlog.text import history_key, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_NODES = 10_000
"""Beyond it things are counted, and not listed."""
MAX_EDGES = 100_000
_MAX_KEY = 1024
ENDED = frozenset({NodeState.DONE, NodeState.FAILED, NodeState.INTERRUPTED})


class Nodes:
    """All of them by key, with counts that are never recounted."""

    def __init__(self, expected: Mapping[str, float], tail: int) -> None:
        self.by_key: dict[str, Node] = {}
        self.counts: Counter[tuple[NodeKind, NodeState]] = Counter()
        self.shape = 0
        """Differs when a node came, changed its state, or got an input."""
        self.unlisted = 0
        self.edges = 0
        self._expected = expected
        self._tail = tail

    def get(self, key: str, kind: NodeKind, name: str = "") -> Node | None:
        """Return the node of this key, a new one if need be; None when there are too many."""
        node = self.by_key.get(key)
        if node is not None:
            return node
        if len(self.by_key) >= MAX_NODES or len(key) > _MAX_KEY or not key:
            self.unlisted += 1
            return None
        name = name or name_of(key)
        expects = history_key(name)
        node = Node(key, name, kind, expects=expects)
        if kind is NodeKind.BUILD:
            node.expected = self._expected.get(expects)
        self.by_key[key] = node
        self.counts[kind, node.state] += 1
        self.shape += 1
        return node

    def set(self, node: Node, state: NodeState, now: float) -> None:
        """Change a node's state, and note when it began or ended."""
        if state is NodeState.RUNNING and node.started is None:
            node.started = now
        if state in ENDED:
            if node.started is not None and node.ended is None:
                node.ended = now
        else:
            node.ended = None
        if state is not node.state:
            self.counts[node.kind, node.state] -= 1
            node.state = state
            self.counts[node.kind, state] += 1
            self.shape += 1

    def begin_lines(self, node: Node) -> deque[str]:
        """Return where the last lines of a node are kept."""
        if not isinstance(node.tail, deque):
            node.tail = deque(node.tail, maxlen=self._tail)
        return node.tail

    def plan(self, key: str, kind: NodeKind = NodeKind.BUILD) -> None:
        """Note that something will be built or fetched."""
        self.get(key, kind)

    def link(self, key: str, wants: str) -> None:
        """Note that a derivation needs another one; both are waited for until they begin."""
        node = self.get(key, NodeKind.BUILD)
        needed = self.get(wants, NodeKind.BUILD)
        if not node or not needed or node is needed or self.edges >= MAX_EDGES:
            return
        if wants not in node.inputs:
            node.inputs.append(wants)
            self.edges += 1
            self.shape += 1
