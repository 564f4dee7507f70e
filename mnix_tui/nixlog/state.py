"""What is known of a rebuild: written by the readers of its lines, read by tree and summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.nixlog.nodes import Nodes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mnix_tui.nixlog.model import Line, Node, Problem

MAX_PROBLEMS = 200
MAX_WARNINGS = 200


class State:
    """One rebuild, so far."""

    def __init__(self, expected: Mapping[str, float], tail: int) -> None:
        self.nodes = Nodes(expected, tail)
        self.now = 0.0
        self.timed = False
        """The log says itself when things happened."""
        self.started: float | None = None
        self.mark = ""
        """The phase that the agent spoke of last."""
        self.ok: bool | None = None
        self.generation: int | None = None
        self.ended = False
        self.problems: list[Problem] = []
        self.errors = 0
        self.warnings: list[str] = []
        self.warned = 0
        self.doing: dict[int, str] = {}
        """What nix says it does, by activity: not for builds and downloads, which are nodes."""
        self.bytes_expected = 0
        self.out: list[Line] = []
        """The lines that the feed at hand has made."""

    def warn(self, text: str) -> None:
        """Remember a warning."""
        self.warned += 1
        if len(self.warnings) < MAX_WARNINGS and text not in self.warnings:
            self.warnings.append(text)

    def blame(self, problem: Problem) -> None:
        """Remember a problem, once."""
        for known in self.problems:
            if known.title == problem.title and known.node_key == problem.node_key:
                return
        self.errors += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)

    def node(self, key: str) -> Node | None:
        """Return a node that is there already."""
        return self.nodes.by_key.get(key)
