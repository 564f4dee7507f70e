"""Which of the downloads that stopped have come.

That the activity stopped says nothing when bytes are missing: nix may go on with another
substituter, or give up. What tells is the counter of all paths, which nix raises afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.nixlog.model import Node, NodeState

if TYPE_CHECKING:
    from mnix_tui.nixlog.state import State


class Arrivals:
    """Follows that counter, and decides."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._undecided: dict[str, Node] = {}
        self._uncounted = 0
        """How many were seen to come that nix has not counted; below 0: it counted before."""
        self._last: Node | None = None

    def began(self, node: Node) -> None:
        """Note that a download began, maybe once more."""
        self._undecided.pop(node.key, None)
        if self._state.download_since is None:
            self._state.download_since = self._state.now

    def stopped(self, node: Node) -> None:
        """Decide a download that stopped, if it can be known already."""
        self._last = node
        if node.done < node.total and self._uncounted >= 0:
            self._undecided[node.key] = node
            return
        self._uncounted += 1
        self._came(node)

    def count(self, done: int, failed: int) -> None:
        """Take how many more have come, and how many more have failed."""
        while failed > 0 and self._undecided:
            failed -= 1
            self._set(self._next(), NodeState.FAILED)
        if failed > 0 and self._last is not None:
            self._set(self._last, NodeState.FAILED)
            self._uncounted = max(0, self._uncounted - 1)
        self._uncounted -= max(0, done)
        while self._uncounted < 0 and self._undecided:
            self._uncounted += 1
            self._came(self._next())

    def close(self) -> None:
        """Note that nix counts no longer: what it has not counted did not come."""
        self._uncounted = 0
        while self._undecided:
            self._set(self._next(), NodeState.INTERRUPTED)

    def _next(self) -> Node:
        return self._undecided.pop(next(iter(self._undecided)))

    def _came(self, node: Node) -> None:
        self._set(node, NodeState.DONE)
        self._state.nodes.progress(node, node.total, node.total)

    def _set(self, node: Node, state: NodeState) -> None:
        self._state.nodes.set(node, state, self._state.now)
