"""What is known of a rebuild: written by the readers of its lines, read by tree and summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.nixlog.graph import Graph
from mnix_tui.nixlog.hints import LOG_HINT, NET_HINT
from mnix_tui.nixlog.model import NodeKind, NodeState, Problem
from mnix_tui.nixlog.nodes import Nodes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mnix_tui.nixlog.model import Line, Node

MAX_PROBLEMS = 200
MAX_WARNINGS = 200
_MAX_BYTES = 1 << 60
_DID = {NodeKind.BUILD: "build", NodeKind.DOWNLOAD: "download"}


class State:
    """One rebuild, so far."""

    def __init__(self, expected: Mapping[str, float], tail: int) -> None:
        self.nodes = Nodes(expected, tail)
        self.graph = Graph(self.nodes)
        self.now = 0.0
        self.said = ""
        """The last step that the rebuild itself told."""
        self.marked = 0.0
        """What time the log itself said last."""
        self.timed = False
        """The log says itself when things happened."""
        self.started: float | None = None
        self.mark = ""
        """The phase that the agent spoke of last."""
        self.ok: bool | None = None
        self.changed: bool | None = None
        self.generation: int | None = None
        self.ended = False
        self.whole = False
        """It has ended, and nothing went wrong: no more is to come."""
        self.problems: list[Problem] = []
        self.errors = 0
        self.complaint = ""
        """The last error that was nix's own concern, or a builder's invention."""
        self.consequence: Problem | None = None
        """What nix says at the end, when all that it means was said before."""
        self.warnings: list[str] = []
        self.warned = 0
        self.doing: dict[int, str] = {}
        """What nix says it does, by activity: not for builds and downloads, which are nodes."""
        self.builds_expected = 0
        """How many builds nix itself counts that are neither done nor running nor failed."""
        self.counting = False
        """nix is at it to build and download, as it is once for all, or in an evaluation as well."""
        self.bytes_expected = 0
        self._came_before = 0
        """Bytes that came in nix's earlier runs: the next one tells only its own."""
        self._run_over = False
        self.hook: tuple[str, Node] | None = None
        """What nix said of the post-build hook that it ran last, and its node."""
        self.download_since: float | None = None
        self.out: list[Line] = []
        """The lines that the feed at hand has made."""

    def warn(self, text: str) -> None:
        """Remember a warning, once."""
        if text in self.warnings:
            return
        self.warned += 1
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(text)

    def blame(self, problem: Problem) -> None:
        """Remember a problem, once."""
        for known in self.problems:
            if known.title == problem.title and known.node_key == problem.node_key:
                return
        self.errors += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)

    def blame_silent(self) -> None:
        """Make a problem of each failed build that nix never named (2.8 names only the first)."""
        named = {each.node_key for each in self.problems}
        for node in self.nodes.by_key.values():
            did = _DID.get(node.kind)
            if did and node.state is NodeState.FAILED and node.key not in named:
                title = f"{node.name} failed to {did}"
                said, hint = tuple(node.tail)[-40:], LOG_HINT.format(name=node.name)
                if node.kind is not NodeKind.BUILD:
                    said, hint = tuple(filter(None, [self.complaint])), NET_HINT
                self.blame(Problem(title, said, node.key, hint=hint))

    def expect_bytes(self, number: int) -> None:
        """Note how many bytes will come in this run; what was planned before stays when it was more."""
        if self._run_over:
            self._run_over, self._came_before = False, self.nodes.bytes_done
        number += self._came_before
        self.bytes_expected = min(max(self.bytes_expected, number), _MAX_BYTES)

    def run_ended(self) -> None:
        """Note that nix has built and downloaded what it was to, and may have more to do later."""
        self.counting, self.builds_expected, self._run_over = False, 0, True

    def bytes(self) -> tuple[int, int]:
        """Return how many bytes have come, and of how many."""
        done = self.nodes.bytes_done
        if self.whole:
            return done, done
        return done, max(self.bytes_expected, self.nodes.bytes_total, done)

    def unlisted_builds(self) -> int:
        """Return how many builds nix says are to come that no plan has named."""
        if self.ended or self.ok is not None:
            return 0
        return max(0, self.builds_expected - self.nodes.counts[NodeKind.BUILD, NodeState.WAITING])

    def fetches(self, what: str) -> list[Node]:
        """Return what was begun to be fetched under this address, or is an input of this name."""
        node = self.nodes.by_key.get(what)
        if node is not None:
            return [node] if node.kind is NodeKind.FETCH else []
        return [
            each
            for each in self.nodes.by_key.values()
            if each.kind is NodeKind.FETCH and f"'{what}'" in each.name
        ]

    def node(self, key: str) -> Node | None:
        """Return a node that is there already."""
        return self.nodes.by_key.get(key)
