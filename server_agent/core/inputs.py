"""The files that an environment is made from: as they are in the workspace, and as they were."""

from __future__ import annotations

import json
import os
import stat
from typing import Any, Optional

from server_agent.core import within
from server_agent.core.projects import Project

NAMES = ("flake.nix", "flake.lock", "mnix.toml")
"""The first two are looked for beside the flake, the last in the workspace's root."""
MAX_BYTES = 512 << 10
"""A longer file is not kept, and shown cut."""
_ANSWER_BYTES = 900_000  # below what a line of the control channel can hold
_CACHE_SIZE = 2048
_Print = tuple[int, int, int, int]  # what differs when a file was written to, or replaced
_known: dict[str, tuple[_Print, str]] = {}  # digests, by path
_current: dict[str, tuple[_Print, dict[str, str]]] = {}  # those of current generations


def places(project: Project) -> dict[str, str]:
    """Return where each of the files is, or would be, in the workspace."""
    return files(project.workspace, project.flake)


def files(workspace: str, flake: str) -> dict[str, str]:
    """Return the same of a workspace and its flake's path."""
    beside = os.path.join(workspace, os.path.dirname(flake))
    return {
        name: os.path.join(workspace if name == "mnix.toml" else beside, name) for name in NAMES
    }


def collect(project: Project) -> dict[str, bytes]:
    """Return the files of the workspace that are there, whole; what is too long is left out."""
    found = {name: _read(project, path, MAX_BYTES + 1) for name, path in places(project).items()}
    return {
        name: data for name, data in found.items() if data is not None and len(data) <= MAX_BYTES
    }


def digests(files: dict[str, bytes]) -> dict[str, str]:
    """Return a short digest of each file whose name is one of ours."""
    return {name: _digest(data) for name, data in files.items() if name in NAMES}


def workspace_digests(project: Project) -> dict[str, str]:
    """Return the digests of the workspace's files; what did not change is not read again."""
    found = {name: _cached(project, path) for name, path in places(project).items()}
    return {name: digest for name, digest in found.items() if digest}


def generation_digests(project: Project) -> dict[str, str]:
    """Return the digests of the files that the current generation was built from."""
    path = os.path.join(project.env, "current", "meta.json")
    found = _current.get(path)
    try:
        now = os.stat(path)
        print_ = (now.st_mtime_ns, now.st_ctime_ns, now.st_size, now.st_ino)
        if found is None or found[0] != print_:
            with open(path, "rb") as file:
                known = json.loads(file.read()).get("inputs") or {}
            found = (print_, {name: str(known[name]) for name in NAMES if name in known})
            _remember(_current, path, found)
    except (OSError, ValueError, AttributeError):
        return {}
    return dict(found[1])


def texts(project: Project) -> dict[str, dict[str, Optional[str]]]:
    """Return the files' texts in the workspace, and as the current generation was built."""
    built = os.path.join(project.env, "current", "inputs")
    found: dict[str, dict[str, Optional[str]]] = {}
    for limit in (MAX_BYTES, 128 << 10, 16 << 10):
        before = {
            name: within.read(os.path.join(built, name), limit, project.env) for name in NAMES
        }
        now = {name: _read(project, path, limit) for name, path in places(project).items()}
        found = {
            "workspace": {name: _text(data) for name, data in now.items()},
            "generation": {name: _text(data) for name, data in before.items()},
        }
        if len(json.dumps(found)) < _ANSWER_BYTES:
            break
    return found


def _text(data: Optional[bytes]) -> Optional[str]:
    return None if data is None else data.decode("utf-8", "replace")


def _read(project: Project, path: str, limit: int) -> Optional[bytes]:
    # A link made in a container must not lead to files that can't be seen there.
    if project.isolation == "host":
        return within.read(os.path.realpath(path), limit)
    return within.read(path, limit, project.workspace)


def _cached(project: Project, path: str) -> str:
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
    data = _read(project, path, MAX_BYTES + 1)
    digest = _digest(data) if data is not None and len(data) <= MAX_BYTES else ""
    _remember(_known, path, (print_, digest))
    return digest


def _remember(cache: dict[str, Any], path: str, value: Any) -> None:
    if len(cache) >= _CACHE_SIZE:
        cache.clear()
    cache[path] = value


def _digest(data: bytes) -> str:
    import hashlib  # half a megabyte, which a server without projects does without

    return hashlib.sha256(data).hexdigest()[:16]
