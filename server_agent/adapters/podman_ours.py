"""Which containers and volumes are ours: by their labels and names, and by whose folder they show.

A Podman can be everybody's (root's, behind a wrapper): a label alone says that an mnix made it, not
that it was ours.
"""

from __future__ import annotations

import getpass
import json
import os
import re
from collections.abc import Collection
from typing import Any, Callable

from server_agent.adapters.programs import Done
from server_agent.adapters.volumes import PREFIX
from server_agent.core import paths

Run = Callable[..., Done]
LABEL = "mnix.project"
USER = "mnix.user"
"""The label of a volume that projects share: the uid of whoever they belong to."""
_AT_ONCE = 50
_IMAGE = "-[0-9a-f]{12}"


def containers(run: Run) -> dict[str, str]:
    """Return our containers, each with its project's id: also those whose project is gone."""
    listed = run("ps", "--all", "--no-trunc", "--filter", f"label={LABEL}", "--format", "{{.ID}}")
    ids = listed.out.split()
    found = {}
    for at in range(0, len(ids), _AT_ONCE):
        for item in _objects(run("container", "inspect", *ids[at : at + _AT_ONCE]).out):
            if _shows_ours(item):
                labels = (item.get("Config") or {}).get("Labels") or {}
                found[str(item.get("Id"))] = str(labels.get(LABEL))
    return found


def volumes(run: Run, projects: Collection[str]) -> dict[str, str]:
    """Return our volumes, each with its place: the shared ones, and those of ``projects``."""
    listed = run("volume", "ls", "--filter", f"name={PREFIX}", "--format", "json")
    shared = re.escape(shared_prefix()) + _IMAGE
    private = f"{PREFIX}([a-z2-7]{{8}}){_IMAGE}"
    found = {}
    for item in _objects(listed.out):
        name, labels = str(item.get("Name")), item.get("Labels") or {}
        owner = re.fullmatch(private, name)
        if (owner and owner[1] in projects) or (
            re.fullmatch(shared, name) and labels.get(USER, str(os.getuid())) == str(os.getuid())
        ):
            found[name] = str(item.get("Mountpoint") or "")
    return found


def shared_prefix() -> str:
    """Return how the names begin of the volumes that this user's projects share."""
    return PREFIX + re.sub(r"[^a-zA-Z0-9_.-]", "-", getpass.getuser())


def _shows_ours(item: dict[str, Any]) -> bool:
    ours = {paths.projects() + os.sep, os.path.realpath(paths.projects()) + os.sep}
    return any(
        mount.get("Destination") == "/mnix/env"
        and any(str(mount.get("Source")).startswith(folder) for folder in ours)
        for mount in item.get("Mounts") or []
    )


def _objects(text: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(text or "[]")
    except ValueError:
        return []
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
