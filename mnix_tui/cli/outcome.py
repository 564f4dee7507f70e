"""How a build ended, as text: what went wrong first, then the tree, then what to do."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from mnix_tui.cli import output
from mnix_tui.nixlog import render

if TYPE_CHECKING:
    from mnix_tui.nixlog import Build, Problem

PROBLEMS = 5
"""Problems that are told in full; of the others there is a count."""
LINES = 15
"""Last lines of a problem, at most."""
_COPIED = re.compile(r"/nix/store/[0-9a-z]{32}-source/(.+)")
"""A file of a flake as nix sees it: in the copy that it made."""
_RED, _BOLD, _DIM, _PLAIN = "\x1b[31m", "\x1b[1m", "\x1b[2m", "\x1b[m"


def final(
    build: Build,
    size: tuple[int, int],
    colour: bool,
    *,
    worked: bool,
    job: str = "",
    folder: str = "",
    naming: str = "",
) -> list[str]:
    """Return what stays on the screen: as much of the tree as there is room for."""
    cols, rows = size
    most = max(3, (rows - 10) // max(1, min(len(build.problems), 3)) - 4)
    lines = (
        [] if worked else problems(build, colour, job=job, folder=folder, naming=naming, most=most)
    )
    room = max(6, rows - len(lines) - 6)
    return lines + render(build, width=cols, height=room, colour=colour, problems=False)


def problems(
    build: Build,
    colour: bool,
    *,
    job: str = "",
    folder: str = "",
    naming: str = "",
    most: int = LINES,
) -> list[str]:
    """Return what went wrong, each with its place, its last lines and what to do.

    ``folder`` is where the flake's files lie here; ``job`` is the rebuild's, and
    ``naming`` are the options that name its project where nothing else does.
    """
    lines: list[str] = []
    for problem in build.problems[:PROBLEMS]:
        lines += [*_problem(problem, colour, folder, min(most, LINES))]
        bold, plain = (_BOLD, _PLAIN) if colour else ("", "")
        lines += [*(f"{bold}  → {hint}{plain}" for hint in hints(build, problem, job, naming)), ""]
    if (more := len(build.problems) - PROBLEMS) > 0:
        lines += [f"… and {more} more", ""]
    return lines


def position(file: str, line: int, column: int) -> str:
    """Return ``flake.nix:3:5``, as far as it is known."""
    parts = [output.visible(file), *(str(each) for each in (line, column) if each)]
    return ":".join(parts) if file else ""


def here(file: str, folder: str) -> str:
    """Return where a file of the flake lies in the project's folder, if it does."""
    found = _COPIED.match(file)
    return found[1] if found and folder and Path(folder, found[1]).is_file() else file


def addressed(hint: str, job: str, naming: str) -> str:
    """Return a hint whose commands name the rebuild and the project that they are about."""
    which = f"{naming} --rebuild {job}" if job else naming
    hint = hint.replace("`mnix logs --node ", f"`mnix logs{which} --node ")
    return hint.replace("`mnix gc`", f"`mnix gc{naming}`")


def hints(build: Build, problem: Problem, job: str, naming: str = "") -> list[str]:
    """Return what to do about a problem: the log of what failed can be read whole."""
    found = [output.visible(addressed(problem.hint, job, naming))] if problem.hint else []
    node = build.nodes.get(problem.node_key)
    if node is None or not node.lines:
        return found
    found = [] if "mnix logs --node" in problem.hint else found
    which = f"{naming} --rebuild {job}" if job else naming
    return [*found, f"its whole log: mnix logs{which} --node {shlex.quote(node.name)}"]


def _problem(problem: Problem, colour: bool, folder: str, most: int) -> list[str]:
    def styled(sgr: str, text: str) -> str:
        return f"{sgr}{text}{_PLAIN}" if colour else text

    lines = [styled(_RED + _BOLD, f"✕ {output.visible(problem.title)}")]
    if where := position(here(problem.file, folder), problem.line, problem.column):
        lines.append(f"  at {where}")
    bar = styled(_DIM, "  │ ")
    # Of an evaluation error the code comes first; a builder says at the end why it failed.
    kept = problem.lines[:most] if problem.file else problem.lines[-most:]
    return lines + [bar + output.visible(line.expandtabs()) for line in kept]
