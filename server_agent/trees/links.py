"""Where the links of a transfer would lead once it is applied: never out of the tree."""

from __future__ import annotations

import os
import stat
from typing import List, Optional

_MAX_STEPS = 40  # as many as the kernel follows: a longer way leads nowhere


def leaves(folder: str, target: str) -> bool:
    """Say whether a link in ``folder`` leads out of the tree, or may once others change.

    It may go up from its own folder, and then down; where ``..`` after a name leads to is another
    matter as soon as that name is a link.
    """
    if target.startswith("/"):
        return True
    above = folder.count("/") + 1 if folder else 0
    down = False
    for part in target.split("/"):
        if part == "..":
            if down or not above:
                return True
            above -= 1
        elif part not in ("", "."):
            down = True
    return False


class Links:
    """Follows links through a tree as it will be: what is staged first, then what is there.

    So a link can't get out through another one either.
    """

    def __init__(self, root: str, staged: str) -> None:
        self._root = root
        self._staged = staged

    def lead_out(self, path: str, target: str) -> bool:
        """Say whether a link at ``path`` would lead out of the tree, or to what is mnix's own."""
        if leaves(path.rpartition("/")[0], target):
            return True
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
            link = self._link_at(at)
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

    def _link_at(self, parts: List[str]) -> Optional[str]:
        path = "/".join(parts)
        staged = os.path.join(self._staged, path)
        if os.path.lexists(staged):
            return _target(staged)
        for end in range(1, len(parts)):
            parent = "/".join(parts[:end])
            # What arrives in the place of a link or a file has nothing of what was there.
            if not _is_folder(os.path.join(self._root, parent)):
                return None
        return _target(os.path.join(self._root, path))


def _target(path: str) -> Optional[str]:
    try:
        return os.readlink(path)
    except (OSError, ValueError):
        return None


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False
