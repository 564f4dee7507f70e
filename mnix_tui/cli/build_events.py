"""A build as events for programs: one JSON object a line."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mnix_tui.cli import outcome, output
from mnix_tui.cli.stdio import write_fd
from mnix_tui.nixlog import NodeState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project
    from mnix_tui.nixlog import Build, Line, Node

PROGRESS = 0.5
"""Seconds between two events that tell how far it is."""
_ENDED = frozenset({NodeState.DONE, NodeState.FAILED, NodeState.INTERRUPTED})


class Events:
    """Prints what happens in a build."""

    def __init__(self) -> None:
        self._build: Build | None = None
        self._known = 0
        self._open: dict[str, Node] = {}
        """Nodes that have not ended."""
        self._running: set[str] = set()
        self._problems: set[tuple[str, str]] = set()
        self._phase = ""
        self._told = 0.0
        self._version = -1
        self._job = self._naming = ""
        self._out: list[str] = []
        self._news = asyncio.Event()
        self._writing = asyncio.Lock()

    @contextmanager
    def held(self, build: Build, project: Project, job: Job, naming: str = "") -> Iterator[None]:
        """Print this build's events until the block ends."""
        self._job, self._naming = job.id, naming
        self._build = build
        self._event(
            "job", id=job.id, project=project.name, server=project.server, cause=job.cause or None
        )
        sys.stdout.flush()
        self._news.set()
        yield

    async def run(self) -> None:
        """Print what comes between the pieces of the log."""
        while True:
            await self._news.wait()
            self._news.clear()
            await self._flush()

    async def take(self, lines: list[Line]) -> None:
        """Print what came: what began stands before its lines, what ended after them."""
        assert self._build is not None
        changed, self._version = self._version != self._build.version, self._build.version
        if changed:
            self._phases()
            self._begun()
        for line in lines:
            self._event("line", kind=line.kind, text=line.plain, node=line.node)
        if changed:
            self._over()
            self._new_problems()
            self._progress()
        await self._flush()

    def trouble(self, text: str) -> None:
        """Tell how it stands with the link."""
        self._event("link", up=not text, reason=text)
        self._news.set()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Print on: questions are asked on stderr."""
        yield

    def ended(self, job: Job, worked: bool) -> None:
        """Tell the end."""
        assert self._build is not None
        self._told = 0.0
        self._progress()
        summary = self._build.summary()
        self._event(
            "end",
            ok=worked,
            generation=job.generation,
            changed=summary.changed,
            exit_code=job.exit_code,
            reason=job.reason,
            duration=round(job.ended - job.started, 3) if job.ended and job.started else None,
        )
        sys.stdout.write(self._taken())
        sys.stdout.flush()

    def _phases(self) -> None:
        assert self._build is not None
        if (phase := self._build.phase) != self._phase:
            self._phase = phase
            self._event("phase", phase=phase)

    def _begun(self) -> None:
        assert self._build is not None
        nodes = self._build.nodes
        if len(nodes) > self._known:  # they only ever become more, in the order in which they came
            for key in list(nodes)[self._known :]:
                self._open[key] = nodes[key]
            self._known = len(nodes)
        for key, node in self._open.items():
            if node.started is not None and key not in self._running:
                self._running.add(key)
                self._event("start", **_named(node), at=node.started)

    def _over(self) -> None:
        over = [key for key, node in self._open.items() if node.state in _ENDED]
        for key in over:
            node = self._open.pop(key)
            if key in self._running or node.state is not NodeState.INTERRUPTED:
                seconds = None if node.started is None else round(node.seconds(self._now()), 3)
                state, error = node.state.value, node.error
                self._event(
                    "stop", **_named(node), state=state, seconds=seconds, error=error, at=node.ended
                )

    def _now(self) -> float:
        assert self._build is not None
        return self._build.now

    def _new_problems(self) -> None:
        assert self._build is not None
        for problem in self._build.problems:
            known = problem.title, problem.node_key
            if known not in self._problems:
                self._problems.add(known)
                found = asdict(problem)
                found["node"] = found.pop("node_key")
                found["hint"] = outcome.addressed(problem.hint, self._job, self._naming)
                self._event("problem", **found)

    def _progress(self) -> None:
        assert self._build is not None
        now = time.monotonic()
        if now - self._told < PROGRESS:
            return
        self._told = now
        found = asdict(self._build.summary())
        for told in (
            "phase",
            "started",
            "now",
            "errors",
            "warnings",
            "generation",
            "ok",
            "changed",
        ):
            found.pop(told, None)
        self._event("progress", **found)

    def _event(self, event: str, **values: Any) -> None:
        self._out.append(output.json_line(event, **values))

    async def _flush(self) -> None:
        async with self._writing:  # a slow reader is waited for, and lines stay whole
            await write_fd(1, self._taken().encode())

    def _taken(self) -> str:
        out, self._out = self._out, []
        return "".join(f"{each}\n" for each in out)


def _named(node: Node) -> dict[str, Any]:
    return {"node": node.key, "name": node.name, "kind": node.kind.value}
