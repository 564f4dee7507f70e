"""Running this agent again with the rights of a container's root, for what others made in it.

What another user of a rootless container made belongs to a subuid: out of our reach, but not of
its root's.
"""

from __future__ import annotations

import json
import os
from typing import Any, Optional

from server_agent.core.projects import Project

AGAIN = "MNIX_AS_OWNER"
"""A variable that is set in a process that was run so."""


def already() -> bool:
    """Say whether this process has those rights."""
    return AGAIN in os.environ


def argv(project: Project, *args: str) -> Optional[list[str]]:
    """Return the argv that runs the agent so; ``None`` where there is no other owner."""
    from server_agent.core import isolations, selfcmd

    if already():
        return None
    return isolations.of(project.isolation).as_owner(selfcmd.argv(*args))


def works(project: Project) -> bool:
    """Say whether a program can be run so at all: where it can't, one goes on without."""
    import subprocess

    from server_agent.core import isolations

    wrapped = None if already() else isolations.of(project.isolation).as_owner(["true"])
    if wrapped is None:
        return False
    try:
        done = subprocess.run(
            wrapped, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=30, cwd="/"
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def environment() -> dict[str, str]:
    """Return the environment for it."""
    return {**os.environ, AGAIN: "1"}


def ask(project: Project, *args: str) -> Optional[dict[str, Any]]:
    """Run the agent so; return the JSON object that it prints last, ``None`` when it fails."""
    import subprocess

    wanted = argv(project, *args)
    if wanted is None:
        return None
    done = subprocess.run(
        wanted,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        cwd="/",
        env=environment(),
    )
    if done.returncode != 0:
        return None
    try:
        found = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        return None
    return found if isinstance(found, dict) else None
