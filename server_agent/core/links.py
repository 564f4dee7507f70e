"""Where an upload's links would lead, once it is applied: never out of the workspace."""

from __future__ import annotations

import os
import stat

from server_agent.core.staging import Staging
from server_agent.core.tarstream import refused

_MAX_STEPS = 40  # as many as the kernel follows: a longer way leads nowhere


def check(staging: Staging, workspace: str) -> None:
    """Raise ``unsafe-upload`` for a link that points out of the workspace.

    Followed step by step through the tree as it will be: the upload's own members first, then what
    is in the workspace already. So a link can't get out through another one either.
    """
    for path, target in staging.targets.items():
        if _leads_out(staging, workspace, path, target):
            raise refused(f"the link {path} points out of the workspace, to {target}")


def _leads_out(staging: Staging, workspace: str, path: str, target: str) -> bool:
    at = path.split("/")[:-1]
    todo = target.split("/")[::-1]
    steps = 0
    while todo:
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not at:
                return True
            at.pop()
            continue
        at.append(part)
        link = _link_at(staging, workspace, "/".join(at))
        if link is None:
            continue
        steps += 1
        if link.startswith("/"):
            return True
        if steps > _MAX_STEPS:
            return False
        at.pop()
        todo += link.split("/")[::-1]
    return False


def _link_at(staging: Staging, workspace: str, path: str) -> str | None:
    kind = staging.kinds.get(path)
    if kind is not None:
        return staging.targets.get(path)
    parts = path.split("/")
    for end in range(1, len(parts)):
        parent = "/".join(parts[:end])
        # What the upload puts in the place of a link or a file has nothing of the workspace's.
        if not _is(os.path.join(workspace, parent), stat.S_ISDIR):
            return None
    real = os.path.join(workspace, path)
    return os.readlink(real) if _is(real, stat.S_ISLNK) else None


def _is(path: str, kind: object) -> bool:
    try:
        return bool(kind(os.lstat(path).st_mode))  # type: ignore[operator]
    except OSError:
        return False
