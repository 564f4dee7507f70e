"""Where a rebuild stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.nixlog.model import NodeKind, NodeState, Summary

if TYPE_CHECKING:
    from mnix_tui.nixlog.state import State


def phase_of(state: State) -> str:
    """Return what the rebuild is busy with."""
    if state.ok is not None:
        return "done" if state.ok else "failed"
    if state.ended:
        return "failed" if state.problems else "done"
    if state.mark in ("warm-up", "switch"):
        return state.mark
    counts = state.nodes.counts
    if counts[NodeKind.BUILD, NodeState.RUNNING]:
        return "build"
    if counts[NodeKind.DOWNLOAD, NodeState.RUNNING]:
        return "download"
    return state.mark or "prepare"


def summarize(state: State) -> Summary:
    """Return the summary."""
    counts = state.nodes.counts

    def n(kind: NodeKind, node_state: NodeState) -> int:
        return counts[kind, node_state]

    downloads = [n(NodeKind.DOWNLOAD, each) for each in NodeState]
    return Summary(
        phase=phase_of(state),
        what=next(reversed(state.doing.values()), ""),
        builds_done=n(NodeKind.BUILD, NodeState.DONE),
        builds_running=n(NodeKind.BUILD, NodeState.RUNNING),
        builds_waiting=n(NodeKind.BUILD, NodeState.WAITING),
        builds_failed=n(NodeKind.BUILD, NodeState.FAILED),
        downloads_done=n(NodeKind.DOWNLOAD, NodeState.DONE),
        downloads_total=sum(downloads),
        started=state.started,
        now=state.now,
        errors=state.errors,
        warnings=state.warned,
        generation=state.generation,
        ok=state.ok,
    )
