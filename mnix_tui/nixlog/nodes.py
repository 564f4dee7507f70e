"""The nodes of a build, with the sums over them that are never summed up anew."""

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
MAX_TAILS = 20_000
"""Lines that are kept of all nodes together, when there are many."""
TAIL_TEXT = 1000
"""Characters that a tail keeps of one line."""
_MAX_KEY = 1024
_LEFT = 5
ENDED = frozenset({NodeState.DONE, NodeState.FAILED, NodeState.INTERRUPTED})


class Nodes:
    """All of them by key."""

    def __init__(self, expected: Mapping[str, float], tail: int) -> None:
        self.by_key: dict[str, Node] = {}
        self.counts: Counter[tuple[NodeKind, NodeState]] = Counter()
        self.running: dict[str, Node] = {}
        self.shape = 0
        """Differs when a node came, changed its state, or got an input."""
        self.links = 0
        """Differs when a build came or got an input."""
        self.unlisted = 0
        self.edges = 0
        self.weight: Counter[NodeState] = Counter()
        """Seconds that the builds in a state took before, of those that are in the history."""
        self.unknown: Counter[NodeState] = Counter()
        """How many builds in a state are not in the history."""
        self.took = 0.0
        """Seconds that the builds took that are done and not in the history."""
        self.bytes_done = 0
        self.bytes_total = 0
        self.most_at_once = 0
        self._expected = expected
        self._tail = max(0, tail)

    def get(self, key: str, kind: NodeKind, name: str = "") -> Node | None:
        """Return the node of this key, a new one if need be.

        None when there are too many, or one of another kind has that key.
        """
        node = self.by_key.get(key)
        if node is not None:
            return node if node.kind is kind else None
        if len(self.by_key) >= MAX_NODES or len(key) > _MAX_KEY or not key.isprintable() or not key:
            self.unlisted += 1
            return None
        name = name or name_of(key)
        node = Node(key, name, kind, expects=history_key(name))
        if kind is NodeKind.BUILD:
            seconds = self._expected.get(node.expects)
            # What comes from a store of the past is taken only when it can be a duration.
            node.expected = seconds if seconds is not None and 0 <= seconds < 1e7 else None
        self.by_key[key] = node
        self._add(node, 1)
        self.shape += 1
        self.links += kind is NodeKind.BUILD
        return node

    def set(self, node: Node, state: NodeState, now: float) -> None:
        """Change a node's state, and note when it began or ended."""
        if state is NodeState.RUNNING and node.started is None:
            node.started = now
        if state in ENDED:
            if node.started is not None and node.ended is None:
                node.ended = max(now, node.started)
        else:
            node.ended = None
        if state is node.state:
            return
        self._add(node, -1)
        node.state = state
        self._add(node, 1)
        self.shape += 1
        if state is NodeState.RUNNING:
            self.running[node.key] = node
            self.most_at_once = max(
                self.most_at_once, self.counts[NodeKind.BUILD, NodeState.RUNNING]
            )
        else:
            self.running.pop(node.key, None)

    def _add(self, node: Node, sign: int) -> None:
        self.counts[node.kind, node.state] += sign
        if node.kind is not NodeKind.BUILD:
            return
        if node.expected is not None:
            self.weight[node.state] += node.expected * sign  # type: ignore[assignment]
            return
        self.unknown[node.state] += sign
        if node.state is NodeState.DONE and node.started is not None and node.ended is not None:
            self.took += (node.ended - node.started) * sign

    def waiting(self) -> int:
        """Return how many nodes have not begun."""
        return sum(self.counts[kind, NodeState.WAITING] for kind in NodeKind)

    def link(self, key: str, wanted: list[str]) -> None:
        """Note that a derivation needs others; all are waited for until they begin."""
        node = self.get(key, NodeKind.BUILD)
        known = set(node.inputs) if node else set()
        for each in wanted:
            needed = self.get(each, NodeKind.BUILD)
            if not node or not needed or node is needed or self.edges >= MAX_EDGES:
                continue
            if each not in known:
                known.add(each)
                node.inputs.append(each)
                self.edges += 1
                self.shape += 1
                self.links += 1

    def progress(self, node: Node, done: int, total: int) -> None:
        """Note how many bytes of a node have come."""
        total = max(total, done)
        if node.kind is NodeKind.DOWNLOAD:
            self.bytes_done += done - node.done
            self.bytes_total += total - node.total
        node.done, node.total = done, total

    def tail(self, node: Node) -> deque[str]:
        """Return where the last lines of a node are kept."""
        if not isinstance(node.tail, deque):
            node.tail = deque(node.tail, maxlen=self._tail)
        return node.tail

    def trim(self) -> None:
        """Keep fewer lines of what is over, when all together are too many: failures last."""
        total = sum(len(node.tail) for node in self.by_key.values())
        for state in (NodeState.DONE, NodeState.INTERRUPTED, NodeState.FAILED, NodeState.RUNNING):
            for node in self.by_key.values():
                if total <= MAX_TAILS:
                    return
                if node.state is state and len(node.tail) > _LEFT:
                    total -= len(node.tail) - _LEFT
                    for _ in range(len(node.tail) - _LEFT):
                        if isinstance(node.tail, deque):
                            node.tail.popleft()
