"""What people built in a workspace, kept from collections that run in another container.

``nix build`` leaves a link in the workspace and tells the store of it by a path, which only its own
container knows: to all others that share the store it looks stale. So each such link gets a second
root in the store itself, for as long as it is there.
"""

from __future__ import annotations

import os
import re
import urllib.parse
from collections.abc import Iterator

from server_agent.core import paths
from server_agent.core.projects import Project

MOST = 1000
"""Links of one project that are kept."""
_INSIDE = "/workspace/"
_STORE_PATH = re.compile(r"/nix/store/[0-9a-z]{32}-[0-9A-Za-z+._?=-]{1,211}")
_LONGEST = 255  # a file's name


def folder(store: str, project_id: str) -> str:
    """Return where a project's own roots are in the store at ``store``."""
    return os.path.join(store, "var", "nix", "gcroots", "mnix", project_id)


def keep(project: Project) -> None:
    """Give each link of the workspace's into the store its root, and take it from those that went.

    Does nothing where the store can't be reached from outside, or is the project's alone. Raises
    ``OSError``.
    """
    store = str(project.box.get("mountpoint") or "")
    if not os.path.isdir(store) or project.box.get("private"):
        return
    own = folder(store, project.id)
    try:
        known = {name: urllib.parse.unquote(name) for name in os.listdir(own)}
    except FileNotFoundError:
        known = {}
    found: dict[str, str] = {}
    for path in [*known.values(), *_told(store)]:
        target = _target(project, path)
        name = urllib.parse.quote(path, safe="")
        if target and len(name) <= _LONGEST and len(found) < MOST:
            found[name] = target
    for name in set(known) - set(found):
        os.unlink(os.path.join(own, name))
    if found:
        os.makedirs(own, exist_ok=True)
    for name, target in found.items():
        at = os.path.join(own, name)
        if name not in known or os.readlink(at) != target:
            paths.replace_link(at, target)


def _told(store: str) -> Iterator[str]:
    # The paths below the workspace that the store was told of, from whichever container.
    auto = os.path.join(store, "var", "nix", "gcroots", "auto")
    try:
        names = os.listdir(auto)
    except OSError:
        return
    for name in names:
        try:
            path = os.readlink(os.path.join(auto, name))
        except OSError:
            continue
        if path.startswith(_INSIDE) and ".." not in path.split("/"):
            yield path[len(_INSIDE) :]


def _target(project: Project, path: str) -> str:
    try:
        target = os.readlink(os.path.join(project.workspace, path))
    except (OSError, ValueError):
        return ""
    return target if _STORE_PATH.fullmatch(target) else ""
