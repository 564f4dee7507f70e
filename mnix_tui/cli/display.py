"""How a build's log is shown: one protocol, and the plain lines that a pipe gets."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from mnix_tui.cli import output
from mnix_tui.cli.outcome import PROBLEMS, here, hints, position
from mnix_tui.cli.stdio import write_fd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project
    from mnix_tui.nixlog import Build, Line


class Display(Protocol):
    """Shows a build while it is followed."""

    def held(
        self, build: Build, project: Project, job: Job, naming: str = ""
    ) -> AbstractContextManager[None]:
        """Show this build until the block ends; hints name its project with ``naming``."""

    async def run(self) -> None:
        """Do what has to be done while nothing is taken; cancelled in the end."""

    async def take(self, lines: list[Line]) -> None:
        """Show what a piece of the log said; wait for a slow reader."""

    def trouble(self, text: str) -> None:
        """Say how it stands with the link; "": it is well again."""

    def paused(self) -> AbstractContextManager[None]:
        """Leave the terminal to a question until the block ends."""

    def ended(self, job: Job, worked: bool) -> None:
        """Show what is known only at the end."""


class Plain:
    """Plain lines: what a pipe gets, or a person who wants to scroll."""

    def __init__(self, *, colour: bool = False) -> None:
        self._colour = colour
        self._build: Build | None = None
        self._server = self._folder = self._naming = ""

    @contextmanager
    def held(self, build: Build, project: Project, job: Job, naming: str = "") -> Iterator[None]:
        """Print this build's lines until the block ends."""
        self._naming = naming
        self._build, self._server, self._folder = build, project.server, project.folder
        sys.stdout.flush()
        yield

    async def run(self) -> None:
        """Do nothing: lines are printed as they come."""

    async def take(self, lines: list[Line]) -> None:
        """Print lines."""
        assert self._build is not None
        if lines:
            text = "".join(self._text(line) for line in lines)
            await write_fd(1, text.encode(sys.stdout.encoding, "backslashreplace"))

    def trouble(self, text: str) -> None:
        """Note what is wrong with the link, beside the lines."""
        server = output.visible(self._server)
        output.note(f"mnix: {server}: {output.visible(text) if text else 'connected again'}")

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Begin a new line: the terminal has shown the ctrl-c on the last one."""
        output.note("")
        yield

    def ended(self, job: Job, worked: bool) -> None:
        """Name what went wrong, and where: the lines may be long ago."""
        if worked or self._build is None:
            return
        for problem in self._build.problems[:PROBLEMS]:
            where = position(here(problem.file, self._folder), problem.line, problem.column)
            output.note(f"mnix: {output.visible(problem.title)}{f' ({where})' if where else ''}")
            for hint in hints(self._build, problem, job.id, self._naming):
                output.note(f"  → {hint}")

    def _text(self, line: Line) -> str:
        assert self._build is not None
        text = line.text if self._colour else line.plain
        if line.kind == "step":
            return f"▸ {text}\n"
        if line.kind == "build" and (node := self._build.nodes.get(line.node)):
            return f"{node.name}> {text}\n"
        return f"{text}\n"
