"""The trash of a tree: what transfers replaced or deleted, by date; listed, restored, cleared."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from collections.abc import Iterable, Iterator
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from server_agent.protocol.errors import AgentError
from server_agent.trees.folders import Folders, MadeFolders, split
from server_agent.trees.journal import Journal
from server_agent.trees.kept import Kept
from server_agent.trees.model import FILE, LINK, clean_path
from server_agent.trees.staging import new_token

DAYS = 30
LIMIT = 1 << 30
LISTED = 100_000
"""Entries that are listed at most, the newest batches first."""


class Trashed(NamedTuple):
    """A file or link that was replaced or deleted."""

    id: str
    """Its batch: all that one transfer replaced."""
    time: float
    """When, in seconds since the epoch."""
    by: str
    path: str
    kind: str
    size: int


def entries(trash: str, most: int = LISTED) -> List[Trashed]:
    """Return what is in the trash, the newest first."""
    found: List[Trashed] = []
    for name, note in _batches(trash):
        for path, info in _inside(os.path.join(trash, name)):
            if len(found) >= most:
                return found
            kind = LINK if stat.S_ISLNK(info.st_mode) else FILE
            by, when = str(note.get("by") or ""), _number(note.get("time"))
            found.append(Trashed(name, when, by, path, kind, info.st_size))
    return found


def size(trash: str) -> int:
    """Return how many bytes the trash holds."""
    return sum(_bytes(trash, name, note) for name, note in _batches(trash))


def restore(
    trash: str,
    batch: str,
    paths: Iterable[str],
    root: str,
    *,
    by: str = "",
) -> List[str]:
    """Move files back from a batch; return their paths. What is there now goes to the trash.

    A path may be a folder: all of it then. Raises ``AgentError`` for what isn't in the trash, and
    ``OSError``. An index finds them the next time that it looks.
    """
    if os.sep in batch or batch in ("", ".", "..") or not os.path.isdir(os.path.join(trash, batch)):
        raise AgentError("not-found", f"there is no {batch!r} in the trash", "see: mnix trash")
    there = [path for path, _ in _inside(os.path.join(trash, batch))]
    wanted = _wanted(there, [clean_path(path) for path in paths])
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime(now))
    kept = Kept(trash, Journal(f"{stamp}-{new_token()}", now, by, "restore"))
    with Folders(os.path.join(trash, batch)) as source, MadeFolders(root) as target:
        try:
            for path in wanted:
                _restore(source, target, path, kept)
            kept.finish()
        finally:
            kept.close()
    _forget_empty(trash, batch)
    return wanted


def prune(
    trash: str, *, days: float = DAYS, limit: int = LIMIT, now: Optional[float] = None
) -> int:
    """Remove batches that are old, and the oldest while all are too much; return how many.

    The newest always stays.
    """
    now = time.time() if now is None else now
    total = removed = 0
    for number, (name, note) in enumerate(_batches(trash)):
        total += _bytes(trash, name, note)
        if number and (now - _number(note.get("time")) > days * 86400 or total > limit):
            import shutil

            shutil.rmtree(os.path.join(trash, name), ignore_errors=True)
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(trash, f"{name}.json"))
            removed += 1
    return removed


def _restore(source: Folders, target: Folders, path: str, kept: Kept) -> None:
    folder, name = split(path)
    from_, to = source.at(folder), target.at(folder)
    try:
        info = os.lstat(name, dir_fd=to)
    except FileNotFoundError:
        pass
    else:
        if stat.S_ISDIR(info.st_mode):
            raise AgentError(
                "exists", f"{path} is a folder there now", "move that away, and restore again"
            )
        kept.link(to, name, path, info)
    os.rename(name, name, src_dir_fd=from_, dst_dir_fd=to)


def _wanted(there: List[str], paths: List[str]) -> List[str]:
    found = []
    for wanted in paths:
        below = [path for path in there if path == wanted or path.startswith(f"{wanted}/")]
        if not below:
            raise AgentError("not-found", f"{wanted} is not in the trash", "see: mnix trash")
        found += below
    return sorted(set(found))


def _forget_empty(trash: str, batch: str) -> None:
    place = os.path.join(trash, batch)
    for folder, _, _ in os.walk(place, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(folder)
    with contextlib.suppress(OSError):
        if not os.path.lexists(place):
            os.unlink(os.path.join(trash, f"{batch}.json"))


def _batches(trash: str) -> Iterator[Tuple[str, Dict[str, Any]]]:
    """Yield the batches and their notes, the newest first."""
    try:
        names = [entry.name for entry in os.scandir(trash) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return
    found = []
    for name in names:
        note: Dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError):
            with open(os.path.join(trash, f"{name}.json"), encoding="utf-8") as file:
                value = json.load(file)
            note = value if isinstance(value, dict) else {}
        if not note:
            with contextlib.suppress(OSError):
                note = {"time": os.lstat(os.path.join(trash, name)).st_mtime}
        found.append((_number(note.get("time")), name, note))
    for _, name, note in sorted(found, key=lambda each: each[:2], reverse=True):
        yield name, note


def _bytes(trash: str, name: str, note: Dict[str, Any]) -> int:
    known = note.get("bytes")
    if isinstance(known, int):
        return known
    return sum(info.st_size for _, info in _inside(os.path.join(trash, name)))


def _inside(place: str) -> Iterator[Tuple[str, os.stat_result]]:
    todo = [""]
    while todo:
        folder = todo.pop()
        try:
            with os.scandir(os.path.join(place, folder)) as found:
                inside = sorted(found, key=lambda entry: entry.name, reverse=True)
        except OSError:
            continue
        for entry in reversed(inside):
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                todo.append(path)
            else:
                with contextlib.suppress(OSError):
                    yield path, entry.stat(follow_symlinks=False)


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
