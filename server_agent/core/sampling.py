"""What each project's container uses, sample after sample: a few reads of files, and no program."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Optional

from server_agent.core import cgroups, inner, paths
from server_agent.core.processes import Spaces, Used

Row = list[Any]
"""Cores, bytes of memory, and the most bytes that it may use, or ``None``."""


class _Box:
    """A container that runs."""

    def __init__(self, pid: int, started: str, box: str) -> None:
        self.pid = pid
        self.key = (pid, started)
        self.group = cgroups.find(pid, box)
        self.before: Optional[tuple[float, float]] = None
        """When it was looked at last, and the processor time until then."""

    def rate(self, cpu: float, now: float) -> Optional[float]:
        """Return the cores used since the last look; ``None`` at the first."""
        before, self.before = self.before, (now, cpu)
        if before is None or now <= before[0]:
            return None
        # What left the container since then took its time along.
        return round(max(0.0, cpu - before[1]) / (now - before[0]), 4)


class Sampler:
    """Keeps what is needed to tell rates."""

    def __init__(self) -> None:
        self._boxes: dict[str, _Box] = {}
        self._spaces: Optional[Spaces] = None

    def usage(self, projects: Iterable[str]) -> dict[str, Row]:
        """Return what the containers of projects used since the last call, by project."""
        self._follow(projects)
        found: dict[str, Row] = {}
        alone: dict[str, int] = {}
        for project, box in self._boxes.items():
            if box.group is None:
                alone[project] = box.pid
                continue
            try:
                used, limit = (box.group.cpu(), box.group.memory()), box.group.limit()
            except (OSError, ValueError):
                continue  # it has just ended
            _add(found, project, box, used, limit)
        if alone:
            self._spaces = self._spaces or Spaces()
            for project, used in self._spaces.read(alone).items():
                _add(found, project, self._boxes[project], used, None)
        return found

    def _follow(self, projects: Iterable[str]) -> None:
        boxes = {}
        for project in projects:
            lines = inner.read_box(paths.project(project))
            if lines[:1] == ["podman"]:
                key = int(lines[3]), lines[4]
                known = self._boxes.get(project)
                boxes[project] = known if known and known.key == key else _Box(*key, lines[2])
        self._boxes = boxes


def _add(found: dict[str, Row], project: str, box: _Box, used: Used, limit: Optional[int]) -> None:
    rate = box.rate(used[0], time.monotonic())
    if rate is not None:
        found[project] = [rate, used[1], limit]
