"""Finding out what changed in a tree since its index was written.

Folders are opened one below the other, never by a path and never through a link, so whatever is
exchanged meanwhile, nothing outside of the root is looked at. Of an unchanged folder only the
stats are compared, packed as a whole (``packed``); a folder that differs is looked at name by
name, and only files whose stats changed are read.

A file that changed less than ``looking.RACY`` before it was looked at could change again without
its times showing it. It is marked as not to be trusted, and read again by the next scan.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from itertools import chain
from typing import Dict, List, NamedTuple, Optional, Protocol, Sequence, Set, Tuple

from server_agent.trees import differing, packed, partial
from server_agent.trees.digest import Blocks
from server_agent.trees.index import Index
from server_agent.trees.listing import Unlisted, listed
from server_agent.trees.looking import READ_FOLDER, STATS, Eager, Looker
from server_agent.trees.model import FOLDER, Note, State, join
from server_agent.trees.ondemand import hash_now
from server_agent.trees.packed import (
    HAS_HOLLOWS,
    HAS_ITEMS,
    HAS_REST,
    HEADER,
    HOLLOW,
    LOOK_AGAIN,
    ODD,
    Header,
)

_SHALLOW, _DEEP_ENOUGH = 100, 4000
"""Up to how many folders deep Python's own limit will do; and a limit for any depth."""

__all__ = ["Chooser", "Everything", "Scan", "Scanned", "hash_now", "scan"]

Change = Tuple[Optional[State], Optional[State]]
"""Before and after; ``None``: absent."""


class Chooser(Protocol):
    """Decides which names belong to the tree. One chooser serves one scan."""

    @property
    def fresh(self) -> bool:
        """Whether the rules changed, so that it has to be asked about known names too."""

    def choose(self, folder: str, names: Sequence[Tuple[str, bool]]) -> Set[str]:
        """Return those of ``names`` (each with: is it a folder?) in ``folder`` that are taken.

        A folder that is taken is looked into; it is asked for its names then.
        """


class Everything:
    """A chooser that takes everything."""

    fresh = False

    def choose(self, folder: str, names: Sequence[Tuple[str, bool]]) -> Set[str]:
        """Return all of them."""
        return {name for name, _ in names}


class Scanned(NamedTuple):
    """What a scan found."""

    changes: Dict[str, Change]
    """What is different now (unless they were not to be collected)."""
    notes: List[Note]
    files: int
    """Files and links that are there now."""
    folders: int
    size: int
    """Bytes of all files."""
    seconds: float
    blocks: Dict[str, Blocks]
    """The block lists of the large files that were read, by digest."""
    changed: int
    """How many paths are different."""


