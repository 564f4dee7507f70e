"""What is known of a tree: its items folder by folder, and what changed since when.

Folders are kept packed (``packed``) and are unpacked one at a time, so that 200,000 files take
about as much memory as their names and digests. Every item carries the number (``seq``) at which
it last became different; what is gone leaves a *tombstone* with such a number. So "what changed
since 17?" is answered without comparing anything. When the tombstones become too many, the index
takes a new id: whoever asks then gets everything.

An index is not shared between threads, and its file between processes only under a lock.
"""

from __future__ import annotations

import os
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from server_agent.trees import packed
from server_agent.trees.model import FOLDER, State, join, parent
from server_agent.trees.packed import HOLLOW, LEFT_OUT, TAKEN, Folder, Item

__all__ = ["FileIndex", "Index", "Item"]

TOMBSTONES = 50_000
_OPEN = 256
"""Folders that are held unpacked while single items of them are recorded."""


def new_id() -> str:
    """Return an id that no other index has."""
    return os.urandom(12).hex()


class Index:
    """What is known of a tree. Paths are below its root, which is ""."""

    def __init__(
        self, index_id: str = "", seq: int = 0, folders: Optional[Dict[str, bytes]] = None
    ) -> None:
        """Begin with packed ``folders`` as a saver got them from ``blob``; else empty."""
        self.id = index_id or new_id()
        """Random; a new one means that what others remember of this index is void."""
        self.seq = seq
        """The number of the last change."""
        self.rules = ""
        """What decided which files are taken, in its chooser's words."""
        self.gone: Dict[str, int] = {}
        """Tombstones: paths that were taken and are no more, with their numbers."""
        self.changed: Set[str] = set()
        """The folders that were put or dropped since the index was loaded, for savers."""
        self.changed_gone: Set[str] = set()
        """The paths whose tombstones came or went since then."""
        self._folders: Dict[str, bytes] = {} if folders is None else folders
        self._open: Dict[str, Dict[str, Item]] = {}
        self._dirty: Set[str] = set()

    # --- whole folders

    def folders(self) -> List[str]:
        """Return the folders that were looked into."""
        self.flush()
        return list(self._folders)

    def blob(self, folder: str) -> Optional[bytes]:
        """Return a folder as packed bytes, for savers; ``None`` if it is not known."""
        if folder in self._dirty:
            self.flush()
        return self._folders.get(folder)

    def put_blob(self, folder: str, blob: bytes) -> None:
        """Keep a packed folder instead of what was known of it."""
        self._close(folder)
        self._folders[folder] = blob
        self.changed.add(folder)

    def items(self, folder: str) -> List[Item]:
        """Return the items of a folder, sorted by name; none if it is not known."""
        unpacked = self.unpack(folder)
        return unpacked.items() if unpacked else []

    def unpack(self, folder: str) -> Optional[Folder]:
        """Return a folder unpacked; ``None`` if it is not known, or was damaged."""
        blob = self.blob(folder)
        if blob is None:
            return None
        try:
            return packed.unpack(blob)
        except ValueError:
            del self._folders[folder]
            return None

    def put(self, folder: str, items: Iterable[Item]) -> None:
        """Keep ``items`` as all that is in a folder. Their numbers are for the caller to set."""
        self.put_blob(folder, Folder.of(items).pack())

    def drop(self, folder: str) -> None:
        """Forget a folder (not what is below its folders)."""
        self._close(folder)
        if self._folders.pop(folder, None) is not None:
            self.changed.add(folder)

    def totals(self) -> Tuple[int, int, int]:
        """Return how many files and links, how many folders, and how many bytes are known."""
        files = folders = size = 0
        for _, _, head in self._heads():
            files += head.files
            folders += head.flags & packed.HAS_ITEMS
            size += head.size
        return files, max(0, folders - 1), size

    # --- single items

    def find(self, path: str) -> Optional[Item]:
        """Return what is known of a path; ``None`` if nothing is."""
        return self._opened(parent(path)).get(path.rpartition("/")[2]) if path else None

    def leaves_out(self, path: str) -> bool:
        """Say whether something is at a path that is not taken, or at a folder that it is in.

        Then nobody can tell from the index that the path was deleted.
        """
        item = self.find(path)
        if item is not None:
            return item.kind == HOLLOW or item.kind in LEFT_OUT
        while path := parent(path):
            item = self.find(path)
            if item is not None:
                return item.kind in LEFT_OUT
        return False

    def left_out(self) -> Iterator[str]:
        """Yield all paths that are there and are not taken; not what is below them."""
        for folder, blob, head in self._heads():
            if not head.flags & packed.HAS_REST:
                continue
            try:
                names = list(packed.unpack(blob).rest)
            except ValueError:
                continue  # as in _heads
            yield from (join(folder, name) for name in names)

    def record(self, path: str, state: State, found: Optional[os.stat_result]) -> None:
        """Remember what was just put there, as ``found`` by a stat; its folders are there then.

        Counts as a change with the number ``seq``, which is for the caller to raise before.
        Without ``found`` the file will be read when it is looked at again.
        """
        folder, _, name = path.rpartition("/")
        items = self._opened(folder)
        old = items.get(name)
        if old is not None and old.kind in (FOLDER, HOLLOW) and state.kind != FOLDER:
            self.forget(path)
        if state.kind == FOLDER:
            inode = old.inode if old is not None and found is None else 0
            item = Item(name, FOLDER, 0, 0, 0, 0, found.st_ino if found else inode, "", self.seq)
            if path not in self._folders and path not in self._dirty:
                self.put(path, ())
        elif found is None:
            item = Item(
                name, state.kind, state.mode, state.size, state.mtime, 0, 0, state.value, self.seq
            )
        else:
            times = found.st_mtime_ns, found.st_ctime_ns, found.st_ino
            item = Item(name, state.kind, state.mode, found.st_size, *times, state.value, self.seq)
        items = self._opened(folder, change=True)
        items[name] = item
        self.unbury(path)
        if folder and ((above := self.find(folder)) is None or above.kind != FOLDER):
            self.record(folder, State(FOLDER, 0, 0, 0, ""), None)

    def refresh(self, path: str, item: Item) -> None:
        """Replace what is known of a path without counting it as a change."""
        self._opened(parent(path), change=True)[item.name] = item

    def forget(self, path: str) -> None:
        """Remember that a path, and all below it, is gone: a change with the number ``seq``."""
        folder, _, name = path.rpartition("/")
        if self._opened(folder).get(name) is None:
            return
        item = self._opened(folder, change=True).pop(name)
        if item.kind in (FOLDER, HOLLOW):
            for _ in self.bury_below(path):
                pass
        if item.kind in TAKEN:
            self.bury(path)

    def bury(self, path: str) -> None:
        """Leave a tombstone for a path that is gone."""
        self.gone[path] = self.seq
        self.changed_gone.add(path)
        if len(self.gone) > TOMBSTONES:
            self.id = new_id()
            self.gone.clear()
            self.changed_gone.clear()

    def unbury(self, path: str) -> None:
        """Take the tombstone of a path away: it is back."""
        if self.gone.pop(path, None) is not None:
            self.changed_gone.add(path)

    def bury_below(self, folder: str) -> Iterator[Tuple[str, State]]:
        """Drop a folder and all below it, with tombstones; yield what was taken of it."""
        for item in self.items(folder):
            path = join(folder, item.name)
            if item.kind in (FOLDER, HOLLOW):
                yield from self.bury_below(path)
            state = item.state
            if state is not None:
                self.bury(path)
                yield path, state
        self.drop(folder)

    def since(self, seq: int) -> Iterator[Tuple[str, Optional[State]]]:
        """Yield what changed after the number ``seq``, ``None`` for what is gone.

        0 yields all that is there, and no tombstones.
        """
        for folder, blob, head in self._heads():
            if head.seq <= seq and seq > 0:
                continue
            try:
                items = packed.unpack(blob).items()
            except ValueError:
                continue  # as in _heads
            for item in items:
                state = item.state
                if state is not None and (item.seq > seq or seq <= 0):
                    yield join(folder, item.name), state
        if seq > 0:
            for path, when in self.gone.items():
                if when > seq:
                    yield path, None

    def flush(self) -> None:
        """Pack what single items were recorded in."""
        opened, self._open = self._open, {}
        dirty, self._dirty = self._dirty, set()
        for folder in dirty:
            self.put(folder, opened[folder].values())

    def _heads(self) -> Iterator[Tuple[str, bytes, packed.Header]]:
        self.flush()
        for folder, blob in self._folders.items():
            try:
                yield folder, blob, packed.header(blob)
            except ValueError:
                continue  # damaged: the next scan looks into it as if it were new

    def _close(self, folder: str) -> None:
        self._open.pop(folder, None)
        self._dirty.discard(folder)

    def _opened(self, folder: str, *, change: bool = False) -> Dict[str, Item]:
        """Return a folder's items by name, held open for the next question."""
        items = self._open.get(folder)
        if items is None:
            if len(self._open) >= _OPEN:
                self.flush()
            items = {item.name: item for item in self.items(folder)}
            self._open[folder] = items
        if change:
            self._dirty.add(folder)
        return items


class Saved(NamedTuple):
    """What the file of an index holds."""

    file: Tuple[int, int]
    """Device and inode."""
    end: int
    """Where its last state ends."""
    live: int
    """How long it was when it was last written anew."""
    state: bytes
    id: str


class FileIndex(Index):
    """An index that is kept in a file (``indexfile`` tells how)."""

    saved: Optional[Saved] = None

    @classmethod
    def load(cls, path: str) -> FileIndex:
        """Read the index that was saved; where there is none (or a damaged one), a new one."""
        from server_agent.trees import indexfile

        return indexfile.load(cls, path)

    def save(self, path: str) -> None:
        """Save what changed. Raises ``OSError``: then the file still is what it was."""
        from server_agent.trees import indexfile

        indexfile.save(self, path)
