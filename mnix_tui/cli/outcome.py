"""How a build ended, as text: what went wrong first, then the tree, then what to do. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.cli import output
from mnix_tui.nixlog import NodeState, render

if TYPE_CHECKING:
    from mnix_tui.nixlog import Build, Problem

PROBLEMS = 5
"""Problems that are told in full; of the others there is a count."""
LINES = 12
"""Last lines of a problem."""
_RED, _BOLD, _DIM, _PLAIN = "\x1b[31m", "\x1b[1m", "\x1b[2m", "\x1b[m"


def final(build: Build, size: tuple[int, int], colour: bool, *, worked: bool) -> list[str]:
    """Return what stays on the screen: as much of the tree as there is room for."""
    cols, rows = size
    lines = [] if worked else problems(build, colour)
    room = max(6, rows - len(lines) - 6)
    return lines + render(build, width=cols, height=room, colour=colour)


def problems(build: Build, colour: bool) -> list[str]:
    """Return what went wrong, each with its place, its last lines and its hint."""
    lines: list[str] = []
    for problem in build.problems[:PROBLEMS]:
        lines += [*_problem(problem, colour), ""]
    if (more := len(build.problems) - PROBLEMS) > 0:
        lines += [f"… and {more} more", ""]
    return lines


def position(file: str, line: int, column: int) -> str:
    """Return ``flake.nix:3:5``, as far as it is known."""
    parts = [output.visible(file), *(str(each) for each in (line, column) if each)]
    return ":".join(parts) if file else ""


def broken(build: Build) -> list[str]:
    """Return the names of what failed, the first ones."""
    failed = [node.name for node in build.nodes.values() if node.state is NodeState.FAILED]
    return failed[:PROBLEMS]


def _problem(problem: Problem, colour: bool) -> list[str]:
    def styled(sgr: str, text: str) -> str:
        return f"{sgr}{text}{_PLAIN}" if colour else text

    lines = [styled(_RED + _BOLD, f"✕ {output.visible(problem.title)}")]
    if where := position(problem.file, problem.line, problem.column):
        lines.append(f"  at {where}")
    bar = styled(_DIM, "  │ ")
    lines += [bar + output.visible(line.expandtabs()) for line in problem.lines[-LINES:]]
    if problem.hint:
        lines.append(styled(_BOLD, f"  → {output.visible(problem.hint)}"))
    return lines
