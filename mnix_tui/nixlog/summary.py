"""Where a rebuild stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.nixlog.model import Node, NodeKind, NodeState, Summary

if TYPE_CHECKING:
    from mnix_tui.nixlog.estimate import Estimate
    from mnix_tui.nixlog.state import State

_WORDS = {
    "prepare": "preparing",
    "evaluate": "evaluating the flake",
    "build": "building",
    "download": "downloading",
    "warm-up": "running the warm-up command",
    "switch": "switching",
}
_VERBS = {NodeKind.BUILD: "building", NodeKind.DOWNLOAD: "downloading", NodeKind.FETCH: "fetching"}


def phase_of(state: State) -> str:
    """Return what the rebuild is busy with."""
    if state.ok is not None:
        return "done" if state.ok else "failed"
    if state.ended:
        return "failed" if state.problems else "done"
    if state.mark in ("warm-up", "switch"):
        return state.mark
    counts = state.nodes.counts
    if _evaluates(state):
        return "evaluate"
    if any(counts[NodeKind.BUILD, each] for each in NodeState):
        running = counts[NodeKind.BUILD, NodeState.RUNNING]
        if not running and counts[NodeKind.DOWNLOAD, NodeState.RUNNING]:
            return "download"
        return "build"
    if any(counts[NodeKind.DOWNLOAD, each] for each in NodeState):
        return "download"
    return state.mark or ("evaluate" if state.doing else "prepare")


def _evaluates(state: State) -> bool:
    """Tell whether nix goes on to evaluate, after it built what the evaluation needed."""
    return (
        not (state.counting or state.nodes.running or state.nodes.waiting())
        and any(each.startswith("evaluating ") for each in state.doing.values())
        and not any(
            state.nodes.counts[kind, NodeState.FAILED]
            for kind in (NodeKind.BUILD, NodeKind.DOWNLOAD)
        )
    )


def what_of(state: State) -> str:
    """Return what is being done right now, in a few words."""
    phase = phase_of(state)
    if phase in ("done", "failed"):
        return ""
    running: list[Node] = []
    for kind in (NodeKind.BUILD, NodeKind.DOWNLOAD, NodeKind.FETCH):
        running = [node for node in state.nodes.running.values() if node.kind is kind]
        if running:
            break
    if running and phase not in ("warm-up", "switch"):
        first = running[0]
        more = f" and {len(running) - 1} more" if len(running) > 1 else ""
        return f"{_VERBS[first.kind]} {first.name}{more}"
    doing = next(reversed(state.doing.values()), "")
    return doing if doing and phase == "evaluate" else _WORDS.get(phase, "")


def summarize(state: State, estimate: Estimate) -> Summary:
    """Return the summary."""
    counts = state.nodes.counts
    downloads = [counts[NodeKind.DOWNLOAD, each] for each in NodeState]
    come, size = state.bytes()
    waiting = counts[NodeKind.BUILD, NodeState.WAITING]
    phase = phase_of(state)
    return Summary(
        phase=phase,
        what=what_of(state),
        builds_done=counts[NodeKind.BUILD, NodeState.DONE],
        builds_running=counts[NodeKind.BUILD, NodeState.RUNNING],
        builds_waiting=waiting + state.unlisted_builds(),
        builds_failed=counts[NodeKind.BUILD, NodeState.FAILED],
        downloads_done=counts[NodeKind.DOWNLOAD, NodeState.DONE],
        downloads_total=sum(downloads),
        bytes_done=come,
        bytes_total=size,
        # Nobody knows what the evaluation will find to do.
        fraction=None if phase == "evaluate" else estimate.fraction(),
        eta=estimate.eta(),
        started=state.started,
        now=state.now,
        errors=state.errors,
        warnings=state.warned,
        generation=state.generation,
        ok=state.ok,
        changed=state.changed,
    )
