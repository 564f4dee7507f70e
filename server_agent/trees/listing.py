"""Listing an open folder: names, and the stats of all that are no folders."""

from __future__ import annotations

import os
from typing import Any, Dict, List, NamedTuple

from server_agent.trees.model import OURS
from server_agent.trees.packed import IGNORED_FOLDER


class Unlisted(Exception):
    """A folder can't be read."""

    def __init__(self, reason: OSError) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Listing(NamedTuple):
    """What a folder holds, in the order in which it says so."""

    names: List[str]
    """Files, links and all else that is no folder."""
    stats: List[os.stat_result]
    """Of each of ``names``."""
    folders: List[str]
    inodes: List[int]
    """Of each of ``folders``."""
    passed: List[str]
    """The names that were passed over."""


def listed(handle: int, folder: str, ignored: Dict[str, str]) -> Listing:
    """List an open folder; raise ``Unlisted``.

    Names that are known to be ``ignored`` (with their kinds) are passed over, and so is what
    belongs to mnix itself. What vanishes meanwhile is not there.
    """
    names: List[str] = []
    stats: List[os.stat_result] = []
    folders: List[str] = []
    inodes: List[int] = []
    passed: List[str] = []
    try:
        with os.scandir(handle) as entries:
            for entry in entries:
                name = entry.name
                try:
                    is_folder = entry.is_dir(follow_symlinks=False)
                    if name in ignored and (ignored[name] == IGNORED_FOLDER) == is_folder:
                        passed.append(name)
                    elif is_folder:
                        folders.append(name)
                        inodes.append(entry.inode())
                    else:
                        stats.append(entry.stat(follow_symlinks=False))
                        names.append(name)
                except FileNotFoundError:
                    continue
    except OSError as error:
        raise Unlisted(error) from error
    if not folder:
        _without(names, stats)
        _without(folders, inodes)
    return Listing(names, stats, folders, inodes, passed)


def _without(names: List[str], others: List[Any]) -> None:
    if OURS in names:
        place = names.index(OURS)
        del names[place], others[place]
