"""How much of a rebuild is done, and how long it will take yet: from history, counts and bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.nixlog.model import NodeKind, NodeState

if TYPE_CHECKING:
    from mnix_tui.nixlog.model import Node
    from mnix_tui.nixlog.state import State

_NEARLY = 0.95
"""What is still running is never counted as more than this share done."""
_GUESSED = 0.25
"""The share of builds that may be unknown in an estimate of time."""
_UNKNOWN = 20.0
"""Seconds that a build weighs beside the downloads while nobody knows of any build."""
_ENOUGH = 2.0
"""Seconds of downloading before its speed means anything."""


class Estimate:
    """Remembers what it said, so that the bar goes back only when there is more to do."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._plan = (0, 0, 0)
        self._floor = 0.0
        self._chain = 0.0
        self._chain_at = (-1, 0.0)

    def fraction(self) -> float | None:
        """Return how much is done, 0 to 1; None while nobody can know."""
        state, nodes = self._state, self._state.nodes
        if state.ok is True:
            return 1.0
        known = self._each()
        each = known or _UNKNOWN
        work = {s: nodes.weight[s] + nodes.unknown[s] * each for s in NodeState}
        total = sum(work.values()) + state.unlisted_builds() * each
        done = work[NodeState.DONE] + work[NodeState.FAILED]
        for node in nodes.running.values():
            # Of one that nobody knows, no time tells how far it is.
            if node.kind is NodeKind.BUILD and node.expected is not None:
                done += min(node.seconds(state.now), node.expected * _NEARLY)
        come, size = state.bytes()
        if known is None and not done and not size:
            return None
        if size:
            seconds = self._download_seconds(size)
            if seconds is None:
                seconds = float(sum(nodes.counts[NodeKind.DOWNLOAD, s] for s in NodeState))
            total += seconds
            done += seconds * min(1.0, come / size)
        if total <= 0:
            return None
        plan = (len(nodes.by_key), state.unlisted_builds(), size)
        if plan != self._plan:
            self._plan, self._floor = plan, 0.0
        self._floor = max(self._floor, min(1.0, done / total))
        return self._floor

    def eta(self) -> float | None:
        """Return the seconds that it will take yet, as far as the history can tell."""
        state, nodes = self._state, self._state.nodes
        if state.ended or state.ok is not None or state.problems:
            return None
        waiting = nodes.counts[NodeKind.BUILD, NodeState.WAITING]
        running = [n for n in nodes.running.values() if n.kind is NodeKind.BUILD]
        come, size = state.bytes()
        if not waiting and not running and come >= size:
            return None
        guessed = nodes.unknown[NodeState.WAITING] + sum(n.expected is None for n in running)
        guessed += state.unlisted_builds()
        if guessed > _GUESSED * (waiting + len(running) + state.unlisted_builds()):
            return None
        seconds = self._builds_left(running)
        if come < size:
            whole = self._download_seconds(size)
            if whole is None or seconds is None:
                return None
            seconds += whole * (1 - come / size)
        return seconds

    def _builds_left(self, running: list[Node]) -> float | None:
        """Return the seconds of the builds: their work shared out, or the longest chain of them."""
        state, nodes = self._state, self._state.nodes
        each = self._each() or 0.0
        waiting = nodes.weight[NodeState.WAITING] + nodes.unknown[NodeState.WAITING] * each
        left = [
            max(0.0, (each if n.expected is None else n.expected) - n.seconds(state.now))
            for n in running
        ]
        if running and not waiting and not any(left):
            # It takes longer than ever before, and nobody knows how much longer.
            return None
        work = (waiting + sum(left)) / max(1, nodes.most_at_once)
        return max(work, max(left, default=0.0), self._longest_chain(each))

    def _longest_chain(self, each: float) -> float:
        """Return the seconds of the longest chain of builds that wait; looked at once a second."""
        state, nodes = self._state, self._state.nodes
        shape, at = self._chain_at
        if shape == nodes.shape or (shape >= 0 and abs(state.now - at) < 1):
            return self._chain
        length: dict[str, float] = {}
        state.graph.refresh()
        for node in state.graph.builds:
            if node.state in (NodeState.WAITING, NodeState.RUNNING):
                weight = each if node.expected is None else node.expected
                if node.state is NodeState.RUNNING:
                    weight = max(0.0, weight - node.seconds(state.now))
                before = (length.get(key, 0.0) for key in node.inputs)
                length[node.key] = weight + max(before, default=0.0)
        self._chain = max(length.values(), default=0.0)
        self._chain_at = (nodes.shape, state.now)
        return self._chain

    def _each(self) -> float | None:
        """Return what a build that is not in the history may take: as the others do."""
        nodes = self._state.nodes
        known = sum(nodes.counts[NodeKind.BUILD, s] - nodes.unknown[s] for s in NodeState)
        number = known + nodes.unknown[NodeState.DONE]
        return (sum(nodes.weight.values()) + nodes.took) / number if number else None

    def _download_seconds(self, size: int) -> float | None:
        """Return how long all downloads take at the speed they have had; None: too early."""
        state = self._state
        come, _ = state.bytes()
        if state.download_since is None or come < size / 50:
            return None
        spent = state.now - state.download_since
        return size / (come / spent) if spent >= _ENOUGH else None
