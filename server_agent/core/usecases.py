"""The control methods of servers, projects and generations: plain functions, JSON-ready results.

Each takes its method's parameters by name, returns what the reply holds, and raises ``AgentError``.
"""

from __future__ import annotations

from typing import Any, Optional

Info = dict[str, Any]


def server_info() -> Info:
    """Answer ``server.info``: the engine, nix, git, disk, load and memory of this machine."""
    from server_agent.core import machine

    return machine.info()


def server_check(what: str) -> Info:
    """Answer ``server.check``: is ``agent``, ``podman``, ``nix``, ``disk`` or ``linger`` well?"""
    from server_agent.core import checkup

    return checkup.check(what)


def server_stats() -> Info:
    """Return the numbers of a ``stats`` event."""
    from server_agent.core import machine

    return machine.stats()


def purge(dry_run: bool = False, force: bool = False) -> Info:
    """Answer ``server.purge``: remove all that is ours here, or only say what that is."""
    from server_agent.core import purging

    return purging.purge(dry_run, force)


def state() -> list[Info]:
    """Return all projects as they are now (the ``projects`` of ``state.get``)."""
    from server_agent.core import projects

    found = projects.every()
    if not found:
        return []  # a server that is merely watched needs none of the rest
    from server_agent.core import status

    return status.infos(found)


def get(project: str) -> Info:
    """Answer ``project.get``."""
    from server_agent.core import status

    return status.project(project)


def create(
    name: str,
    isolation: Optional[str] = None,
    flake: str = "flake.nix",
    in_place: Optional[str] = None,
    legacy_workspace: Optional[str] = None,
) -> Info:
    """Answer ``project.create``: a folder for the project, no container yet."""
    from server_agent.core import lifecycle

    return lifecycle.create(name, isolation, flake, in_place, legacy_workspace)


def start(project: str) -> Info:
    """Answer ``project.start``."""
    from server_agent.core import lifecycle

    return lifecycle.start(project)


def stop(project: str) -> Info:
    """Answer ``project.stop``: ends its sessions, keeps everything else."""
    from server_agent.core import lifecycle

    return lifecycle.stop(project)


def remove(project: str) -> Info:
    """Answer ``project.remove``: its container, environment, jobs and uploaded files go."""
    from server_agent.core import lifecycle

    return lifecycle.remove(project)


def rename(project: str, name: str) -> Info:
    """Answer ``project.rename``."""
    from server_agent.core import lifecycle

    return lifecycle.rename(project, name)


def rebuild(project: str, flake: Optional[str] = None, **options: Any) -> Info:
    """Answer ``project.rebuild``: start the job and return its JobInfo.

    ``options`` hold for this rebuild only: ``dev_shell``, ``override_inputs`` (name to flake
    reference), ``impure``, ``cause`` (``rebuild`` or ``warm-up``).
    """
    from server_agent.core import lifecycle

    return lifecycle.rebuild(project, flake, options)


def rollback(project: str, generation: Optional[int] = None) -> Info:
    """Answer ``project.rollback``: to ``generation``, or to the one before the current one."""
    from server_agent.core import environment, projects, status

    with projects.locked(project, "rollback") as loaded:
        environment.rollback(loaded, generation)
    return status.project(project)


def generations(project: str) -> Info:
    """Answer ``generation.list``, newest first."""
    from server_agent.core import environment, projects

    return {"generations": environment.listing(projects.load(project))}


def diff(project: str, a: int, b: int) -> Info:
    """Answer ``generation.diff``: what generation ``b`` needs of the store, against ``a``."""
    from server_agent.core import closure, projects

    return closure.diff(projects.load(project), a, b)


def gc(project: str) -> Info:
    """Answer ``store.gc``: ``paths`` and ``bytes`` that went from the store that it uses."""
    from server_agent.core import gc as clearing

    return dict(clearing.collect(project))


def flake(project: str) -> Info:
    """Answer ``project.flake``: the environment's files, as they are and as they were built."""
    from server_agent.core import inputs, projects

    return inputs.texts(projects.load(project))


def file(project: str, path: str) -> Info:
    """Answer ``project.file``: a path's text (``None``: it has none), size and state."""
    from server_agent.core import files

    return files.look(project, path)


def trash(
    project: str,
    id: str = "",  # noqa: A002 - its name on the wire
    paths: Optional[list[str]] = None,
) -> Info:
    """Answer ``trash.list``: what was replaced or deleted, newest first; at or below paths."""
    from server_agent.core import trashing

    return trashing.listing(project, id, paths or [])


def restore(
    project: str,
    id: str = "",  # noqa: A002 - its name on the wire
    paths: Optional[list[str]] = None,
) -> Info:
    """Answer ``trash.restore``: put files back; what is there now goes to the trash.

    Without an id it is the newest copy of each path, without paths all that has the id.
    """
    from server_agent.core import status, trashing

    number = trashing.restore(project, id, paths or [])
    return {**status.project(project), "restored": number}
