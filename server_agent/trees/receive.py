"""Receiving files into a staging folder: every frame is checked before anything is made of it.

The peer may be hostile. Paths are cleaned, all folders that are written to were made here, sizes
are held to what was announced, and a file whose content isn't what its digest says is never
applied.
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import Any, Callable, Collection, Dict, List, NamedTuple, Optional, Tuple

from server_agent.protocol import sync
from server_agent.protocol.errors import ProtocolError
from server_agent.protocol.frames import Frame, Type
from server_agent.trees.arriving import Arriving
from server_agent.trees.digest import of_bytes
from server_agent.trees.folders import NEW, Folders, split
from server_agent.trees.model import (
    FILE,
    FOLDER,
    LINK,
    OURS,
    State,
    checked_digest,
    clean_path,
    from_wire,
)
from server_agent.trees.ops import Op, Ops
from server_agent.trees.staging import JOURNAL, PARTS, TREE

_LONGEST_LIKE = 60
_MAX_TIME = (1 << 63) - 1

Skipped = Tuple[str, str, Optional[State]]
"""A path that was not applied, why, and what is there now (when that is known)."""


class Wanted(NamedTuple):
    """What the receiver asked for: a path that comes in may only be that."""

    path: str
    """Where it goes: not always where it is on the other end."""
    expect: Optional[State]
    """What must be there before."""
    state: Optional[State] = None
    """What was announced, and is held to where it is known."""


class Batch(NamedTuple):
    """A transfer that arrived as a whole, and was verified."""

    place: str
    ops: Collection[Op]
    failed: List[Skipped]
    """What can't be applied: it didn't arrive as announced, or can't be made here."""
    size: int
    """Bytes of content."""


