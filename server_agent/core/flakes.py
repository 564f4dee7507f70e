"""Finding a project's flake, and what else is in the workspace that goes with it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError

LARGE = 100 << 20
"""Bytes that a ``path:`` flake may copy into the store without a warning."""


def clean(flake: object) -> str:
    """Return a flake's path below the workspace; raise ``usage`` when it leads out of it."""
    if not isinstance(flake, str) or "\0" in flake:
        raise AgentError("usage", "the flake must be a path", "for example: flake.nix")
    parts = [part for part in flake.split("/") if part not in ("", ".")]
    if flake.startswith("/") or ".." in parts:
        raise AgentError(
            "usage", f"the flake {flake} is not in the workspace", "give its path below the folder"
        )
    if not parts or not parts[-1].endswith(".nix"):
        parts.append("flake.nix")
    if parts[-1] != "flake.nix":
        raise AgentError(
            "usage", f"a flake is called flake.nix, not {parts[-1]}", "name its folder"
        )
    return "/".join(parts)


def there(project: Project) -> bool:
    """Say whether the project has the flake that it names."""
    return os.path.isfile(os.path.join(project.workspace, project.flake))


def check(project: Project) -> None:
    """Raise ``no-flake`` unless the flake is there; the hint names one that is."""
    if there(project):
        return
    others = list(_near(project.workspace))
    if others:
        hint = f"there is {others[0]}: mnix rebuild-switch {others[0]}"
    else:
        hint = "add a flake.nix to the project's folder (nix flake init), then push"
    raise AgentError("no-flake", f"there is no {project.flake} in the workspace", hint)


def size_warning(folder: str) -> str:
    """Return the warning for a large folder that is evaluated as a path; "" for others."""
    total = 0
    for where, below, names in os.walk(folder):
        if where == folder and ".git" in below:
            below.remove(".git")  # nix does not get to see it
        for name in names:
            try:
                total += os.lstat(os.path.join(where, name)).st_size
            except OSError:
                continue
        if total > LARGE:
            return (
                "the flake's folder has more than 100 MB, all of which is copied into the store at "
                "each change (in a git tree only what it tracks is)"
            )
    return ""


def _near(workspace: str, depth: int = 3) -> Iterator[str]:
    level = [""]
    for _ in range(depth):
        below = []
        for folder in level:
            try:
                names = sorted(os.listdir(os.path.join(workspace, folder)))
            except OSError:
                continue
            if folder and "flake.nix" in names:
                yield os.path.join(folder, "flake.nix")
            below += [
                os.path.join(folder, name) for name in names if _worth(workspace, folder, name)
            ]
        level = below
    for folder in level:
        if os.path.isfile(os.path.join(workspace, folder, "flake.nix")):
            yield os.path.join(folder, "flake.nix")


def _worth(workspace: str, folder: str, name: str) -> bool:
    path = os.path.join(workspace, folder, name)
    skipped = name.startswith(".") or name == "node_modules"
    return not skipped and os.path.isdir(path) and not os.path.islink(path)
