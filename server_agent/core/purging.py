"""Removing all that is ours from this machine: projects, containers, stores, logs, and the agents.

Only what belongs to whoever runs this, and what an mnix made; a folder that a project uses in place
stays as it is. Nothing at all is removed while something is mounted in what would go.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, Optional

from server_agent import jobs
from server_agent.core import (
    belongings,
    isolations,
    lifecycle,
    measuring,
    paths,
    projects,
    removing,
    storesize,
)
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
        self.jobs: list[jobs.JobInfo] = []
        self.look_at_jobs()
        self.job_ids = set(store.ids())
        self.places = [belongings.projects(), *belongings.state(), belongings.agents()]
        """The folders that are ours, the agents' own last."""
        self.lost = _lost(self.places[0], self.projects)
        """What stands for projects whose description can't be read any more."""
        self.kept = [each for place in self.places for each in place.told()]
        """What stays that may be ours, and why."""
        ids = {project.id for project in self.projects} | _folders_of_projects()
        self.containers, self.volumes = _engine(self.isolation, ids, self.kept)

    def live(self, project_id: str) -> int:
        """Return how many jobs of a project run."""
        return sum(job["project_id"] == project_id for job in self.jobs)

    def look_at_jobs(self) -> None:
        """See what runs now."""
        self.jobs = jobs.listing(live=True)

    @property
    def all(self) -> list[Project]:
        """All projects, also those of which little is known."""
        return [*self.projects, *self.lost]

    @property
    def roots(self) -> list[str]:
        """The projects' own folders elsewhere."""
        return [project.root for project in self.all if project.root]

    @property
    def paths(self) -> list[str]:
        """The folders that go."""
        wanted = [*self.roots, *(place.real for place in self.places), _lock()]
        return [path for path in dict.fromkeys(wanted) if os.path.lexists(path)]

    @property
    def mounts(self) -> list[str]:
        """What is mounted in what would go."""
        found = [at for root in self.roots for at in removing.mounted(root)]
        return found + [at for place in self.places for at in place.mounts()]


def purge(dry_run: bool = False, force: bool = False) -> Info:
    """Remove everything, or only say what that is; raise ``busy`` while something runs.

    ``force`` ends what runs. What can't be removed is an error, and then the agent stays as well.
    """
    with _alone(dry_run):
        found = _Found()
        if dry_run:
            found.kept += [f"{at}: mounted; nothing goes until it is not" for at in found.mounts]
            return _told(found)
        _refuse_mounts(found)
        if not force:
            _refuse_if_busy(found)
        told = _told(found)
        if not force:
            found.look_at_jobs()  # measuring took its time
            _refuse_if_busy(found)
        _remove_projects(found, force)
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
    at = found.places[0].real
    folders = {
        project.id: [os.path.join(at, project.id), *filter(None, [project.root])]
        for project in found.all
    }
    sizes = _sizes([path for each in folders.values() for path in each], found)
    stores = [_store(place) for place in found.volumes.values()]
    return {
        "projects": [
            {
                "id": project.id,
                "name": project.name,
                "bytes": _sum([sizes[path] for path in folders[project.id]]),
                "sessions": found.live(project.id),
            }
            for project in found.all[:_MOST]
        ],
        "bytes": _sum([*sizes.values(), *stores]),
        "paths": found.paths[:_MOST],
        "volumes": sorted(found.volumes)[:_MOST],
        "containers": len(found.containers),
        "sessions": len(found.jobs),
        "kept": found.kept[:_MOST],
        "done": False,
    }


def _store(place: str) -> Optional[int]:
    if os.path.isdir(place) and not os.path.lexists(os.path.join(place, "store")):
        return 0  # nothing was built in it yet
    return storesize.size(place, _PATIENCE) if place else None


def _sizes(folders: list[str], found: _Found) -> dict[str, Optional[int]]:
    # The projects first, then what else goes. Nothing of it is in another.
    first, *rest = found.places
    wanted = [*folders, *first.ours]
    for place in rest:
        wanted += place.ours
    boxed = any(project.isolation == "container" for project in found.projects)

    def wrap(argv: list[str]) -> list[str]:
        return (found.isolation.as_owner(argv) if boxed else None) or argv

    return measuring.sizes(wanted, _PATIENCE, wrap)


def _sum(sizes: list[Optional[int]]) -> Optional[int]:
    # A sum that lacks one would be taken for the whole.
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


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


def _refuse_mounts(found: _Found) -> None:
    for at in found.mounts:
        raise AgentError(
            "refused",
            f"{at} is mounted in what would be removed: what is there would be deleted with it",
            "unmount it first",
        )


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


def _remove_projects(found: _Found, force: bool) -> None:
    failed = []
    for project in found.projects:
        try:
            _remove_project(project, force)
        except AgentError as error:
            if error.code != "not-found":
                failed.append(f"{project.name}: {error.message}")
    known = {project.id for project in found.projects}
    for project_id in {job["project_id"] for job in jobs.listing()} - known:
        jobs.remove_project(project_id)  # what is left of projects that were gone already
    if failed:
        raise AgentError(
            "error",
            f"{len(failed)} of {len(found.projects)} projects can't be removed: {failed[0]}",
            "the agent and its logs stay until that is mended: then try again",
            "\n".join(failed[:50]),
        )


def _remove_project(project: Project, force: bool) -> None:
    if force:
        # They hold the project's lock.
        for job in jobs.listing(project.id, "rebuild", live=True):
            jobs.kill(job["id"], 2.0)
    lifecycle.remove(project.id, idle=not force)


def _remove_rest(found: _Found) -> None:
    found.kept += found.isolation.clear(found.containers, found.volumes)
    _clear_sockets(found.job_ids)
    for root in filter(None, (project.root for project in found.lost)):
        found.isolation.delete(root)
    # As they are now: what was looked for before may have become more, and less.
    for place in (belongings.projects(), *belongings.state()):
        _clear(place, found.isolation)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_lock())
    # From here on nothing that was not imported yet can be.
    _clear(belongings.agents(), found.isolation)
    with contextlib.suppress(OSError):
        os.rmdir(paths.data())  # somebody else's things may be in it


def _clear(place: belongings.Place, isolation: Isolation) -> None:
    for path in place.ours:
        isolation.delete(path)
    place.close()


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


def _lost(place: belongings.Place, known: list[Project]) -> list[Project]:
    ids = {os.path.basename(path) for path in place.ours} - {project.id for project in known}
    return [
        Project(each, f"{each} (its description is lost)", root=lifecycle.lost_root(each))
        for each in sorted(filter(paths.is_id, ids))
    ]


def _lock() -> str:
    return os.path.join(paths.data(), "store.lock")
