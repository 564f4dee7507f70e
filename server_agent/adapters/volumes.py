"""The volumes of stores, as they lie on this machine: reached without a container."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable

PREFIX = "mnix-nix-"
LIST = ("volume", "ls", "--filter", f"name={PREFIX}", "--format", "{{.Name}}\t{{.Mountpoint}}")
"""What Podman is asked for, to learn of all of them."""


def places(listed: str) -> dict[str, str]:
    """Return where each of the volumes is, from what ``LIST`` printed."""
    rows = (line.split("\t", 1) for line in listed.splitlines() if "\t" in line)
    return {name: place for name, place in rows if os.path.isabs(place)}


def forget(place: str, project_id: str) -> bool:
    """Remove all roots of a project from a volume; say whether none is left."""
    from server_agent.core import results

    folders = (roots(place, project_id), results.folder(place, project_id))
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    return os.path.isdir(place) and not any(map(os.path.lexists, folders))


def roots(place: str, project_id: str) -> str:
    """Return the folder of a project's roots in a volume."""
    return os.path.join(place, "var", "nix", "profiles", "mnix", project_id)


def unlink(folder: str, numbers: Iterable[int]) -> None:
    """Remove the roots of some generations; raise ``OSError``."""
    for number in numbers:
        try:
            os.unlink(os.path.join(folder, str(number)))
        except FileNotFoundError:
            pass
