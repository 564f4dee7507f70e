"""One folder of an index, packed so that an unchanged folder is found by comparing bytes.

A packed folder begins with a header; then comes its *key*: the stats of its files and links and
the inodes of its folders as 64-bit numbers, and all names, in the order in which it listed them. A scan makes the same
key from fresh stats: where it is equal nothing has to be decoded. After the key come the numbers
and texts that a scan can't see: sequence numbers, digests, targets, and what is ignored.
"""

from __future__ import annotations

import stat
import struct
import sys
from array import array
from typing import Dict, Iterable, List, NamedTuple, Optional, Tuple

from server_agent.trees.model import FILE, FOLDER, LINK, State

HOLLOW = "h"
"""A folder that is looked into and holds nothing that is taken: no part of the tree."""
IGNORED, IGNORED_FOLDER = "i", "j"
"""What the rules leave out: remembered only so that nobody asks again."""
ODD = "x"
"""What is not taken whatever the rules say (special, unreadable, a link that leaves the tree)."""

TAKEN = frozenset((FILE, LINK, FOLDER))
LEFT_OUT = frozenset((IGNORED, IGNORED_FOLDER, ODD))
_IN_KEY = frozenset((FILE, LINK))
_FOLDERS = frozenset((FOLDER, HOLLOW))

HAS_ITEMS, HAS_HOLLOWS, HAS_REST, LOOK_AGAIN = 1, 2, 4, 8
"""Flags: it is a part of the tree itself; some of its folders are not; some names are ignored;
every scan has to look at each of its names, since there is something to say about one."""

Stats = Tuple[int, int, int, int, int]
"""st_mode, st_ino, st_size, st_mtime_ns, st_ctime_ns (0: not to be trusted)."""

HEADER = struct.Struct("<BBxxIIIqq")
_VERSION = 0x13 if sys.byteorder == "little" else 0x93
_WORD = 1 << 64
_SIGN = 1 << 63


class Item(NamedTuple):
    """What the index knows of one name in a folder."""

    name: str
    kind: str
    """``f``, ``l``, ``d``, or not taken: ``h``, ``i``, ``j``, ``x``."""
    mode: int
    """A file's permissions (& 0o777); else 0."""
    size: int
    mtime: int
    ctime: int
    """0: the file may have changed right after it was looked at, so it has to be read again."""
    inode: int
    value: str
    """A file's digest ("" not computed), or a link's target."""
    seq: int
    """The index's number when this last became different."""

    @property
    def state(self) -> Optional[State]:
        """What this is in the tree; ``None`` if it is not taken."""
        if self.kind == FILE:
            return State(FILE, self.mode, self.size, self.mtime, self.value)
        if self.kind == LINK:
            return State(LINK, 0, 0, self.mtime, self.value)
        return State(FOLDER, 0, 0, 0, "") if self.kind == FOLDER else None


class Header(NamedTuple):
    """The beginning of a packed folder."""

    flags: int
    files: int
    """Files and links."""
    folders: int
    key: int
    """Bytes of the key."""
    size: int
    """Bytes of all its files."""
    seq: int
    """The highest number of its items."""


