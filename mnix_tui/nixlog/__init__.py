"""A rebuild's log as data: bytes in, a tree of builds and downloads out. No I/O."""

from mnix_tui.nixlog.build import Build
from mnix_tui.nixlog.export import durations, to_json
from mnix_tui.nixlog.model import Line, Node, NodeKind, NodeState, Problem, Row, Summary
from mnix_tui.nixlog.render import render

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
