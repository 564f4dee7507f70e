"""A build as a tree at the bottom of the terminal; what is worth reading scrolls above it."""

from __future__ import annotations

import asyncio
import math
import os
import sys
import time
from collections import deque
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from mnix_tui.cli import output, own_terminal
from mnix_tui.cli.bottom import Bottom
from mnix_tui.cli.outcome import final
from mnix_tui.cli.stdio import write_fd
from mnix_tui.nixlog import render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project
    from mnix_tui.nixlog import Build, Line

FRAME = 0.1
"""Seconds between two frames."""
CLOCK = 1.0
"""Seconds after which the times are drawn anew, when nothing comes."""
MANY = 200
"""Lines that wait to scroll by; more are waited for."""
SHOWN = frozenset({"step", "warning", "text"})
"""The kinds of lines that scroll by: what is built, and what it prints, is in the tree."""
TOLD_AFTER = 1.0
"""Seconds after which a problem is told in one line: at the end all of them are told in full."""
_RED, _YELLOW, _BOLD, _DIM, _PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[1m", "\x1b[2m", "\x1b[m"


class Live:
    """Draws at most ten times a second, and lets the terminal go as it found it."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour
        self._bottom = Bottom()
        self._build: Build | None = None
        self._above: list[str] = []
        self._errors: deque[str] = deque(maxlen=20)
        self._problems: dict[tuple[str, str], float] = {}
        """When each problem came; infinite once it was told."""
        self._said: Line | None = None
        """What a builder printed last: it shows that something goes on."""
        self._trouble = ""
        self._server = self._folder = self._naming = ""
        self._heard = math.inf
        """When a piece came last, by the monotonic clock."""
        self._news = asyncio.Event()
        self._drawing = asyncio.Lock()
        self._hidden = False
        self._terminal = own_terminal.OwnTerminal(resized=self._news.set, leave=self._leave)

    @contextmanager
    def held(self, build: Build, project: Project, job: Job, naming: str = "") -> Iterator[None]:
        """Show this build until the block ends."""
        self._naming = naming
        self._build, self._server, self._folder = build, project.server, project.folder
        sys.stdout.flush()
        with self._terminal.held():
            self._news.set()
            yield

    async def run(self) -> None:
        """Draw when there is something new, and the times each second."""
        while True:
            try:
                async with asyncio.timeout(CLOCK):
                    await self._news.wait()
            except TimeoutError:
                pass
            self._news.clear()
            quiet = time.monotonic() - self._heard
            if quiet > FRAME and self._build is not None:
                self._build.wait(quiet)
            await self._draw()
            await asyncio.sleep(FRAME)

    async def take(self, lines: list[Line]) -> None:
        """Take what a piece of the log said."""
        self._heard = time.monotonic()
        for line in lines:
            if line.kind in SHOWN or (line.kind == "message" and line.plain.startswith("trace: ")):
                self._above.append(self._shown(line))
            elif line.kind == "error":
                self._errors.append(line.plain)
        self._said = next((line for line in reversed(lines) if line.kind == "build"), self._said)
        self._news.set()
        if len(self._above) > MANY:
            await self._draw()

    def trouble(self, text: str) -> None:
        """Show how it stands with the link, below the tree."""
        self._trouble = text and output.visible(f"{self._server}: {text}")
        self._news.set()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take the tree away, for a question."""
        self._hidden = True
        with self._terminal.released():
            yield
        self._hidden = False
        self._news.set()

    def ended(self, job: Job, worked: bool) -> None:
        """Leave on the screen how it ended: what went wrong first, and the whole tree."""
        assert self._build is not None
        self._leave()
        above, self._above = self._above, []
        if not worked and not self._build.problems:
            above += self._errors
        size = own_terminal.size()
        lines = above + final(
            self._build,
            size,
            self._colour,
            worked=worked,
            job=job.id,
            folder=self._folder,
            naming=self._naming,
        )
        sys.stdout.write("".join(f"{line}{_PLAIN if self._colour else ''}\n" for line in lines))
        sys.stdout.flush()

    async def _draw(self) -> None:
        async with self._drawing:
            if self._hidden or self._build is None:
                return
            self._announce()
            above, self._above = self._above, []
            if not own_terminal.in_front():  # it is somebody else's: lines pass, no tree
                await write_fd(1, "".join(f"{line}\r\n" for line in above).encode())
                return
            frame = self._bottom.frame(self._lines(), own_terminal.size(), above)
            await write_fd(1, frame.encode(errors="backslashreplace"))

    def _announce(self) -> None:
        """Tell problems while the build goes on with what does not need what failed."""
        assert self._build is not None
        now = time.monotonic()
        for problem in self._build.problems:
            key = problem.title, problem.node_key
            if now - self._problems.setdefault(key, now) >= TOLD_AFTER:
                self._problems[key] = math.inf
                self._above.append(self._styled(_RED, f"✕ {output.visible(problem.title)}"))

    def _lines(self) -> list[str]:
        assert self._build is not None
        cols, rows = own_terminal.size()
        lines = render(self._build, width=cols, height=max(3, rows * 3 // 4), colour=self._colour)
        if self._said is not None:
            lines = [self._styled(_DIM, output.cut(self._talk(self._said), cols)), *lines]
        if self._trouble:
            lines = [*lines, self._styled(_YELLOW, output.cut(self._trouble, cols))]
        return lines

    def _talk(self, line: Line) -> str:
        assert self._build is not None
        node = self._build.nodes.get(line.node)
        text = line.plain.expandtabs()
        return f"{node.name}> {text}" if node else text

    def _shown(self, line: Line) -> str:
        text = line.text if self._colour else line.plain
        if line.kind == "step":
            return self._styled(_BOLD, f"▸ {text}")
        return self._styled(_YELLOW, text) if line.kind == "warning" else text

    def _styled(self, sgr: str, text: str) -> str:
        return f"{sgr}{text}{_PLAIN}" if self._colour else text

    def _leave(self) -> None:
        """Take the tree away at once, also in the middle of a frame."""
        if gone := self._bottom.clear():
            with suppress(OSError):  # the terminal itself may be gone
                os.write(sys.stdout.fileno(), b"\x1b[?2026l\x1b[?7h" + gone.encode())
