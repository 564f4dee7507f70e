"""Making, starting, stopping, renaming and removing projects, and starting their rebuilds."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from typing import Any, Optional

from server_agent.core import (
    config,
    environment,
    flakes,
    isolations,
    paths,
    projects,
    running,
    scripts,
    status,
    takeover,
)
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError

_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")


def check_name(name: Any) -> str:
    """Return a project's name; raise ``usage`` with the rule and a suggestion."""
    if isinstance(name, str) and len(name) <= 63 and _NAME.fullmatch(name):
        return name
    near = re.sub(r"[^a-z0-9._]+", "-", str(name).strip().lower()).strip("-._")[:63].rstrip("-._")
    rule = "names are lower case letters, digits and - . _ between them, at most 63"
    raise AgentError(
        "usage", f"{name!r} can't be a project name: {rule}", f"use {near}?" if near else rule
    )


def create(
    name: str,
    isolation: Optional[str],
    flake: str,
    in_place: Optional[str],
    legacy_workspace: Optional[str],
) -> dict[str, Any]:
    """Make a project's folder; a failure leaves nothing behind."""
    check_name(name)
    settings = config.load()
    kind = isolation or "container"
    isolations.of(kind, settings).probe()
    project = Project(paths.new_id(), name, kind, flakes.clean(flake), time.time())
    if in_place:
        project.in_place = _in_place(in_place)
    elif settings.workspace_root:
        project.root = os.path.join(settings.workspace_root, project.id)
    with projects.naming():
        if projects.by_name(name) is not None:
            raise AgentError(
                "exists", f"there is a project {name} on this server already", "choose another name"
            )
        made = f"{project.folder}.new"
        try:
            _folders(project, made)
            if legacy_workspace:
                takeover.copy(legacy_workspace, _below(project, made, "workspace"))
            scripts.install(os.path.join(made, "env"))
            projects.save(project, made)
            os.rename(made, project.folder)
        except OSError as error:
            raise AgentError(
                "error", f"{name} can't be made: {error}", "is the disk full?"
            ) from error
        finally:
            if not os.path.isdir(project.folder):
                for folder in filter(None, (made, project.root)):
                    shutil.rmtree(folder, ignore_errors=True)
    return status.project(project.id)


def start(project_id: str) -> dict[str, Any]:
    """Start a project's box; the first time, make it from what is on the server."""
    with projects.locked(project_id, "start") as project:
        isolation = isolations.of(project.isolation)
        running.make(project, isolation)
    return status.project(project_id)


def stop(project_id: str) -> dict[str, Any]:
    """End a project's sessions and stop its box."""
    from server_agent import jobs

    with projects.locked(project_id, "stop", finish=False) as project:
        if project.isolation == "host":
            # Nothing else would end them: a container takes its own along.
            for job in jobs.listing(project_id, live=True):
                jobs.kill(job["id"], 2.0)
        isolations.of(project.isolation).stop(project)
        # Who stopped it does not want it started by itself.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(project.folder, "boot"))
    return status.project(project_id)


def remove(project_id: str, *, idle: bool = False) -> dict[str, Any]:
    """Remove a project: jobs, container, environment, uploaded files. Never a folder in place.

    Nor what is mounted below: then nothing is removed at all. ``idle``: only if nothing runs.
    """
    from server_agent import jobs

    if not os.path.exists(os.path.join(paths.project(project_id), "project.json")):
        jobs.remove_project(project_id)
        _describe_again(project_id)
    # What is half done is not worth finishing, nor possible on a full disk, which this helps.
    with projects.locked(project_id, "remove", finish=False) as project:
        _refuse_mounts(project)
        if idle and jobs.listing(project_id, live=True):
            raise AgentError(
                "busy", f"something runs in {project.name} again", "end it, or use --force"
            )
        jobs.remove_project(project_id)
        isolation = isolations.of(project.isolation)
        isolation.remove(project)
        if project.root:
            isolation.delete(project.root)
        # First out of the list, at once; then what may take its time.
        gone = os.path.join(paths.projects(), f".removed-{project.id}")
        os.rename(project.folder, gone)
        isolation.delete(gone)
    return {}


