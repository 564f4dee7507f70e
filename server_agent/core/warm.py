"""Starting again what ran before the machine was restarted, and building what is gone by then.

Imports little: every agent that somebody watches through looks once whether there is anything.
"""

from __future__ import annotations

import fcntl
import os
import threading
from typing import Any, Optional

from server_agent.core import inner, paths, projects
from server_agent.core.projects import Project
from server_agent.jobs import faults, procs
from server_agent.protocol.errors import AgentError

_PATIENCE = 3600.0
"""Seconds after which the next project is started while one still builds."""


def begin() -> None:
    """Start in the background what ran before this machine was restarted, if it was."""
    threading.Thread(target=_run, name="warm", daemon=True).start()


def _run() -> None:
    try:
        pending = [project for project in projects.every() if _was_cut_off(project)]
        if not pending or not _is_on():
            return
        with open(os.path.join(paths.projects(), "warm.lock"), "ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # another agent may be at it
            for project in pending:
                job = warm_up(project.id)
                if job is not None:
                    _wait_for(job["id"])
    except BlockingIOError:
        pass
    except Exception as error:  # nobody waits for this, and the next start tries again
        faults.note(error, "starting projects after a restart")


def _is_on() -> bool:
    from server_agent.core import config

    return config.load().warm_up


def _wait_for(job_id: str) -> None:
    # One build at a time: several would only take longer, and people want to work meanwhile.
    from server_agent.jobs import store

    try:
        procs.wait_until(lambda: store.get(job_id)["state"] not in store.LIVE, _PATIENCE, step=1.0)
    except AgentError:
        pass  # it was removed


def warm_up(project_id: str) -> Optional[dict[str, Any]]:
    """Start a project that ran when the machine went down; return the rebuild that it takes.

    ``None``: its environment is still there, or it is not wanted, or somebody is at work on it.
    """
    from server_agent.core import environment, lifecycle

    try:
        project = projects.load(project_id)
        if not _was_cut_off(project) or not _wanted(project):
            return None
        started = _start(project)
        generation = environment.current(project)
        if generation is None or (started and environment.warm(project, generation)):
            return None
        return lifecycle.rebuild(project_id, None, {"cause": "warm-up"})
    except AgentError:
        return None  # busy, or gone; what does not build is told with the project


def _start(project: Project) -> bool:
    from server_agent.core import lifecycle

    try:
        lifecycle.start(project.id)
    except AgentError as error:
        if error.code == "busy":
            raise
        # Tried once: people see to what does not start.
        inner.note_boot(project.folder)
        return False
    return True


def _wanted(project: Project) -> bool:
    from server_agent.core import mnixtoml

    try:
        return mnixtoml.load(project).warm_up
    except AgentError:
        return True  # starting it does not need what can't be read


def _was_cut_off(project: Project) -> bool:
    noted = inner.noted_boot(project.folder)
    return bool(noted) and noted != inner.boot_id()