class Folder:
    """A folder that is being put together, or was unpacked. The lists belong together by place."""

    __slots__ = ("again", "folders", "inodes", "names", "rest", "stats", "tags")

    def __init__(self) -> None:
        self.names: List[str] = []
        """Files and links, as the folder listed them."""
        self.stats: List[Stats] = []
        self.tags: List[Tuple[str, int]] = []
        """Value and sequence number of each."""
        self.folders: Dict[str, Tuple[str, int]] = {}
        """Kind and sequence number of each folder that is looked into."""
        self.inodes: Dict[str, int] = {}
        """And its inode, which tells when another one takes its name; 0: not known."""
        self.rest: Dict[str, str] = {}
        """The kinds of the names that are not taken."""
        self.again = False
        """Every scan has to look at each name."""

    def add(self, name: str, stats: Stats, value: str, seq: int) -> None:
        """Add a file or link."""
        self.names.append(name)
        self.stats.append(stats)
        self.tags.append((value, seq))

    @property
    def size(self) -> int:
        """The bytes of all its files."""
        size = sum(each[2] for each in self.stats if stat.S_ISREG(each[0]))
        return min(size, _SIGN - 1)  # sparse files may claim any size

    @property
    def taken(self) -> bool:
        """Whether it is a part of the tree: it holds something that is, or it is empty."""
        if self.names or not (self.folders or self.rest):
            return True
        return any(kind == FOLDER for kind, _ in self.folders.values())

    def pack(self) -> bytes:
        """Return it as bytes."""
        words = [word for each in self.stats for word in each]
        words += [self.inodes.get(name, 0) for name in self.folders]
        packed_key = key(words, self.names, self.folders)
        kinds = [kind for kind, _ in self.folders.values()]
        flags = HAS_ITEMS if self.taken else 0
        flags |= HAS_HOLLOWS if HOLLOW in kinds else 0
        flags |= HAS_REST if self.rest else 0
        flags |= LOOK_AGAIN if self.again or ODD in self.rest.values() else 0
        seqs = [seq for _, seq in self.tags]
        seqs += [seq for _, seq in self.folders.values()]
        head = HEADER.pack(
            _VERSION,
            flags,
            len(self.names),
            len(kinds),
            len(packed_key),
            self.size,
            max(seqs, default=0),
        )
        texts = [value for value, _ in self.tags]
        texts += kinds
        texts += [kind + name for name, kind in self.rest.items()]
        tail = "\0".join(texts).encode("utf-8", "surrogateescape")
        return b"".join((head, packed_key, array("q", seqs).tobytes(), tail))

    def items(self) -> List[Item]:
        """Return what it holds, sorted by name."""
        found = []
        for name, stats, (value, seq) in zip(self.names, self.stats, self.tags):
            mode, inode, size, mtime, ctime = stats
            if stat.S_ISREG(mode):
                found.append(Item(name, FILE, mode & 0o777, size, mtime, ctime, inode, value, seq))
            else:
                found.append(Item(name, LINK, 0, size, mtime, ctime, inode, value, seq))
        for name, (kind, seq) in self.folders.items():
            found.append(Item(name, kind, 0, 0, 0, 0, self.inodes.get(name, 0), "", seq))
        for name, kind in self.rest.items():
            found.append(Item(name, kind, 0, 0, 0, 0, 0, "", 0))
        found.sort()
        return found

    @staticmethod
    def of(items: Iterable[Item]) -> Folder:
        """Return the folder that holds ``items``."""
        folder = Folder()
        for item in items:
            if item.kind in _IN_KEY:
                mode = stat.S_IFREG | item.mode if item.kind == FILE else stat.S_IFLNK | 0o777
                stats = (mode, item.inode, item.size, item.mtime, item.ctime)
                folder.add(item.name, stats, item.value, item.seq)
            elif item.kind in _FOLDERS:
                folder.folders[item.name] = item.kind, item.seq
                folder.inodes[item.name] = item.inode
            else:
                folder.rest[item.name] = item.kind
        return folder


def state_of(stats: Stats, value: str) -> State:
    """Return the state of a file or link."""
    mode, _, size, mtime, _ = stats
    if stat.S_ISREG(mode):
        return State(FILE, mode & 0o777, size, mtime, value)
    return State(LINK, 0, 0, mtime, value)


def key(words: List[int], names: List[str], folders: Iterable[str]) -> bytes:
    """Return the key of a listing: its files' stats and folders' inodes in one list, and names."""
    try:
        numbers = array("q", words)
    except OverflowError:
        # An inode with its highest bit set, or a time after the year 2262.
        numbers = array("q", [(word + _SIGN) % _WORD - _SIGN for word in words])
    text = "\0".join(names) + "/" + "\0".join(folders)
    return numbers.tobytes() + text.encode("utf-8", "surrogateescape")


def header(blob: bytes) -> Header:
    """Return the header of a packed folder; raise ``ValueError`` if it is none of ours."""
    if len(blob) < HEADER.size:
        raise ValueError("a packed folder is cut short")
    version, *rest = HEADER.unpack_from(blob)
    if version != _VERSION:
        raise ValueError("a folder was packed by another version")
    return Header(*rest)


def unpack(blob: bytes) -> Folder:
    """Return the folder that was packed; raise ``ValueError`` if it is none of ours."""
    head = header(blob)
    numbers = HEADER.size + 40 * head.files + 8 * head.folders
    ends = HEADER.size + head.key
    seqs = array("q")
    seqs.frombytes(blob[ends : ends + 8 * (head.files + head.folders)])
    words = array("q")
    words.frombytes(blob[HEADER.size : numbers])
    text = blob[numbers:ends].decode("utf-8", "surrogateescape")
    files_text, _, folders_text = text.partition("/")
    tail = blob[ends + 8 * len(seqs) :].decode("utf-8", "surrogateescape").split("\0")
    folder = Folder()
    folder.again = bool(head.flags & LOOK_AGAIN)
    folder.names = files_text.split("\0") if head.files else []
    flat = iter(words[: 5 * head.files])
    folder.stats = list(zip(flat, flat, flat, flat, flat))
    folder.tags = list(zip(tail, seqs[: head.files]))
    below = folders_text.split("\0") if head.folders else []
    kinds = tail[head.files : head.files + head.folders]
    folder.folders = dict(zip(below, zip(kinds, seqs[head.files :])))
    folder.inodes = dict(zip(below, words[5 * head.files :]))
    if head.flags & HAS_REST:
        folder.rest = {each[1:]: each[:1] for each in tail[head.files + head.folders :]}
    if not len(folder.names) == len(folder.stats) == len(folder.tags) == head.files:
        raise ValueError("a packed folder does not add up")
    modes = words[: 5 * head.files : 5]
    if len(folder.folders) != head.folders or (
        modes and not 0 <= min(modes) <= max(modes) < 1 << 16
    ):
        raise ValueError("a packed folder does not add up")
    return folder