class Receiver:
    """Takes the frames of files; all of it is in ``place`` (see ``staging.place``) until applied.

    ``wanted`` is given for what was asked for: it says where a path goes, and None that nobody
    asked for it, which ends the conversation. Without it, the peer decides what it sends.
    """

    def __init__(
        self,
        place: str,
        root: str,
        *,
        wanted: Optional[Callable[[str], Optional[Wanted]]] = None,
        most: int = sync.MAX_ITEMS,
    ) -> None:
        self.place = place
        self.size = 0
        """Bytes of content that arrived."""
        self.blocks: Dict[str, bytes] = {}
        """The block lists of the large files that arrived, by digest."""
        self._root = root
        self._wanted = wanted
        self._most = most
        self._folders = Folders(os.path.join(place, TREE))
        self._ops = Ops()
        self._failed: List[Skipped] = []
        self._made = {""}
        self._barred: Dict[str, str] = {}
        self._arriving: Optional[Arriving] = None
        self._pending: Optional[Op] = None
        self._closed = False

    @property
    def items(self) -> int:
        """How many items came, whether they can be applied or not."""
        return len(self._ops) + len(self._failed)

    def feed(self, found: Frame) -> None:
        """Take a frame. Raises ``ProtocolError`` for what is none of ours, ``OSError``."""
        kind = found.type
        if self._arriving is not None:
            self._feed_file(self._arriving, found)
        elif kind in (Type.BATCH, Type.BATCH_Z):
            self._batch(*sync.read_batch(found))
        elif kind is Type.FILE:
            self._file(sync.read(found))
        else:
            raise ProtocolError(f"a {kind.name} frame comes where none can")

    def remove(self, path: str, expect: Optional[State]) -> None:
        """Add a removal that this end decided on."""
        self._ops.append(Op("x", self._checked(path), None, expect))

    def permit(self, path: str, state: State, expect: Optional[State]) -> None:
        """Add a change of permissions that this end decided on."""
        self._ops.append(Op("m", self._checked(path), state, expect))

    def finish(self, items: Optional[int] = None) -> Batch:
        """Return what arrived; raise ``ProtocolError`` when that is not as many ``items``."""
        if self._arriving is not None:
            raise ProtocolError("a file has no end")
        if items is not None and items != self.items:
            raise ProtocolError(f"{self.items} items came, and {items} were announced")
        self.close()
        return Batch(self.place, self._ops, self._failed, self.size)

    def close(self) -> None:
        """Let go of what is open; a large file that is not whole stays as a part."""
        if self._arriving is not None:
            self._arriving.close()
            self._arriving = None
        if not self._closed:
            self._closed = True
            self._folders.close()

    def keep_large(self) -> None:
        """Keep the large files that arrived as parts, where the transfer is not to be finished."""
        tree = os.path.join(self.place, TREE)
        if os.path.lexists(os.path.join(self.place, JOURNAL)) or not os.path.isdir(tree):
            return
        parts = os.path.join(os.path.dirname(self.place), PARTS)
        for op in self._ops:
            if op.op == FILE and op.state is not None and op.state.size > sync.SMALL:
                path = os.path.join(tree, op.path)
                with contextlib.suppress(OSError):
                    os.chmod(path, 0o600)  # all folders on the way are of our own making
                    os.utime(path)  # a part is as old as its transfer
                    os.makedirs(parts, mode=0o700, exist_ok=True)
                    os.rename(path, os.path.join(parts, op.state.value))

    def _batch(self, operations: List[Any], contents: memoryview) -> None:
        at = 0
        for row in operations:
            if not isinstance(row, list) or not row:
                raise ProtocolError("an operation is none")
            if row[0] == FILE:
                at = self._small(row, contents, at)
            else:
                self._other(row)
        if at != len(contents):
            raise ProtocolError("a BATCH frame has more content than its files")

    def _small(self, row: List[Any], contents: memoryview, at: int) -> int:
        if len(row) != 7:
            raise ProtocolError("a file's operation is malformed")
        _, path, mode, mtime, size, value, expect = row
        state = _file_state(mode, mtime, size, value)
        end = at + state.size
        if end > len(contents):
            raise ProtocolError("a BATCH frame has less content than its files")
        content = contents[at:end]
        op = self._meant(path, state, expect)
        if op is None:
            return end
        if of_bytes(content) != value:
            self._fail(op.path, "damaged")
        elif (folder := self._folder(op)) is not None:
            self._write(op, state, folder, content)
        return end

    def _write(self, op: Op, state: State, folder: int, content: memoryview) -> None:
        name = op.path.rpartition("/")[2]
        try:
            handle = os.open(name, NEW, state.mode | 0o600, dir_fd=folder)
        except OSError as error:
            return self._fail(op.path, _unmakeable(error))
        try:
            done = os.write(handle, content)
            while done < len(content):
                done += os.write(handle, content[done:])
            os.utime(handle, ns=(state.mtime, state.mtime))
            info = os.fstat(handle)
            if info.st_mode & 0o7777 != state.mode:
                os.fchmod(handle, state.mode)
                info = os.fstat(handle)
        finally:
            os.close(handle)
        self.size += state.size
        self._ops.append(op._replace(stat=(info.st_ino, info.st_ctime_ns)))
        return None

    def _other(self, row: List[Any]) -> None:
        op, size = row[0], len(row)
        if op == FOLDER and size == 4:
            state = State(FOLDER, 0, 0, 0, "")
        elif op == LINK and size == 5:
            state = from_wire([LINK, 0, 0, row[3], row[2]])
        elif self._wanted is None and op == "m" and size == 4:
            state = _file_state(row[2], 0, 0, "")
        elif self._wanted is None and op == "x" and size == 3:
            return self.remove(row[1], None if row[2] is None else from_wire(row[2]))
        else:
            raise ProtocolError("an operation is not one that we know")
        meant = self._meant(row[1], state, row[-1], op)
        if meant is None:
            return None
        if op == "m":
            return self._ops.append(meant)
        folder = self._folder(meant)
        if folder is None:
            return None
        name = meant.path.rpartition("/")[2]
        try:
            if op == LINK:
                os.symlink(state.value, name, dir_fd=folder)
            elif meant.path not in self._made:
                os.mkdir(name, dir_fd=folder)
                self._made.add(meant.path)
            info = os.lstat(name, dir_fd=folder)
        except OSError as error:
            why = _unmakeable(error)
            if op == FOLDER:
                self._barred[meant.path] = why
            return self._fail(meant.path, why)
        ctime = info.st_ctime_ns if op == LINK else 0
        self._ops.append(meant._replace(stat=(info.st_ino, ctime)))
        return None

    def _file(self, value: Dict[str, Any]) -> None:
        mode, mtime, size = value.get("mode"), value.get("mtime"), value.get("size")
        state = _file_state(mode, mtime, size, checked_digest(value.get("digest")))
        offset, basis = value.get("offset", 0), value.get("basis")
        if type(offset) is not int or not 0 <= offset <= state.size:
            raise ProtocolError("a file goes on where it can't")
        if basis is not None:
            checked_digest(basis)
        op = self._meant(value.get("path"), state, value.get("expect"))
        if op is None:
            self._arriving = Arriving(self.place, self._root, "", state, "changed")
            return
        arriving = Arriving(self.place, self._root, op.path, state)
        if self._folder(op, fail=False) is None:
            arriving.trouble = self._bar(op.path)
        self._arriving = arriving
        self._pending = op
        arriving.begin(offset, basis is not None)

    def _feed_file(self, arriving: Arriving, found: Frame) -> None:
        if found.type in (Type.PIECE, Type.PIECE_Z):
            arriving.piece(sync.read_piece(found))
        elif found.type is Type.COPY:
            arriving.copy(*sync.read_copy(found))
        elif found.type is Type.FILE_END:
            self._end(arriving, arriving.end())
        elif found.type is Type.FILE_DROP:
            # The other end says what became of it, and doesn't count it.
            arriving.drop()
            self._finish_file(arriving)
        else:
            raise ProtocolError(f"a {found.type.name} frame comes within a file")

    def _end(self, arriving: Arriving, trouble: str) -> None:
        op = self._pending
        if op is not None and trouble:
            self._fail(op.path, trouble)
            arriving.drop()
        elif op is not None:
            folder, name = split(op.path)
            try:
                info = arriving.move(self._folders.at(folder), name)
            except OSError as error:
                self._fail(op.path, _unmakeable(error))
                arriving.drop()
            else:
                self.size += arriving.state.size
                if arriving.blocks:
                    self.blocks[arriving.state.value] = arriving.blocks
                self._ops.append(op._replace(stat=(info.st_ino, info.st_ctime_ns)))
        self._finish_file(arriving)

    def _finish_file(self, arriving: Arriving) -> None:
        self._pending = None
        arriving.close()
        self._arriving = None

    def _meant(self, path: object, state: State, expect: object, op: str = FILE) -> Optional[Op]:
        """Return what an item means here; None when it isn't what was announced."""
        if self._wanted is None:
            path = self._checked(path)
            meant = Op(op, path, state, None if expect is None else from_wire(expect))
        else:
            wanted = self._wanted(path) if isinstance(path, str) else None
            if wanted is None:
                raise ProtocolError("something comes that nobody asked for")
            meant = Op(op, self._checked(wanted.path), state, wanted.expect)
            if wanted.state is not None and not _announced(wanted.state, state):
                self._fail(meant.path, "changed")
                return None
        if _like_ours(meant.path):
            self._fail(meant.path, "clash")
            return None
        return meant

    def _checked(self, path: object) -> str:
        if self.items >= self._most:
            raise ProtocolError(f"more than {self._most} items come")
        return clean_path(path)

    def _fail(self, path: str, why: str) -> None:
        self._failed.append((path, why, None))

    def _folder(self, op: Op, *, fail: bool = True) -> Optional[int]:
        """Return the staged folder that an item goes to; None where there can't be one."""
        folder = op.path.rpartition("/")[0]
        if folder not in self._made or self._barred:
            self._make(folder)
            if self._bar(op.path):
                if fail:
                    self._fail(op.path, self._bar(op.path))
                return None
        return self._folders.at(folder)

    def _make(self, folder: str) -> None:
        parts = folder.split("/") if folder else []
        for end in range(1, len(parts) + 1):
            path = "/".join(parts[:end])
            if path in self._barred:
                return
            if path in self._made:
                continue
            try:
                above, name = split(path)
                os.mkdir(name, dir_fd=self._folders.at(above))
                self._made.add(path)
            except OSError as error:
                self._barred[path] = _unmakeable(error)
                return

    def _bar(self, path: str) -> str:
        """Return why nothing can be made at a path: one of its folders could not be."""
        while path and self._barred:
            if path in self._barred:
                return self._barred[path]
            path = path.rpartition("/")[0]
        return ""


