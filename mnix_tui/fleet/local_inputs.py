"""The inputs of environments as they lie in the local folders: looked at often, read when changed."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from typing import TYPE_CHECKING

from mnix_tui.domain.drift import DIGEST, FILES, FLAKE_FILES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mnix_tui.domain.projects import Project

LOOK = 2.0
"""Seconds between two looks at the files."""
MAX_FILE = 512 << 10
"""Bytes of a file that is compared; the servers tell no digest of a larger one either."""

Place = tuple[str, str]
"""A project's folder, and its flake's path below it."""
Digests = dict[str, str]
"""The digest of each file that is there, by its name."""


class LocalInputs:
    """Knows the digests of the flakes' files in all local folders."""

    def __init__(
        self, projects: Callable[[], Iterable[Project]], changed: Callable[[], None]
    ) -> None:
        self._projects = projects
        self._changed = changed
        self._digests: dict[Place, Digests] = {}
        self._read: dict[str, tuple[tuple[int, ...], str]] = {}
        """What was last read of each file: how it looked then, and its digest."""

    def of(self, project: Project) -> Digests:
        """Return the digests of a project's files; none where it has no copy of them here."""
        return self._digests.get((project.folder, project.flake), {}) if _copied(project) else {}

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK)

    async def look(self) -> None:
        """Look once."""
        places = {(one.folder, one.flake) for one in self._projects() if _copied(one)}
        found = await asyncio.to_thread(self._look, places)
        if found != self._digests:
            self._digests = found
            self._changed()

    def _look(self, places: set[Place]) -> dict[Place, Digests]:
        """Return the digests as they are now. Blocks."""
        read: dict[str, tuple[tuple[int, ...], str]] = {}
        found: dict[Place, Digests] = {}
        for folder, flake in places:
            beside = os.path.dirname(os.path.join(folder, flake))  # noqa: PTH118, PTH120
            digests = found[(folder, flake)] = {}
            for name in FILES:
                path = os.path.join(beside if name in FLAKE_FILES else folder, name)  # noqa: PTH118
                known = read.get(path) or self._one(path)
                if known is not None:
                    read[path] = known
                    digests[name] = known[1]
        self._read = read
        return found

    def _one(self, path: str) -> tuple[tuple[int, ...], str] | None:
        try:
            found = os.stat(path)  # noqa: PTH116
            if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_FILE:
                return None
            looks = (found.st_size, found.st_mtime_ns, found.st_ino)
            known = self._read.get(path)
            if known is not None and known[0] == looks:
                return known
            with open(path, "rb") as file:  # noqa: PTH123
                return looks, hashlib.sha256(file.read(MAX_FILE)).hexdigest()[:DIGEST]
        except (OSError, ValueError):  # such as a name with a NUL
            return None  # not there, or not for us to read: nothing is known of it


def _copied(project: Project) -> bool:
    return bool(project.folder) and not project.in_place
