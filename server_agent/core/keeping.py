"""Which generations are kept: the rest loses its root in the store, and its script."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Collection, Mapping
from typing import Optional

from server_agent.adapters import nix, nixstore
from server_agent.core import closure, config, environment, inner, results
from server_agent.core.config import ServerConfig
from server_agent.core.ports import Isolation
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError

DESCRIBED = 200
"""Generations that are not kept of which at least the description is."""
_ASKED = 3
"""Generations of which one rebuild asks at most what they need, since people wait for its lock."""
_DAY = 86400.0


def wanted(
    created: Mapping[int, float],
    current: Optional[int],
    used: Collection[int],
    *,
    generations: int,
    days: float,
    now: float,
) -> set[int]:
    """Return which of the generations stay, by when they were made. Pure."""
    last = sorted(created)[-generations:] if generations > 0 else []
    young = [number for number, at in created.items() if now - at < days * _DAY]
    return {*last, *young, *used, *([current] if current is not None else [])} & set(created)


def settle(project: Project, isolation: Isolation) -> None:
    """Note what generations need of the store, and let go of old ones. Never fails.

    The project's box runs, and its lock is held.
    """
    unknown = [
        number
        for number in environment.numbers(project)
        if not closure.known(project, number) and _is_here(project, number)
    ]
    for number in unknown[-_ASKED:]:
        closure.record(project, isolation, number)
    try:
        release(project, isolation)
    except (AgentError, OSError):
        pass  # the next rebuild tries again


def release(project: Project, isolation: Isolation, settings: Optional[ServerConfig] = None) -> int:
    """Take root and script from generations that are not wanted; return from how many.

    And give roots to what was built by hand in the workspace. The roots go first: what was cut off in between is done again. The project's lock is held.
    """
    results.keep(project)
    old = _old(project, isolation, settings or config.load())
    by_store: dict[str, list[int]] = {}
    for number in old:
        volume = str(environment.meta(project, number).get("volume") or "")
        by_store.setdefault(volume, []).append(number)
    for volume, numbers in by_store.items():
        if volume == project.box.get("volume", ""):
            folder = nix.profiles(isolation, project)
            nixstore.unroot(isolation, project, [f"{folder}/{number}" for number in numbers])
        else:
            isolation.unroot(project, volume, numbers)
    for number in old:
        os.unlink(os.path.join(environment.folder(project, number), "env.sh"))
    gone = [number for number in environment.numbers(project) if not _kept(project, number)]
    for number in gone[:-DESCRIBED]:
        shutil.rmtree(environment.folder(project, number), ignore_errors=True)
    return len(old)


def in_use(project: Project, isolation: Isolation, numbers: Collection[int]) -> set[int]:
    """Return which of the generations something runs in."""
    found: set[int] = set()
    try:
        names = [name for name in os.listdir(project.run) if name.endswith(".pid")]
    except FileNotFoundError:
        return found
    for name in names:
        number = inner.read_generation(os.path.join(project.run, name))
        if number in numbers and number not in found and isolation.end(project, name, 0):
            found.add(number)
    return found


def _old(project: Project, isolation: Isolation, settings: ServerConfig) -> list[int]:
    created = {}
    for number in environment.numbers(project):
        with contextlib.suppress(AgentError):  # what can't be read is left alone
            if _kept(project, number):
                created[number] = float(environment.meta(project, number).get("created") or 0.0)
    now = environment.current(project)
    # The one that a switch was cut off from belongs to the box.
    bound = [project.switch] if project.switch else []
    stay = wanted(
        created,
        now,
        bound,
        generations=settings.keep_generations,
        days=settings.keep_days,
        now=time.time(),
    )
    old = sorted(set(created) - stay)
    return [number for number in old if number not in in_use(project, isolation, old)]


def _is_here(project: Project, number: int) -> bool:
    try:
        volume = environment.meta(project, number).get("volume")
    except AgentError:
        return False
    return volume == project.box.get("volume", "") and environment.warm(project, number)


def _kept(project: Project, number: int) -> bool:
    return environment.kept(project, number)
