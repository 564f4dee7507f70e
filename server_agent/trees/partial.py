"""Looking at some folders only: those where a watcher saw something."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Set

from server_agent.trees import differing
from server_agent.trees.listing import Unlisted
from server_agent.trees.looking import READ_FOLDER
from server_agent.trees.model import FOLDER, parent
from server_agent.trees.packed import HOLLOW, IGNORED_FOLDER

if TYPE_CHECKING:
    from server_agent.trees.scan import Scan


def visit(scan: Scan, root: int, only: Set[str]) -> None:
    """Look at the folders ``only`` (paths), not at known ones below them."""
    scan.whole = False
    done: Set[str] = set()
    # From the top: what is new in a folder is looked into with it.
    for folder in sorted(only, key=lambda path: (path.count("/"), path)):
        _one(scan, root, folder.strip("/"), done)


def _one(scan: Scan, root: int, folder: str, done: Set[str]) -> None:
    """Look at a folder; where it is unknown or gone, at the nearest one that is not."""
    while folder not in done:
        done.add(folder)
        if folder and scan.index.blob(folder) is None:
            item = scan.index.find(folder)
            if item is not None and item.kind == IGNORED_FOLDER:
                return
            folder = parent(folder)
            continue
        kind = _look(scan, root, folder)
        if kind:
            _settle(scan, folder, kind)
            return
        folder = parent(folder)


def _look(scan: Scan, root: int, folder: str) -> str:
    """Look at a known folder; return its kind, "" if it is not there."""
    handle = os.dup(root)
    try:
        for name in folder.split("/") if folder else ():
            below = os.open(name, READ_FOLDER, dir_fd=handle)
            os.close(handle)
            handle = below
        taken = scan.visit(handle, folder, fresh=False, deep=False)
    except OSError:
        return ""
    except Unlisted as error:
        if not folder:
            raise error.reason from error
        scan.look.unread(folder, error.reason)
        return _known(scan, folder)
    finally:
        os.close(handle)
    return FOLDER if taken else HOLLOW


def _known(scan: Scan, folder: str) -> str:
    item = scan.index.find(folder)
    return item.kind if item is not None else ""


def _settle(scan: Scan, folder: str, kind: str) -> None:
    """Tell the folders above that a folder became, or ceased to be, a part of the tree."""
    while folder:
        above, _, name = folder.rpartition("/")
        item = scan.index.find(folder)
        if item is None or item.kind == kind or item.kind not in (FOLDER, HOLLOW):
            return
        taken = differing.set_kinds(scan, above, {name: kind})
        folder, kind = above, FOLDER if taken else HOLLOW