def _describe_again(project_id: str) -> None:
    # A project whose description is lost gets one that will do to remove it by: a client that is
    # told that there is none forgets it, with its container and its files still here.
    if not os.path.isdir(os.path.join(paths.project(project_id), "env", "generations")):
        return
    project = Project(project_id, project_id, root=lost_root(project_id))
    try:
        isolations.of("container").probe()
    except AgentError as error:
        if "not installed" not in error.message:
            raise
        project.isolation = "host"
    isolations.of("host").remove(project)
    projects.save(project)


def lost_root(project_id: str) -> str:
    """Return where a project's files are whose description is lost; "": in its own folder."""
    root = config.load().workspace_root
    path = os.path.join(root, project_id) if root else ""
    return path if path and os.path.isdir(os.path.join(path, "workspace")) else ""


def _refuse_mounts(project: Project) -> None:
    """Raise ``refused`` when something is mounted where the project's own files are."""
    from server_agent.core import removing

    for folder in filter(None, (project.folder, project.root)):
        for place in removing.mounted(folder):
            raise AgentError(
                "refused",
                f"{place} is mounted in {project.name}: what is there would be deleted with it",
                "unmount it first",
            )


def rename(project_id: str, name: str) -> dict[str, Any]:
    """Give a project another name; its id, files and sessions stay."""
    check_name(name)
    with projects.naming(), projects.locked(project_id, "rename") as project:
        other = projects.by_name(name)
        if other is not None and other.id != project.id:
            raise AgentError("exists", f"there is a project {name} already", "choose another name")
        isolations.of(project.isolation).rename(project, name)
        project.name = name
        projects.save(project)
    return status.project(project_id)


def rebuild(
    project_id: str, flake: Optional[str], options: Optional[dict[str, Any]] = None
) -> dict[str, Any]:
    """Start a rebuild as a job, and return it once it holds the project's lock.

    ``options`` are for this one only: ``dev_shell``, ``override_inputs``, ``impure``, ``cause``.
    """
    from server_agent import jobs
    from server_agent.core import options as asked
    from server_agent.core import sessions_api

    cause = asked.parse(options or {}).cause  # and what can't be asked for is said at once
    with projects.locked(project_id, "rebuild") as project:
        if flake is not None and flakes.clean(flake) != project.flake:
            project.flake = flakes.clean(flake)
            projects.save(project)
        title = f"{cause} {(environment.current(project) or 0) + 1}"
    job_id = jobs.new_id()
    argv, cwd, env = sessions_api.rebuild_argv(project_id, job_id)
    started = jobs.start(
        "rebuild",
        project_id,
        argv,
        cwd,
        env,
        pty=False,
        title=title,
        job_id=job_id,
        options={"cause": "rebuild", **(options or {})},
    )
    _wait_for(project_id, job_id)
    return started


def _wait_for(project_id: str, job_id: str) -> None:
    # Until the job has the lock (or ended): so that a second rebuild is told who is at it.
    import threading

    from server_agent import jobs

    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        held = projects.holder(project_id)
        if held is not None and held.get("job") == job_id:
            return
        if jobs.get(job_id)["state"] in ("exited", "lost"):
            return
        threading.Event().wait(0.01)


def _in_place(path: str) -> str:
    real = os.path.realpath(os.path.expanduser(path))
    if not os.path.isabs(path) and not path.startswith("~"):
        raise AgentError("usage", f"{path} is not an absolute path")
    if not os.path.isdir(real):
        raise AgentError("not-found", f"there is no folder {path}", "give one that is there")
    if real == "/" or (os.path.realpath(paths.data()) + "/").startswith(real + "/mnix/"):
        raise AgentError("refused", f"{path} can't be a project's folder", "choose one below it")
    return real


def _folders(project: Project, made: str) -> None:
    paths.private_dir(paths.projects())
    os.mkdir(made, 0o700)
    # What the container's users see must be open to them; the project's folder above is not.
    for name in ("env", "env/generations", "run"):
        os.mkdir(os.path.join(made, name), 0o755)
    if not project.in_place:
        if project.root:
            paths.private_dir(project.root)
        for name in ("workspace", "incoming", "trash"):
            os.mkdir(_below(project, made, name), 0o755 if name == "workspace" else 0o700)


def _below(project: Project, made: str, name: str) -> str:
    return os.path.join(project.root or made, name)
