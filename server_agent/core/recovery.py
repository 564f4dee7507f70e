"""Finishing what an interrupted operation left half done, before the next one begins."""

from __future__ import annotations

from server_agent.core import environment, projects
from server_agent.core.projects import Project


def finish(project: Project) -> Project:
    """Finish what was received or cloned, and a rebuild's switch; the project's lock is held."""
    from server_agent.core import cloning, upload

    upload.recover(project)
    cloning.recover(project)
    if project.switch:
        environment.switch(project, project.switch)
        project.switch = 0
        projects.save(project)
    return project


def needed(project: Project) -> bool:
    """Say whether there is something to finish."""
    from server_agent.core import cloning, upload

    return bool(project.switch) or upload.interrupted(project) or cloning.interrupted(project)
