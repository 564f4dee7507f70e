"""Cheap prints of all that a state is made of: they differ when the state may have changed.

Every agent looks once a second, so which files to look at is worked out only when something changed.
"""

from __future__ import annotations

import os
from typing import Any

from server_agent.control.lives import Life, Lives
from server_agent.core import inner, inputs, paths
from server_agent.jobs import store

_IN_A_PROJECT = ("project.json", "env", "lock", "box")


class Looks:
    """Looks at the folders of projects and jobs, and at the processes that are their holders."""

    def __init__(self) -> None:
        self.lives = Lives()
        self._files: list[str] = [paths.jobs(), paths.projects()]

    def look(self) -> Any:
        """Return the prints of now."""
        stat = os.stat
        prints = [self.lives.ended()]
        for path in self._files:
            try:
                prints.append(stat(path).st_mtime_ns)
            except OSError:
                prints.append(0)
        return prints

    def follow(self, state: dict[str, Any], *more: str) -> None:
        """Look from now on at what this state is made of, and at ``more`` files."""
        files = [paths.jobs(), paths.projects(), *more]
        lives: set[Life] = set()
        for name in _listed(paths.projects()):
            folder = os.path.join(paths.projects(), name)
            files += [os.path.join(folder, part) for part in _IN_A_PROJECT]
            lines = inner.read_box(folder)
            if lines[:1] == ["podman"]:
                lives.add((int(lines[3]), lines[4]))
        for project in state["projects"]:
            # What an environment is made of may change under an editor's hands.
            files += inputs.files(project["workspace"], project["flake"]).values()
        for job in state["jobs"]:
            if job["state"] in store.LIVE:
                folder = paths.job(job["id"])
                files.append(folder)
                lives.add(_holder(folder))
                if job["kind"] == "session":  # its generation is what its pid file says
                    run = os.path.join(paths.projects(), job["project_id"], "run")
                    files.append(os.path.join(run, f"{job['id']}.pid"))
        self._files = files
        self.lives.follow(lives)


def _listed(folder: str) -> list[str]:
    try:
        return sorted(filter(paths.is_id, os.listdir(folder)))
    except OSError:
        return []


def _holder(folder: str) -> Life:
    holder = store.read_meta(folder).get("holder") or {}
    return int(holder.get("pid") or 0), str(holder.get("start") or "")
