"""The isolation ``host``: no container, the workspace as it is, the machine's own nix."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from typing import Callable, Optional

from server_agent.core import inner as inside
from server_agent.core import removing
from server_agent.core.ports import EngineInfo, Say
from server_agent.core.projects import Box, Project
from server_agent.protocol.errors import AgentError
from server_agent.protocol.mnixtoml import Settings


class Host:
    """Nothing around a project: its commands are the user's own."""

    kind = "host"

    def probe(self) -> EngineInfo:
        """Say that there is no engine: this works everywhere."""
        return {"kind": "host", "version": "", "rootless": os.getuid() != 0}

    def ensure(self, project: Project, settings: Settings, say: Say, *, pull: bool = True) -> Box:
        """Return the box that stands for the machine itself; warn of what it can't do."""
        default = Settings()
        contained = ("image", "mounts", "memory", "cpus", "store")
        ignored = [key for key in contained if getattr(settings, key) != getattr(default, key)]
        if ignored:
            say(f"warning: without a container, mnix.toml's {', '.join(ignored)} has no effect")
        _workspace(project)
        box = {"id": "host", "name": "", "env": dict(settings.env)}
        inside.write_box(project.folder, "host", project.workspace)
        return box

    def adopt(self, project: Project, box: Box) -> None:
        """Take the box over."""
        project.box = box

    def discard(self, box: Box) -> None:
        """Nothing was made, so there is nothing to remove."""

    def start(self, project: Project) -> None:
        """Note that the project may run."""
        _workspace(project)
        if not project.box:
            raise AgentError(
                "error", f"{project.name} has no environment yet", "make one: mnix rebuild-switch"
            )
        inside.write_box(project.folder, "host", project.workspace)

    def stop(self, project: Project) -> None:
        """Note that it is stopped; its sessions are ended by the caller."""
        try:
            os.unlink(os.path.join(project.folder, "box"))
        except FileNotFoundError:
            pass

    def remove(self, project: Project) -> None:
        """Remove the project's nix profiles."""
        from server_agent.adapters import nix

        shutil.rmtree(nix.host_profiles(project.id), ignore_errors=True)
        self.stop(project)

    def unroot(self, project: Project, volume: str, numbers: list[int]) -> None:
        """There is one store only."""

    def rename(self, project: Project, name: str) -> None:
        """Nothing here bears the project's name."""

    def states(self, projects: list[Project]) -> dict[str, str]:
        """Return ``running``, ``stopped`` or ``missing`` by project id."""
        found = {}
        for project in projects:
            state = "running" if inside.read_box(project.folder) else "stopped"
            found[project.id] = state if project.box else "missing"
        return found

    def sweep(self, project: Project, in_use: Callable[[str], bool]) -> None:
        """Nothing is ever replaced."""

    def places(self, project: Project) -> tuple[str, str, str]:
        """Return workspace, environment and run folders: as they are."""
        return project.workspace, project.env, project.run

    def argv(
        self,
        project: Project,
        inner: list[str],
        *,
        tty: bool = False,
        stdin: bool = True,
        cwd: str = "",
        env: Optional[dict[str, str]] = None,
    ) -> list[str]:
        """Return the argv that runs ``inner`` in a folder of this machine."""
        return inside.host_exec(inner, cwd=cwd or project.workspace, env=env)

    def owns(self, project: Project, box: str) -> bool:
        """There is one box only."""
        return True

    def end(self, project: Project, pidfile: str, signal: int) -> bool:
        """Signal a whole session; return whether it still lives."""
        from server_agent.jobs import procs

        found = inside.read_pidfile(os.path.join(project.run, pidfile))
        if found is None:
            return False
        pid, start, _ = found
        job_id = pidfile.rpartition(".")[0]
        if signal == 0:
            return bool(procs.left_of(pid, start, job_id))
        return procs.signal_session(pid, start, job_id, signal)

    def ours(self, projects: Collection[str]) -> tuple[dict[str, str], dict[str, str]]:
        """There are no containers and no volumes."""
        return {}, {}

    def clear(self, containers: Collection[str], volumes: Collection[str]) -> list[str]:
        """There are none."""
        return []

    def delete(self, path: str) -> None:
        """Remove a tree."""
        left = removing.tree(path)
        if left:
            raise AgentError("error", f"{path} can't be removed: {left}", "remove it by hand")

    def as_owner(self, argv: list[str]) -> Optional[list[str]]:
        """There is no other owner."""
        return None


def _workspace(project: Project) -> None:
    if not os.path.isdir(project.workspace):
        raise AgentError(
            "error",
            f"the workspace of {project.name} is gone: {project.workspace}",
            "put the folder back, or remove the project",
        )
