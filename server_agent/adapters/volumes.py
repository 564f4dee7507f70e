"""The volumes of stores, as they lie on this machine: reached without a container."""

from __future__ import annotations

import os
from collections.abc import Iterable

PREFIX = "mnix-nix-"
LIST = ("volume", "ls", "--filter", f"name={PREFIX}", "--format", "{{.Name}}\t{{.Mountpoint}}")
"""What Podman is asked for, to learn of all of them."""
ROOTS = ("var", "nix", "profiles", "mnix")
"""The folder in a volume that has one for each project's roots."""


def places(listed: str) -> dict[str, str]:
    """Return where each of the volumes is, from what ``LIST`` printed."""
    rows = (line.split("\t", 1) for line in listed.splitlines() if "\t" in line)
    return {name: place for name, place in rows if os.path.isabs(place)}


def forget(place: str, project_id: str) -> bool:
    """Remove all roots of a project from a volume; say whether none is left."""
    from server_agent.core import results, within

    if not os.path.isdir(place):
        return False
    gone = True
    for folder in (ROOTS, results.PLACE):
        try:
            with within.opened(place, *folder) as roots:
                within.remove(project_id, roots)
        except FileNotFoundError:
            pass
        except OSError:
            gone = False
    return gone


def unlink(place: str, folder: Iterable[str], numbers: Iterable[int]) -> None:
    """Remove the roots of some generations from a folder below ``place``; raise ``OSError``."""
    from server_agent.core import within

    try:
        with within.opened(place, *folder) as roots:
            for number in numbers:
                within.remove(str(number), roots)
    except FileNotFoundError:
        pass
