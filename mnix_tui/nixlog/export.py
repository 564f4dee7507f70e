"""A build as data: for ``--json``, and for the history of durations."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mnix_tui.nixlog.model import NodeKind, NodeState

if TYPE_CHECKING:
    from mnix_tui.nixlog.build import Build


def to_json(build: Build) -> dict[str, Any]:
    """Return everything, as JSON knows it."""
    return {
        "summary": asdict(build.summary()),
        "nodes": [
            {
                "key": node.key,
                "name": node.name,
                "kind": node.kind.value,
                "state": node.state.value,
                "started": node.started,
                "ended": node.ended,
                "phase": node.phase,
                "done": node.done,
                "total": node.total,
                "expected": node.expected,
                "expects": node.expects,
                "inputs": list(node.inputs),
                "lines": node.lines,
                "tail": list(node.tail),
                "machine": node.machine,
                "error": node.error,
            }
            for node in build.nodes.values()
        ],
        "problems": [asdict(each) for each in build.problems],
        "warnings": list(build.warnings),
    }


def durations(build: Build) -> dict[str, float]:
    """Return the seconds of every build that succeeded, by its key in the history."""
    return {
        node.expects: node.ended - node.started
        for node in build.nodes.values()
        if node.kind is NodeKind.BUILD
        and node.state is NodeState.DONE
        and node.started is not None
        and node.ended is not None
        and node.ended >= node.started
    }
