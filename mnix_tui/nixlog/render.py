"""The tree and the summary as text, for terminals and pipes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.nixlog.model import NodeState

if TYPE_CHECKING:
    from mnix_tui.nixlog.build import Build

GLYPHS = {
    NodeState.WAITING: "○",
    NodeState.RUNNING: "◐",
    NodeState.DONE: "●",
    NodeState.FAILED: "✕",
    NodeState.INTERRUPTED: "⊘",
}


def render(
    build: Build, *, width: int, height: int | None = None, colour: bool = False
) -> list[str]:
    """Return lines of at most `width` cells, at most `height` of them."""
    lines = []
    for row in build.tree():
        guides = "".join("│ " if each else "  " for each in row.guides)
        lines.append(f"{guides}{GLYPHS[row.node.state]} {row.node.name} {row.node.phase}"[:width])
    summary = build.summary()
    lines.append(f"{summary.builds_done} built, {summary.builds_failed} failed"[:width])
    return lines[-height:] if height else lines
