"""What is ours in our folders, by the form of its name and what is in it.

Each folder may be a link to a larger disk, where somebody else's things are, too.
"""

from __future__ import annotations

import os
import re
from typing import Callable

from server_agent.core import paths, removing

_SHOWN = 5  # of somebody else's things, from each folder
_PASSING = re.compile(r"\.removed-[a-z2-7]{8}|[a-z2-7]{8}\.new|(names|warm)\.lock")
_STATE = re.compile(r"agent\.log(\.1)?|stores\.json(\.lock|\.[0-9]+\.[a-z2-7]{8})?")
_AGENT = re.compile(r"[^/]+-[0-9a-f]{64}(\.[0-9]+\.new)?")


class Place:
    """One of our folders: what in it is ours, and what is not."""

    def __init__(self, folder: str, is_ours: Callable[[str], bool], skip: str = "") -> None:
        self.folder = folder
        self.real = os.path.realpath(folder)
        self.ours: list[str] = []
        self.others: list[str] = []
        for name in _names(self.real):
            if name != skip:
                path = os.path.join(self.real, name)
                (self.ours if is_ours(path) else self.others).append(path)

    def told(self) -> list[str]:
        """Say what stays, since it is not ours."""
        if os.path.islink(self.folder) and not os.path.isdir(self.real):
            return [f"{self.folder}: it leads to {self.real}, which is not there"]
        more = len(self.others) - _SHOWN
        return [f"{path}: not made by mnix" for path in self.others[:_SHOWN]] + (
            [f"{self.real}: {more} more that mnix did not make"] if more > 0 else []
        )

    def mounts(self) -> list[str]:
        """Return the mount points in what is ours; the folder itself may be one."""
        found = removing.mounted(self.real)
        return [
            at for at in found if any(at == own or at.startswith(own + "/") for own in self.ours)
        ]

    def close(self) -> None:
        """Remove the folder, or the link to it, where nothing is left in it."""
        if not os.path.isdir(self.real) or _names(self.real):
            return
        try:
            os.unlink(self.folder) if os.path.islink(self.folder) else os.rmdir(self.folder)
        except OSError:
            pass  # a mount point, or something new is in it: it stays


def projects() -> Place:
    """Return the folder of all projects."""
    return Place(paths.projects(), _is_project)


def state() -> list[Place]:
    """Return the folder of jobs, then the one that it and our logs are in."""
    jobs = paths.jobs()
    own = os.path.dirname(jobs)
    return [Place(jobs, _is_job), Place(own, _named(_STATE), os.path.basename(jobs))]


def agents() -> Place:
    """Return the folder of delivered agents."""
    return Place(paths.agents(), _named(_AGENT))


def _named(form: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda path: form.fullmatch(os.path.basename(path)) is not None


def _is_project(path: str) -> bool:
    name = os.path.basename(path)
    # "pictures" has the form of an id, too.
    return _PASSING.fullmatch(name) is not None or (
        paths.is_id(name) and _has(path, "project.json", "env/generations")
    )


def _is_job(path: str) -> bool:
    name = os.path.basename(path)
    return name == "names.lock" or (
        paths.is_id(name) and (_has(path, "meta.json", "status.json", "log") or not _names(path))
    )


def _has(folder: str, *names: str) -> bool:
    return any(os.path.lexists(os.path.join(folder, name)) for name in names)


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
