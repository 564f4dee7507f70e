"""What runs while the store is cleared, wherever: its paths are roots until that is over.

nix itself looks for such paths only among the processes that it sees, those of one container.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator

from server_agent.core import results, within
from server_agent.core.projects import Project

MOST = 50_000
_PATH = re.compile(rb"/nix/store/([0-9a-z]{32}-[0-9A-Za-z+._?=-]{1,211})")
_READ = 4 << 20
_PREFIX = "running-"


@contextlib.contextmanager
def rooted(project: Project) -> Iterator[None]:
    """Root what all processes that can be seen from here use of the store of a project's volume."""
    store = str(project.box.get("mountpoint") or "")
    if not os.path.isdir(store):
        yield  # the machine's own store: its nix sees all processes
        return
    own = f"{_PREFIX}{os.getpid()}"
    with within.opened(store, *results.PLACE, make=True) as roots:
        # What is there is of a collection that was cut off: the store's lock is ours alone now.
        for name in os.listdir(roots):
            if name.startswith(_PREFIX):
                within.remove(name, roots)
        try:
            with within.opened(store, *results.PLACE, own, make=True) as folder:
                for name in used():
                    if os.path.lexists(os.path.join(store, "store", name)):
                        os.symlink(f"/nix/store/{name}", name, dir_fd=folder)
            yield
        finally:
            with contextlib.suppress(OSError):
                within.remove(own, roots)


def used() -> set[str]:
    """Return the names in the store that running processes have in their memory or environment."""
    found: set[bytes] = set()
    for pid in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else ()):
        for part in ("environ", "maps"):
            found.update(_PATH.findall(_read(f"/proc/{pid}/{part}")))
        for part in ("exe", "cwd"):
            with contextlib.suppress(OSError):
                found.update(_PATH.findall(os.fsencode(os.readlink(f"/proc/{pid}/{part}"))))
        if len(found) > MOST:
            break
    return {name.decode("ascii") for name in found}


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_READ)
    except OSError:
        return b""
