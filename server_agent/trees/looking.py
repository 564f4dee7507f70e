"""Looking at one name of an open folder: what it is, and its digest if that is wanted."""

from __future__ import annotations

import os
import stat
from operator import attrgetter
from typing import Callable, Dict, List, Optional, Tuple, Union

from server_agent.trees import digest
from server_agent.trees.digest import Blocks
from server_agent.trees.links import leaves
from server_agent.trees.model import Note
from server_agent.trees.packed import ODD, Stats

STATS = attrgetter("st_mode", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns")
RACY = 20_000_000
"""Nanoseconds within which a file may change twice with the same times."""
_WHOLE = 1_000_000_000
_RACY_WHOLE = 2 * _WHOLE
"""The same where a file system's times are whole seconds, or every other one."""

LARGEST = 1 << 40
"""Bytes of the largest file that is taken."""

READ_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
READ_FOLDER = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY

_TRIES = 3
_SIGN, _WORD = 1 << 63, 1 << 64
_SPECIAL = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

Looked = Tuple[Stats, str]
"""The stats that hold for the value, and the value: a digest or a target."""
Eager = Callable[[str, int], bool]


class Looker:
    """Looks at names, and collects what there is to say about them."""

    def __init__(self, eager: Eager) -> None:
        self.notes: List[Note] = []
        self.blocks: Dict[str, Blocks] = {}
        """The block lists of the large files that were read, by digest."""
        self.unreadable = False
        self._eager = eager

    def note(self, path: str, kind: str, text: str) -> None:
        """Keep something that a person should know."""
        self.notes.append(Note(path, kind, text))

    def unread(self, path: str, error: OSError) -> None:
        """Note a path that can't be read."""
        self.note(path, "unreadable", f"can't be read: {error.strerror or error}")

    def look(
        self, handle: int, path: str, stats: Stats, old: Optional[Looked], now: int
    ) -> Union[Looked, str, None]:
        """Return what is at ``path``, a name in the open folder ``handle``.

        ``stats`` are those that a listing found; ``old`` what was known of it. ``ODD`` is for
        what can't be taken, ``None`` for what is gone. ``now``: when the listing began.
        """
        kind = stat.S_IFMT(stats[0])
        try:
            if kind == stat.S_IFREG:
                if stats[2] > LARGEST:
                    self.note(path, "special", f"is larger than {LARGEST >> 40} TiB")
                    return ODD
                return self._file(handle, path, stats, old, now)
            if kind == stat.S_IFLNK:
                return self._link(handle, path, stats)
        except FileNotFoundError:
            self.note(path, "vanished", "was removed while the folder was read")
            return None
        except OSError as error:
            self.unread(path, error)
            return old or ODD
        self.note(path, "special", f"is {_SPECIAL.get(kind, 'something special')}")
        return ODD

    def _file(
        self, handle: int, path: str, stats: Stats, old: Optional[Looked], now: int
    ) -> Optional[Looked]:
        value = old[1] if old and stat.S_ISREG(old[0][0]) else ""
        if not value and not self._eager(path, stats[2]):
            return doubted(stats, now), ""
        name = path.rpartition("/")[2]
        try:
            file = os.open(name, READ_FILE, dir_fd=handle)
        except OSError as error:
            if stat.S_ISREG(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode):
                raise
            raise FileNotFoundError from error  # it was exchanged: the next look will tell
        try:
            stats, value, blocks = read(file, stats)
        finally:
            os.close(file)
        if blocks:
            self.blocks[value] = blocks
        return doubted(stats, now), value

    def _link(self, handle: int, path: str, stats: Stats) -> Union[Looked, str]:
        folder, _, name = path.rpartition("/")
        target = os.readlink(name, dir_fd=handle)
        if leaves(folder, target):
            inside = not (target + "/").startswith(("/", "../"))
            could = "could leave" if inside else "leaves"
            self.note(path, "link-out", f"is a link that {could} the folder, to {target}")
            return ODD
        return stats, target


def read(file: int, stats: Stats) -> Tuple[Stats, str, Blocks]:
    """Return an open file's digest, its blocks, and the stats that they belong to.

    A file that keeps changing while it is read gets stats that are not to be trusted.
    """
    value, blocks = "", b""
    for _ in range(_TRIES):
        value, blocks = digest.hash_file(file, stats[2])
        after = plain(STATS(os.fstat(file)))
        if not stat.S_ISREG(after[0]):
            raise FileNotFoundError  # something else has its name now
        if after == stats:
            return stats, value, blocks
        stats = after
    return distrusted(stats), value, blocks


def doubted(stats: Stats, now: int) -> Stats:
    """Return ``stats``, not to be trusted if the file changed just before ``now``.

    A time of modification that somebody set (it is not that of the change) is no such case.
    """
    racy = RACY if stats[3] % _WHOLE or stats[4] % _WHOLE else _RACY_WHOLE
    if stats[3] >= now - racy and abs(stats[4] - stats[3]) < racy:
        return distrusted(stats)
    return stats


def distrusted(stats: Stats) -> Stats:
    """Return stats that the next scan will not believe."""
    return (*stats[:4], 0)


def plain(stats: Stats) -> Stats:
    """Return stats as the index keeps them: 64 bits with a sign."""
    if stats[1] < _SIGN:
        return stats
    return (stats[0], signed(stats[1]), *stats[2:])


def signed(inode: int) -> int:
    """Return an inode as the index keeps it."""
    return inode if inode < _SIGN else inode - _WORD
