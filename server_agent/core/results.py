"""What people built in a workspace, kept from collections that run in another container.

``nix build`` leaves a link in the workspace and tells the store of it by a path, which only its own
container knows: to all others that share the store it looks stale. So each such link gets a second
root in the store itself, for as long as it is there.
"""

from __future__ import annotations

import contextlib
import os
import re
import urllib.parse
from collections.abc import Iterator

from server_agent.core import paths, within
from server_agent.core.projects import Project

MOST = 1000
"""Links of one project that are kept."""
PLACE = ("var", "nix", "gcroots", "mnix")
"""The folder in a store that has one for each project's own roots."""
_INSIDE = "/workspace/"
_STORE_PATH = re.compile(r"/nix/store/[0-9a-z]{32}-[0-9A-Za-z+._?=-]{1,211}")
_LONGEST = 255  # a file's name


def keep(project: Project) -> None:
    """Give each link of the workspace's into the store its root, and take it from those that went.

    Does nothing where the store can't be reached from outside, or is the project's alone. Raises
    ``OSError``.
    """
    store = str(project.box.get("mountpoint") or "")
    if not os.path.isdir(store) or project.box.get("private"):
        return
    try:
        with within.opened(store, *PLACE, project.id) as own:
            known = {name: urllib.parse.unquote(name) for name in _links(own)}
    except FileNotFoundError:
        known = {}
    found: dict[str, str] = {}
    for path in [*known.values(), *_told(store)]:
        target = _target(project, path)
        name = urllib.parse.quote(path, safe="")
        if target and len(name) <= _LONGEST and len(found) < MOST:
            found[name] = target
    if not known and not found:
        return
    with within.opened(store, *PLACE, project.id, make=True) as own:
        now = _links(own)
        for name in set(known) - set(found):
            _unlink(own, name)
        for name, target in found.items():
            if now.get(name) != target:
                paths.replace_link(name, target, own)


def _links(own: int) -> dict[str, str]:
    # The links in an open folder, and where they lead.
    found = {}
    for name in os.listdir(own):
        with contextlib.suppress(OSError):
            found[name] = os.readlink(name, dir_fd=own)
    return found


def _unlink(own: int, name: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=own)


def _told(store: str) -> Iterator[str]:
    # The paths below the workspace that the store was told of, from whichever container.
    try:
        with within.opened(store, *PLACE[:-1], "auto") as auto:
            told = list(_links(auto).values())
    except OSError:
        return
    for path in told:
        if path.startswith(_INSIDE):
            yield path[len(_INSIDE) :]


def _target(project: Project, path: str) -> str:
    if ".." in path.split("/"):
        return ""
    try:
        target = os.readlink(os.path.join(project.workspace, path.lstrip("/")))
    except (OSError, ValueError):
        return ""
    return target if _STORE_PATH.fullmatch(target) else ""
