"""The files that an environment is made from: as they are in the workspace, and as they were."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import Optional

from server_agent.core.projects import Project

NAMES = ("flake.nix", "flake.lock", "mnix.toml")
"""The first two are looked for beside the flake, the last in the workspace's root."""
MAX_BYTES = 512 << 10
"""A longer file is not kept, and shown cut."""
_CACHE_SIZE = 2048
_known: dict[str, tuple[tuple[int, int, int, int], str]] = {}  # digests, by path


def places(project: Project) -> dict[str, str]:
    """Return where each of the files is, or would be, in the workspace."""
    beside = os.path.join(project.workspace, os.path.dirname(project.flake))
    return {
        name: os.path.join(project.workspace if name == "mnix.toml" else beside, name)
        for name in NAMES
    }


def collect(project: Project) -> dict[str, bytes]:
    """Return the files of the workspace that are there, whole; what is too long is left out."""
    found = {name: read(path, MAX_BYTES + 1) for name, path in places(project).items()}
    return {
        name: data for name, data in found.items() if data is not None and len(data) <= MAX_BYTES
    }


def digests(files: dict[str, bytes]) -> dict[str, str]:
    """Return a short digest of each file whose name is one of ours."""
    return {name: _digest(data) for name, data in files.items() if name in NAMES}


def workspace_digests(project: Project) -> dict[str, str]:
    """Return the digests of the workspace's files; what did not change is not read again."""
    found = {name: _cached(path) for name, path in places(project).items()}
    return {name: digest for name, digest in found.items() if digest}


def read(path: str, limit: int) -> Optional[bytes]:
    """Return the first ``limit`` bytes of a regular file; ``None`` when it is none."""
    try:
        # O_NONBLOCK: a FIFO of that name must hold nobody up.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        try:
            return file.read(limit)
        except OSError:
            return None


def _cached(path: str) -> str:
    try:
        found = os.stat(path)
    except OSError:
        return ""
    if not stat.S_ISREG(found.st_mode):
        return ""
    print_ = (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
    known = _known.get(path)
    if known is not None and known[0] == print_:
        return known[1]
    data = read(path, MAX_BYTES + 1)
    digest = _digest(data) if data is not None and len(data) <= MAX_BYTES else ""
    if len(_known) >= _CACHE_SIZE:
        _known.clear()
    _known[path] = (print_, digest)
    return digest


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
