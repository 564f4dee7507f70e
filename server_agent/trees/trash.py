"""The trash of a tree: what transfers replaced or deleted, by date; listed, restored, cleared."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Dict, List, NamedTuple, Optional, Set, Tuple

from server_agent.protocol.errors import AgentError
from server_agent.trees import journal as journals
from server_agent.trees import swap
from server_agent.trees.folders import Folders, MadeFolders, split
from server_agent.trees.journal import Journal
from server_agent.trees.kept import Kept
from server_agent.trees.model import FILE, LINK, clean_path
from server_agent.trees.renaming import lstat_at, move_in, rename_over
from server_agent.trees.staging import new_token

DAYS = 30
LIMIT = 1 << 30
YOUNG = 86_400.0
"""Seconds in which a batch stays, however large it is."""
LISTED = 100_000
"""Entries that are listed at most."""
SHARE = 200
"""Entries of each batch that are listed before more of the newest: none hides the others."""
_ROUNDS = 20
_SEE = "mnix trash lists it"


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
    of: int = 0
    """How many its batch holds; those that are not listed too."""


class Cleared(NamedTuple):
    """What was removed from the trash for good."""

    batches: int = 0
    files: int = 0
    full: bool = False
    """Whether something had to go because all was too much."""


def entries(
    trash: str, most: int = LISTED, *, batch: str = "", paths: Iterable[str] = ()
) -> List[Trashed]:
    """Return what is in the trash, the newest first: of a batch, at or below paths, or all.

    A batch is named by how its id begins.
    """
    wanted = tuple(paths)
    clean = tuple(path for path in wanted if not path or _is_clean(path))
    batches = [each for each in _batches(trash) if each[0].startswith(batch)]
    share = min(SHARE, max(most // max(len(batches), 1), 1))
    rows = [_rows(trash, name, note, clean) for name, note in batches if clean or not wanted]
    found = [list(islice(each, share)) for each in rows]
    room = most - sum(map(len, found))
    for each, listed in zip(rows, found):
        more = list(islice(each, max(room, 0)))
        listed += more
        room -= len(more)
    return [entry for listed in found for entry in listed][:most]


def size(trash: str) -> int:
    """Return how many bytes the trash holds."""
    return sum(_amount(trash, name, note)[1] for name, note in _batches(trash))


def choose(trash: str, batch: str, paths: Iterable[str]) -> Dict[str, List[str]]:
    """Return what is meant: the paths, by the ids of their batches.

    ``batch`` is an id or how it begins; "" is the newest copy of each path over all of them.
    A path may be a folder: all of it then; without paths it is the whole batch. Raises
    ``AgentError`` for what isn't in the trash.
    """
    wanted = [path and clean_path(path) for path in paths]
    names = [name for name, _ in _batches(trash) if name.startswith(batch)]
    if batch in names:
        names = [batch]
    if batch and not names:
        raise AgentError("not-found", f"Nothing in the trash has the ID {batch}", hint=_SEE)
    if batch and len(names) > 1:
        raise AgentError(
            "usage", f"Several IDs begin with {batch}", hint="write more of it", detail=_few(names)
        )
    if not batch and not wanted:
        raise AgentError("usage", "What shall come back?")
    chosen: Dict[str, str] = {}
    above: Set[str] = set()
    missing = set(wanted)
    for name in names:
        for top in wanted or [""]:
            for path, _ in _below(os.path.join(trash, name), top):
                missing.discard(top)
                # What was a file and a folder by turns can only be one of them.
                parents = list(_parents(path))
                if path not in above and not any(each in chosen for each in parents):
                    chosen.setdefault(path, name)
                    above.update(parents)
    for path in missing:
        where = f" under {names[0]}" if batch else ""
        raise AgentError("not-found", f"{path or 'That'} is not in the trash{where}", hint=_SEE)
    found: Dict[str, List[str]] = {}
    for path in sorted(chosen):
        found.setdefault(chosen[path], []).append(path)
    return found


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
        raise AgentError("not-found", f"Nothing in the trash has the ID {batch}", hint=_SEE)
    wanted = choose(trash, batch, paths).get(batch, [])
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime(now))
    kept = Kept(trash, Journal(f"{stamp}-{new_token()}", now, by, "restore"))
    try:
        with Folders(os.path.join(trash, batch)) as source, MadeFolders(root) as target:
            for path in wanted:
                _restore(source, target, path, kept)
            kept.finish()
    finally:
        kept.close()
        _forget(trash, batch)
    return wanted


def prune(
    trash: str, *, days: float = DAYS, limit: int = LIMIT, now: Optional[float] = None
) -> Cleared:
    """Remove batches that are old, and those that don't fit, the newest first; say what went.

    The newest always stays, and for its size alone nothing goes that is younger than a day.
    """
    now = time.time() if now is None else now
    total = 0
    cleared = Cleared()
    for number, (name, note) in enumerate(_batches(trash)):
        files, size = _amount(trash, name, note)
        age = now - _touched(trash, name, note)
        fits = total + size <= limit
        if number and (age > days * 86400 or (not fits and age > YOUNG)):
            import shutil

            shutil.rmtree(os.path.join(trash, name), ignore_errors=True)
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(trash, f"{name}.json"))
            full = cleared.full or age <= days * 86400
            cleared = Cleared(cleared.batches + 1, cleared.files + files, full)
        elif fits:
            total += size
    return cleared


def _restore(source: Folders, target: Folders, path: str, kept: Kept) -> None:
    folder, name = split(path)
    from_, to = source.at(folder), _way(target, folder, kept)
    for _ in range(_ROUNDS):
        info = lstat_at(to, name)
        if info is None:
            if move_in(from_, to, name):
                return
        elif stat.S_ISDIR(info.st_mode):
            break
        elif _replace(from_, to, name, path, info, kept):
            return
    raise AgentError("exists", f"{path} is a folder there now", "move that away, and restore again")


def _way(target: Folders, folder: str, kept: Kept) -> int:
    """Open the folder that something comes back to; a file that is there in its place is kept."""
    try:
        return target.at(folder)
    except NotADirectoryError:
        pass
    top = ""
    for name in folder.split("/"):
        path = f"{top}/{name}" if top else name
        above = target.at(top)
        info = lstat_at(above, name)
        if info is not None and not stat.S_ISDIR(info.st_mode):
            if not stat.S_ISREG(info.st_mode):
                raise AgentError(
                    "exists", f"{path} is no folder there now", "move that away, and restore again"
                )
            kept.move(above, name, path, info)
            break
        top = path
    return target.at(folder)


def _replace(from_: int, to: int, name: str, path: str, info: os.stat_result, kept: Kept) -> bool:
    """Put a file in the place of another, which is kept; say False when that just changed."""
    try:
        exchanged = swap.exchange(from_, to, name)
    except FileNotFoundError:
        os.lstat(name, dir_fd=from_)
        return False
    if exchanged:
        # Whatever was there in that very moment.
        old = os.lstat(name, dir_fd=from_)
        if stat.S_ISDIR(old.st_mode):
            swap.exchange(from_, to, name)
            return False
        kept.move(from_, name, path, old)
        return True
    kept.link(to, name, path, info)
    now = lstat_at(to, name)
    if now is None or journals.found(now) != journals.found(info):
        return False
    rename_over(from_, to, name)
    return True


def _is_clean(path: str) -> bool:
    try:
        return bool(clean_path(path))
    except AgentError:
        return False


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _few(names: List[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")


def _rows(trash: str, name: str, note: Dict[str, Any], paths: Tuple[str, ...]) -> Iterator[Trashed]:
    by, when = str(note.get("by") or ""), _number(note.get("time"))
    place = os.path.join(trash, name)
    of = 0 if paths else _amount(trash, name, note)[0]
    seen: Set[str] = set()
    for top in paths or ("",):
        for path, info in _below(place, top):
            if path not in seen:
                if paths:
                    seen.add(path)
                kind = LINK if stat.S_ISLNK(info.st_mode) else FILE
                yield Trashed(name, when, by, path, kind, info.st_size, of)


def _below(place: str, path: str) -> Iterator[Tuple[str, os.stat_result]]:
    """Yield what is at a path of a batch, or below it."""
    if path:
        folder, name = split(path)
        try:
            with Folders(place) as folders:
                info = os.lstat(name, dir_fd=folders.at(folder))
        except OSError:
            return
        if not stat.S_ISDIR(info.st_mode):
            yield path, info
            return
    yield from _inside(place, path)


def _forget(trash: str, batch: str) -> None:
    """Forget a batch that is empty, and the amount of one that is not."""
    _forget_empty(trash, batch)
    note = os.path.join(trash, f"{batch}.json")
    with contextlib.suppress(OSError, ValueError):
        before = os.lstat(note)
        with open(note, encoding="utf-8") as file:
            value = json.load(file)
        files, size = _counted(trash, batch)
        temporary = f"{note}.new"
        with open(temporary, "w", encoding="ascii") as file:
            json.dump({**value, "items": files, "bytes": size}, file)
        os.utime(temporary, ns=(before.st_atime_ns, before.st_mtime_ns))
        os.rename(temporary, note)


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


def _amount(trash: str, name: str, note: Dict[str, Any]) -> Tuple[int, int]:
    """Return how many files a batch holds, and how many bytes."""
    files, size = note.get("items"), note.get("bytes")
    if isinstance(files, int) and isinstance(size, int):
        return files, size
    return _counted(trash, name)


def _counted(trash: str, name: str) -> Tuple[int, int]:
    sizes = [info.st_size for _, info in _inside(os.path.join(trash, name))]
    return len(sizes), sum(sizes)


def _touched(trash: str, name: str, note: Dict[str, Any]) -> float:
    """Return when something came into a batch last: a transfer may be finished days after."""
    when = _number(note.get("time"))
    for path in (name, f"{name}.json"):
        with contextlib.suppress(OSError):
            when = max(when, os.lstat(os.path.join(trash, path)).st_mtime)
    return when


def _inside(place: str, top: str = "") -> Iterator[Tuple[str, os.stat_result]]:
    todo = [top]
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