def scan(
    root: str,
    index: Index,
    chooser: Chooser,
    *,
    only: Optional[Set[str]] = None,
    eager: Eager,
    collect: bool = True,
) -> Scanned:
    """Bring ``index`` up to date with what is below ``root``, and return what changed.

    ``only`` these folders are looked at (and folders in them that are new). New files are read
    only if ``eager(path, size)`` says so. Raises ``FileNotFoundError``, ``NotADirectoryError`` or
    ``PermissionError`` for a root that can't be read.
    """
    began = time.perf_counter()
    run = Scan(index, chooser, Looker(eager), collect=collect)
    handle = os.open(root, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    before = index.seq
    index.seq = before + 1
    try:
        # Asked first: a chooser may set the index's rules when it finds out.
        fresh = chooser.fresh
        token = getattr(chooser, "token", index.rules)
        fresh = fresh or token != index.rules
        if only is None or fresh or index.blob("") is None:
            run.visit(handle, "", fresh=fresh)
            index.rules = token
        else:
            partial.visit(run, handle, only)
    except Unlisted as error:
        raise error.reason from error
    finally:
        os.close(handle)
        if not run.changed:
            index.seq = before
    totals = (run.files, run.folders, run.size) if run.whole else index.totals()
    seconds = time.perf_counter() - began
    return Scanned(run.changes, run.look.notes, *totals, seconds, run.look.blocks, run.changed)


class Scan:
    """One scan that goes on."""

    def __init__(self, index: Index, chooser: Chooser, look: Looker, *, collect: bool) -> None:
        self.index = index
        self.look = look
        self.changes: Dict[str, Change] = {}
        self.changed = 0
        self.files = self.folders = self.size = 0
        self.whole = True
        """Whether every folder is looked at."""
        self._chooser = chooser
        self._collect = collect

    def visit(self, handle: int, folder: str, *, fresh: bool, deep: bool = True) -> bool:
        """Look at an open folder and what is below; say whether it is a part of the tree.

        ``fresh``: names that are known are asked for again. Not ``deep``: known folders in it are
        not looked into. Raises ``OSError`` if the folder can't be read; then nothing is different.
        """
        now = time.time_ns()
        blob = self.index.blob(folder)
        head = _header(blob)
        if blob is None or head is None or fresh or head.flags & LOOK_AGAIN:
            return differing.compare(self, handle, folder, None, now, fresh=fresh, deep=deep)
        rest = packed.unpack(blob).rest if head.flags & HAS_REST else {}
        found = listed(handle, folder, rest)
        words = [*chain.from_iterable(map(STATS, found.stats)), *found.inodes]
        key = packed.key(words, found.names, found.folders)
        unchanged = len(key) == head.key and blob.startswith(key, HEADER.size)
        if not unchanged or len(found.passed) != len(rest):
            return differing.compare(self, handle, folder, found, now, fresh=fresh, deep=deep)
        self.files += head.files
        self.size += head.size
        if found.folders and deep:
            return self._below(handle, folder, found.folders, head)
        return bool(head.flags & HAS_ITEMS)

    def enter(self, handle: int, path: str, known: str, *, fresh: bool) -> str:
        """Look into a folder in an open one; return its kind now, "" if it is gone.

        ``known`` is the kind that the index has for it, "" if it is new.
        """
        if len(path) > 2 * _SHALLOW and path.count("/") > _SHALLOW:
            sys.setrecursionlimit(max(_DEEP_ENOUGH, sys.getrecursionlimit()))
        try:
            below = os.open(path.rpartition("/")[2], READ_FOLDER, dir_fd=handle)
        except OSError as error:
            return self._closed(path, known, error)
        try:
            taken = self.visit(below, path, fresh=fresh)
        except Unlisted as error:
            return self._closed(path, known, error.reason)
        finally:
            os.close(below)
        self.folders += taken
        return FOLDER if taken else HOLLOW

    def change(self, path: str, before: Optional[State], after: Optional[State]) -> None:
        """Remember that a path is different now."""
        self.changed += 1
        if after is None:
            self.index.bury(path)
        else:
            self.index.unbury(path)
        if self._collect:
            self.changes[path] = before, after

    def choose(self, folder: str, names: Sequence[Tuple[str, bool]]) -> Set[str]:
        """Ask which names are taken."""
        return self._chooser.choose(folder, names) if names else set()

    def _below(self, handle: int, folder: str, names: List[str], head: Header) -> bool:
        """Look into the folders of a folder that did not change itself."""
        kinds: Dict[str, Tuple[str, int]] = {}
        if head.flags & HAS_HOLLOWS and (old := self.index.unpack(folder)):
            kinds = old.folders
        prefix = f"{folder}/" if folder else ""
        different = {}
        for name in names:
            known = kinds[name][0] if kinds else FOLDER
            kind = self.enter(handle, prefix + name, known, fresh=False)
            if kind != known:
                different[name] = kind
        if different:
            return differing.set_kinds(self, folder, different)
        return bool(head.flags & HAS_ITEMS)

    def _closed(self, path: str, known: str, error: OSError) -> str:
        """Return the kind of a folder that could not be looked into."""
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            self.look.note(path, "vanished", "was removed or exchanged while it was looked for")
            return ""
        self.look.unread(path, error)
        if not known:
            return ODD
        self._count(path)
        self.folders += known == FOLDER
        return known

    def _count(self, folder: str) -> None:
        """Count what is known of a folder that can't be looked into now."""
        head = _header(blob) if (blob := self.index.blob(folder)) else None
        if blob is None or head is None:
            return
        self.files += head.files
        self.size += head.size
        for item in self.index.items(folder) if head.folders else ():
            if item.kind in (FOLDER, HOLLOW):
                self._count(join(folder, item.name))
                self.folders += item.kind == FOLDER


def _header(blob: Optional[bytes]) -> Optional[Header]:
    try:
        return packed.header(blob) if blob is not None else None
    except ValueError:
        return None
