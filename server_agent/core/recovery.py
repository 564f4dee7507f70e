"""Finishing what an interrupted operation left half done, before the next one begins."""

from __future__ import annotations

import os

from server_agent.core import environment, projects
from server_agent.core.projects import Project


def finish(project: Project) -> Project:
    """Finish what was received or cloned, and a rebuild's switch; the project's lock is held."""
    from server_agent.core import cloning, incoming

    incoming.recover(project)
    cloning.recover(project)
    if project.switch:
        environment.switch(project, project.switch)
        project.switch = 0
        projects.save(project)
    return project


def needed(project: Project) -> bool:
    """Say whether there is something to finish."""
    if not project.switch and not os.path.lexists(project.clone) and not _waits(project.incoming):
        return False  # nearly always, and without importing what knows more
    from server_agent.core import cloning
    from server_agent.trees import staging

    left = bool(staging.left(project.incoming)) or cloning.interrupted(project)
    return left or bool(project.switch)


def _waits(incoming: str) -> bool:
    try:
        return bool(os.listdir(incoming))
    except OSError:
        return False
