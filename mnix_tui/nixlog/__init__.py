"""A rebuild's log as data: bytes in, a tree of builds and downloads out. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mnix_tui.nixlog.model import Line, Node, NodeKind, NodeState, Problem, Row, Summary
from mnix_tui.nixlog.render import render

if TYPE_CHECKING:
    from mnix_tui.nixlog.build import Build
    from mnix_tui.nixlog.export import durations, to_json

__all__ = [
    "Build",
    "Line",
    "Node",
    "NodeKind",
    "NodeState",
    "Problem",
    "Row",
    "Summary",
    "durations",
    "render",
    "to_json",
]


def __getattr__(name: str) -> Any:
    """Import the parser when it is first used: the screens' first paint does without it."""
    if name == "Build":
        from mnix_tui.nixlog.build import Build

        return Build
    if name in ("durations", "to_json"):
        from mnix_tui.nixlog import export

        return getattr(export, name)
    raise AttributeError(name)
