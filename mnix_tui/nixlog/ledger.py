"""Which of the builds that stopped were done, and which failed.

That an activity stopped says nothing: nix stops it as well when the build failed or was killed.
What tells is the counter of all builds, [done, expected, running, failed]: nix raises it just
before it stops the build's activity. A build that stops without it was killed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.nixlog.model import Node, NodeKind, NodeState

if TYPE_CHECKING:
    from mnix_tui.nixlog.state import State

_MAX_CREDITS = 1000


class Ledger:
    """Follows the counters, and decides."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.open_counters: dict[int, tuple[int, int]] = {}
        self.counted = False
        """nix has counted builds at all."""
        self._credits: list[NodeState] = []
        self._undecided: list[Node] = []
        self._failed_last = ""
        self._before = False
        """The counter was seen to move before the stop: so later moves belong to later stops."""

    def open(self, ident: int) -> None:
        """Note that nix began to count builds."""
        self.open_counters[ident] = (0, 0)
        self._state.counting = True
        self.counted = True

    def close(self, ident: int) -> None:
        """Note that nix has stopped counting: what it did not count was killed."""
        if self.open_counters.pop(ident, None) is None or self.open_counters:
            return
        for node in self._undecided:
            if node.state is NodeState.RUNNING:
                self._state.nodes.set(node, NodeState.INTERRUPTED, self._state.now)
        self._undecided.clear()
        self._credits.clear()
        self._state.run_ended()

    def count(self, ident: int, done: int, failed: int) -> None:
        """Take the counters' new values."""
        old = self.open_counters.get(ident)
        if old is None:
            return
        self.open_counters[ident] = (done, failed)
        moved = [NodeState.DONE] * min(done - old[0], _MAX_CREDITS)
        moved += [NodeState.FAILED] * min(failed - old[1], _MAX_CREDITS)
        for each in moved:
            if self._undecided and not self._before:
                self._state.nodes.set(self._undecided.pop(0), each, self._state.now)
            else:
                self._credits.append(each)
        del self._credits[:-_MAX_CREDITS]

    def started(self) -> None:
        """Note that a build began: nix counts and stops in one go, so nothing is owed any more."""
        self._credits.clear()

    def stopped(self, node: Node, *, still: bool) -> None:
        """Decide a build that stopped; `still`: another activity goes on with it."""
        if node.state is NodeState.FAILED:
            return
        if self._credits:
            state, self._before = self._credits.pop(), True
            if state is NodeState.FAILED:
                self._failed_last = node.key
            if not still:
                self._state.nodes.set(node, state, self._state.now)
        elif not still and node.state is NodeState.RUNNING:
            if self.counted:
                node.ended = self._state.now
                self._undecided.append(node)
            else:
                self._state.nodes.set(node, NodeState.DONE, self._state.now)

    def unnamed(self) -> Node | None:
        """Return the build that failed last, if nix has not said yet why."""
        nodes = self._state.nodes.by_key
        node = nodes.get(self._failed_last)
        return node if node and node.state is NodeState.FAILED and not node.error else None

    def owes_failure(self) -> bool:
        """Tell whether nix has counted a failure that nobody was blamed for."""
        return not self.counted or NodeState.FAILED in self._credits

    def blamed(self, node: Node) -> None:
        """Note that nix named a build that failed."""
        if NodeState.FAILED in self._credits:
            self._credits.remove(NodeState.FAILED)
            self._before = True
        if node.kind is NodeKind.BUILD:
            self._state.nodes.set(node, NodeState.FAILED, self._state.now)