def _like_ours(path: str) -> bool:
    """Say whether a file system that folds names would take a path for one of mnix's own."""
    top = path.partition("/")[0]
    if top[:1] == "." and top.isascii():
        return top.lower() == OURS
    if top.isascii() or len(top) > _LONGEST_LIKE:
        return False
    import unicodedata

    shown = unicodedata.normalize("NFKC", top)
    return "".join(c for c in shown if unicodedata.category(c) != "Cf").casefold() == OURS


def _unmakeable(error: OSError) -> str:
    if error.errno == errno.EEXIST:
        return "clash"  # two names that are one on this file system, or one that comes twice
    if error.errno in (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL):
        return "name"  # none that this file system takes
    raise error


def _file_state(mode: object, mtime: object, size: object, value: str) -> State:
    if type(mode) is not int or type(mtime) is not int or type(size) is not int:
        raise ProtocolError("a file's numbers are none")
    if not 0 <= size <= sync.MAX_FILE or not -_MAX_TIME <= mtime <= _MAX_TIME:
        raise ProtocolError("a file's size or time is out of range")
    if mode & ~0o777:
        raise ProtocolError("a file's permissions are more than permissions")
    return State(FILE, mode, size, mtime, value)


def _announced(announced: State, state: State) -> bool:
    if announced.kind != state.kind:
        return False
    if announced.value and announced.value != state.value:
        return False
    return state.kind != FILE or announced.size == state.size
