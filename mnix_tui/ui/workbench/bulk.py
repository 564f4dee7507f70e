"""Telling several projects the same: a few at a time, and what fails for one stops no other."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mnix_tui.errors import MnixError
from mnix_tui.ui import words

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mnix_tui.domain.projects import Project
    from mnix_tui.ui.workbench.port import Progress
    from mnix_tui.ui.workbench.server_port import Outcome

AT_ONCE = 4
"""How many projects are told at the same time."""


async def bulk(
    projects: Sequence[Project],
    tell: Callable[[Project], Awaitable[object]],
    doing: str,
    progress: Progress,
) -> list[Outcome]:
    """Tell each project; return them in their order, each with why it could not be told."""
    turns, done = asyncio.Semaphore(AT_ONCE), 0
    errors: dict[int, MnixError] = {}
    progress(doing, 0, len(projects))

    async def one(number: int, project: Project) -> None:
        nonlocal done
        async with turns:
            try:
                await tell(project)
            except MnixError as error:
                errors[number] = error
            except (OSError, TimeoutError) as error:
                errors[number] = MnixError(
                    f"{doing} {project.name} failed", words.plain(str(error))
                )
        done += 1
        progress(doing, done, len(projects))

    async with asyncio.TaskGroup() as tasks:
        for number, project in enumerate(projects):
            tasks.create_task(one(number, project), name=f"{doing} {project.name}")
    return [(project, errors.get(number)) for number, project in enumerate(projects)]
