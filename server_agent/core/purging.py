"""Removing all that is ours from this machine: projects, containers, stores, logs, and the agents.

Only what belongs to whoever runs this; a folder that a project uses in place stays as it is.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, Optional

from server_agent import jobs
from server_agent.adapters import programs
from server_agent.core import isolations, lifecycle, paths, projects, storesize
from server_agent.core.ports import Isolation
from server_agent.core.projects import Project
from server_agent.jobs import procs, store
from server_agent.protocol.errors import AgentError

Info = dict[str, Any]
_MOST = 1000  # names of a kind in one answer
_PATIENCE = 20.0  # seconds for measuring: somebody waits for the answer
_PASSING = 2.0  # seconds for what is about to end by itself
_ENGINE_FAILS = ("no-engine", "error")


class _Found:
    """What there is to remove, as it was when it was looked for."""

    def __init__(self) -> None:
        self.isolation = isolations.of("container")
        self.projects = projects.every()
        self.jobs = jobs.listing(live=True)
        self.job_ids = set(store.ids())
        self.kept: list[str] = []
        """Why something stays that may be ours."""
        ids = {project.id for project in self.projects} | _folders_of_projects()
        self.containers, self.volumes = _engine(self.isolation, ids, self.kept)

    def live(self, project_id: str) -> int:
        """Return how many jobs of a project run."""
        return sum(job["project_id"] == project_id for job in self.jobs)

    @property
    def places(self) -> list[str]:
        """The folders that go, the agents' own last."""
        roots = [project.root for project in self.projects if project.root]
        wanted = [*roots, paths.projects(), _state(), _lock(), paths.agents()]
        return [path for path in wanted if os.path.lexists(path)]


def purge(dry_run: bool = False, force: bool = False) -> Info:
    """Remove everything, or only say what that is; raise ``busy`` while something runs.

    ``force`` ends what runs. What can't be removed is an error, and then the agent stays as well.
    """
    with _alone(dry_run):
        found = _Found()
        told = _told(found)
        if dry_run:
            return told
        if not force:
            _refuse_if_busy(found)
        _remove_projects(found)
        _remove_rest(found)
    return {**told, "kept": found.kept[:_MOST], "done": True}


@contextlib.contextmanager
def _alone(dry_run: bool) -> Any:
    # Nobody makes a project meanwhile. A mere look leaves no file behind.
    if dry_run or not os.path.isdir(paths.projects()):
        yield
        return
    with projects.naming():
        yield


def _told(found: _Found) -> Info:
    folders = {project.id: project.root or project.folder for project in found.projects}
    sizes = _sizes([*folders.values(), *found.places], found)
    stores = [storesize.size(place, _PATIENCE) for place in found.volumes.values() if place]
    measured = [size for size in (*sizes.values(), *stores) if size is not None]
    return {
        "projects": [
            {
                "id": project.id,
                "name": project.name,
                "bytes": sizes.get(folders[project.id]),
                "sessions": found.live(project.id),
            }
            for project in found.projects[:_MOST]
        ],
        "bytes": sum(measured) if measured or not (sizes or stores) else None,
        "paths": found.places[:_MOST],
        "volumes": sorted(found.volumes)[:_MOST],
        "containers": len(found.containers),
        "sessions": len(found.jobs),
        "kept": found.kept[:_MOST],
        "done": False,
    }


def _sizes(wanted: list[str], found: _Found) -> dict[str, Optional[int]]:
    # Of each place what is not in one before it, so that the sum is right: du counts so.
    sizes: dict[str, Optional[int]] = dict.fromkeys(wanted)
    if not sizes:
        return sizes
    argv = ["nice", "-n", "19", "du", "-sk", "--", *sizes]
    boxed = any(project.isolation == "container" for project in found.projects)
    with contextlib.suppress(OSError, AgentError):
        done = programs.run((found.isolation.as_owner(argv) if boxed else None) or argv, _PATIENCE)
        for line in done.out.splitlines():
            number, _, path = line.partition("\t")
            if path in sizes and number.isdigit():
                sizes[path] = int(number) * 1024
    return sizes


def _engine(
    isolation: Isolation, ids: set[str], kept: list[str]
) -> tuple[dict[str, str], dict[str, str]]:
    try:
        isolation.probe()
        return isolation.ours(ids)
    except AgentError as error:
        if error.code not in _ENGINE_FAILS:
            raise
        if error.code != "no-engine" or "not installed" not in error.message:
            kept.append(f"containers and volumes, if there are any: {error.message}")
        return {}, {}


def _refuse_if_busy(found: _Found) -> None:
    if found.jobs:
        names = {project.id: project.name for project in found.projects}
        running = sorted({names.get(job["project_id"], "a project") for job in found.jobs})
        count = len(found.jobs)
        raise AgentError(
            "busy",
            f"{count} {'job or shell' if count == 1 else 'jobs and shells'} still run here: "
            f"{', '.join(running[:5])}{' …' if len(running) > 5 else ''}",
            "end them, or use --force",
        )
    for project in found.projects:
        held = projects.holder(project.id)
        if held is not None and held.get("what") not in projects.PASSING:
            raise projects.busy(project.id, held)


def _remove_projects(found: _Found) -> None:
    failed = []
    for project in found.projects:
        try:
            _remove_project(project)
        except AgentError as error:
            if error.code != "not-found":
                failed.append(f"{project.name}: {error.message}")
    for job in jobs.listing():
        jobs.remove_project(job["project_id"])  # what is left of projects that were gone already
    if failed:
        raise AgentError(
            "error",
            f"{len(failed)} of {len(found.projects)} projects can't be removed: {failed[0]}",
            "the agent and its logs stay until that is mended: then try again",
            "\n".join(failed[:50]),
        )


def _remove_project(project: Project) -> None:
    jobs.remove_project(project.id)
    lifecycle.remove(project.id)


def _remove_rest(found: _Found) -> None:
    found.kept += found.isolation.clear(found.containers, found.volumes)
    _clear_sockets(found.job_ids)
    for folder in (paths.projects(), _state()):
        _empty(folder, found.isolation)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_lock())
    # From here on nothing that was not imported yet can be.
    _empty(paths.agents(), found.isolation)
    with contextlib.suppress(OSError):
        os.rmdir(paths.data())  # somebody else's things may be in it


def _empty(folder: str, isolation: Isolation) -> None:
    # The folder may be a link to a larger disk: what is in it goes, then the folder or the link.
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        isolation.delete(os.path.join(folder, name))
    with contextlib.suppress(OSError):
        os.unlink(folder) if os.path.islink(folder) else os.rmdir(folder)


def _clear_sockets(ids: set[str]) -> None:
    # The folder is this user's, but an agent with other folders may have its sockets there too.
    with contextlib.suppress(OSError, AgentError):
        folder = paths.runtime()
        for name in ids.intersection(os.listdir(folder)):
            os.unlink(os.path.join(folder, name))
        # A holder that was just ended removes its own.
        if procs.wait_until(lambda: set(os.listdir(folder)) <= {paths.ENGINE}, _PASSING):
            for name in os.listdir(folder):
                os.unlink(os.path.join(folder, name))
            os.rmdir(folder)


def _folders_of_projects() -> set[str]:
    # Also those whose description can't be read any more.
    try:
        return set(filter(paths.is_id, os.listdir(paths.projects())))
    except OSError:
        return set()


def _state() -> str:
    return os.path.dirname(paths.jobs())


def _lock() -> str:
    return os.path.join(paths.data(), "store.lock")
