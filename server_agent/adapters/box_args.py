"""What a container is made of: the arguments of ``podman create``, as pure functions."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict

from server_agent.adapters import podman_ours
from server_agent.adapters.daemon import bind
from server_agent.core.config import ServerConfig
from server_agent.core.projects import Project
from server_agent.protocol.mnixtoml import Mount, Settings

_LAYOUT = 1  # counted up when containers of an older agent don't serve any more
_PID_1 = """trap 'exit 0' TERM INT HUP
sh -lc "$1" &
main=$!
while kill -0 "$main" 2> /dev/null; do wait "$main"; done"""
"""A first process that reaps what others leave behind: ``wait`` takes any child."""

_INITS = (
    "/usr/libexec/podman/catatonit",
    "/usr/lib/podman/catatonit",
    "/usr/local/libexec/podman/catatonit",
    "/usr/local/lib/podman/catatonit",
    "/run/current-system/sw/bin/catatonit",
)


def digest(project: Project, settings: Settings, image_id: str, config: ServerConfig) -> str:
    """Return what changes when the container has to be made anew."""
    wanted = [
        _LAYOUT,
        image_id,
        project.workspace,
        project.env,
        project.run,
        [asdict(mount) for mount in settings.mounts],
        sorted(settings.env.items()),
        settings.memory,
        settings.cpus,
        settings.store,
        config.container_command,
    ]
    return hashlib.sha256(json.dumps(wanted).encode()).hexdigest()[:16]


def volume(project: Project, settings: Settings, image_id: str) -> tuple[str, bool]:
    """Return the name of the volume at /nix, and whether it is the project's alone.

    A volume is filled from the first image that uses it, so each image has its own.
    """
    image = image_id.replace("sha256:", "")[:12]
    if settings.store == "private":
        return f"mnix-nix-{project.id}-{image}", True
    return f"{podman_ours.shared_prefix()}-{image}", False


def create(
    project: Project,
    settings: Settings,
    image_id: str,
    name: str,
    store: list[str],
    config: ServerConfig,
) -> list[str]:
    """Return the arguments of ``podman create``; ``store`` are those that put something at /nix."""
    argv = ["--name", name, "--label", f"mnix.project={project.id}"]
    argv += ["--hostname", re.sub(r"[^a-z0-9-]", "-", project.name)[:63].strip("-")]
    # Labels of SELinux would keep the container from the user's own folders.
    argv += [
        "--pull=never",
        "--stop-timeout=3",
        "--security-opt=label=disable",
        "--workdir=/workspace",
    ]
    mounts = (
        Mount(project.workspace, "/workspace", readonly=False),
        Mount(project.env, "/mnix/env"),
        Mount(project.run, "/mnix/run", readonly=False),
        *settings.mounts,
    )
    for mount in mounts:
        argv += ["--mount", bind(mount.source, mount.target, mount.readonly)]
    argv += store
    for key, value in sorted(settings.env.items()):
        argv += ["--env", f"{key}={value}"]
    if settings.memory:
        argv += ["--memory", settings.memory]
    if settings.cpus:
        argv += ["--cpus", f"{settings.cpus:g}"]
    if any(os.access(path, os.X_OK) for path in _INITS):
        return [*argv, "--init", image_id, "sh", "-lc", config.container_command]
    return [*argv, image_id, "sh", "-c", _PID_1, "mnix", config.container_command]
