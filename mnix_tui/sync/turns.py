"""Taking turns: one mnix of this client at a time moves a project's files."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mnix_tui.errors import Busy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from mnix_tui.domain.projects import Project

PATIENCE = 600.0
"""Seconds that another transfer of the same project may take before this one gives up."""
_AGAIN = 0.1


@asynccontextmanager
async def turn(
    database: Path, project: Project, tell: Callable[[str, int, int | None], None]
) -> AsyncIterator[None]:
    """Hold a project's files; wait, and say so, while another mnix of this client does."""
    handle = await asyncio.to_thread(_open, database, project)
    try:
        waited = 0.0
        while not _taken(handle):
            tell("waiting for another mnix that moves these files", 0, None)
            if waited >= PATIENCE:
                raise Busy(
                    f"Another mnix is moving the files of {project.ref}",
                    f"it has been for more than {PATIENCE / 60:.0f} minutes",
                    "end it, or try again later",
                )
            await asyncio.sleep(_AGAIN)
            waited += _AGAIN
        yield
    finally:
        os.close(handle)


def place(database: Path, project: Project, kind: str) -> Path:
    """Return where something of a project is kept beside the database."""
    name = f"{project.server}\0{project.remote_id or project.name}".encode()
    return database.parent / "sync" / f"{hashlib.sha256(name).hexdigest()[:20]}.{kind}"


def _open(database: Path, project: Project) -> int:
    path = place(database, project, "lock")
    path.parent.mkdir(mode=0o700, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
