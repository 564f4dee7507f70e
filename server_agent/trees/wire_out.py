"""Sending what is in a tree: frames, made as they are asked for."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from server_agent.protocol import sync
from server_agent.protocol.frames import MAX_PAYLOAD, Type, frame
from server_agent.trees import delta, digest
from server_agent.trees.folders import READ, Folders, split
from server_agent.trees.model import FILE, FOLDER, LINK, State, to_wire

_ENCODE = json.JSONEncoder(separators=(",", ":")).encode
_ROOM = MAX_PAYLOAD - 64
_GIVE_UP = 16

BlocksOf = Callable[[str], bytes]
"""Gives the block list of the content with a digest; empty when it isn't known."""


class Outgoing(NamedTuple):
    """One thing to send."""

    path: str
    state: Optional[State]
    """What is to be there, as it was scanned; None: nothing."""
    expect: Optional[State] = None
    """What must be there before."""
    mode_only: bool = False
    """The content is there already: only permissions differ."""
    basis: str = ""
    """The digest of a large file's content that the other end has at this path."""
    basis_size: int = 0
    """Its bytes; 0 where they aren't known."""
    offset: int = 0
    """How much of it the other end has from before."""


class Sender:
    """Makes the frames of files that are sent. ``pack`` may be switched at any time.

    What can't be read, or is no longer what was scanned, is not sent but told (``changed``,
    ``unreadable``). Nothing is followed through a link.
    """

    def __init__(self, root: str, *, pack: bool = False) -> None:
        self._root = root
        self.pack = pack
        self.items = 0
        """How many were sent."""
        self.done = 0
        """Bytes of content that were sent or copied."""
        self.changed: List[str] = []
        self.unreadable: List[Tuple[str, str]] = []
        self.values: Dict[str, str] = {}
        """The digests of small files that nobody had computed before."""
        self._head: List[str] = []
        self._contents: List[bytes] = []
        self._size = 0
        self._poor = 0

    def frames(
        self, items: Iterable[Outgoing], blocks: Optional[BlocksOf] = None
    ) -> Iterator[bytes]:
        """Yield the frames that carry ``items``. Blocks on reading; raises nothing for a file.

        Raises ``OSError`` when the root itself is gone.
        """
        with Folders(self._root) as folders:
            for item in items:
                state = item.state
                if state is None or state.kind != FILE or item.mode_only:
                    yield from self._add(_row(item), b"")
                elif state.size <= sync.SMALL:
                    content = self._small(folders, item.path, state)
                    if content is not None:
                        if not state.value:
                            value = self.values[item.path] = digest.of_bytes(content)
                            state = state._replace(value=value)
                        yield from self._add(_file_row(item, state), content)
                else:
                    yield from self._flush()
                    yield from self._large(folders, item, state, blocks)
            yield from self._flush()

    def _add(self, row: List[Any], content: bytes) -> Iterator[bytes]:
        text = _ENCODE(row)
        size = len(text) + 1 + len(content)
        if self._size + size > _ROOM:
            yield from self._flush()
        self._head.append(text)
        if content:
            self._contents.append(content)
            self.done += len(content)
        self._size += size
        self.items += 1

    def _flush(self) -> Iterator[bytes]:
        if self._head:
            head = f"[{','.join(self._head)}]".encode("ascii")
            contents, size = self._contents, self._size
            self._head, self._contents, self._size = [], [], 0
            packs = self._packs()
            made = sync.batch(head, contents, pack=packs)
            self._judge(packs, len(made), size)
            yield made

    def _small(self, folders: Folders, path: str, state: State) -> Optional[bytes]:
        folder, name = split(path)
        try:
            handle = os.open(name, READ, dir_fd=folders.at(folder))
            try:
                content = os.read(handle, state.size + 1)
                info = os.fstat(handle)
            finally:
                os.close(handle)
        except OSError as error:
            self._failed(path, error)
            return None
        # Checked after it was read: a content that isn't the scanned one is never sent as it.
        if not _unchanged(info, state) or len(content) != state.size:
            self.changed.append(path)
            return None
        return content

    def _large(
        self, folders: Folders, item: Outgoing, state: State, blocks: Optional[BlocksOf]
    ) -> Iterator[bytes]:
        folder, name = split(item.path)
        try:
            handle = os.open(name, READ, dir_fd=folders.at(folder))
        except OSError as error:
            return self._failed(item.path, error)
        try:
            if not _unchanged(os.fstat(handle), state):
                self.changed.append(item.path)
                return None
            if not state.value:
                value, _ = digest.hash_file(handle, state.size)
                state = state._replace(value=value)
            todo = _todo(handle, item, state, blocks)
            basis = item.basis if any(each[0] == "copy" for each in todo) else None
            yield _file(item, state, basis)
            yield from self._content(handle, todo, item, state)
        except OSError as error:
            self._failed(item.path, error)
            yield frame(Type.FILE_DROP)
        finally:
            os.close(handle)

    def _content(
        self, handle: int, todo: List[delta.Part], item: Outgoing, state: State
    ) -> Iterator[bytes]:
        at = 0  # in the new content
        for kind, offset, length in todo:
            skip = min(length, max(0, item.offset - at))
            at += length
            offset, length = offset + skip, length - skip
            self.done += skip
            if kind == "copy" and length:
                yield sync.copy(offset, length)
                self.done += length
                continue
            while length:
                data = os.pread(handle, min(length, sync.PIECE), offset)
                if not data:
                    break  # shorter than it was: the check below says so
                packs = self._packs()
                made = sync.piece(data, pack=packs)
                self._judge(packs, len(made), len(data))
                yield made
                offset, length = offset + len(data), length - len(data)
                self.done += len(data)
        if _unchanged(os.fstat(handle), state):
            self.items += 1
            yield frame(Type.FILE_END)
        else:
            self.changed.append(item.path)
            yield frame(Type.FILE_DROP)

    def _packs(self) -> bool:
        """Say whether to pack the next frame; after one that didn't shrink, not the next few."""
        if self._poor:
            self._poor -= 1
            return False
        return self.pack

    def _judge(self, packed: bool, made: int, plain: int) -> None:
        if packed and plain >= sync.SMALL and made > plain * 0.95:
            self._poor = _GIVE_UP

    def _failed(self, path: str, error: OSError) -> None:
        if isinstance(error, (FileNotFoundError, NotADirectoryError)):
            self.changed.append(path)
        else:
            self.unreadable.append((path, error.strerror or str(error)))


def _unchanged(info: os.stat_result, state: State) -> bool:
    return (
        info.st_size == state.size
        and info.st_mtime_ns == state.mtime
        and stat.S_ISREG(info.st_mode)
    )


def _expect(item: Outgoing) -> Optional[List[Any]]:
    return None if item.expect is None else to_wire(item.expect)


def _row(item: Outgoing) -> List[Any]:
    state = item.state
    if state is None:
        return ["x", item.path, _expect(item)]
    if item.mode_only:
        return ["m", item.path, state.mode, _expect(item)]
    if state.kind == LINK:
        return ["l", item.path, state.value, state.mtime, _expect(item)]
    assert state.kind == FOLDER
    return ["d", item.path, state.mode, _expect(item)]


def _file_row(item: Outgoing, state: State) -> List[Any]:
    row = ["f", item.path, state.mode, state.mtime, state.size, state.value]
    return [*row, _expect(item)]


def _file(item: Outgoing, state: State, basis: Optional[str]) -> bytes:
    value = {
        "path": item.path,
        "mode": state.mode,
        "mtime": state.mtime,
        "size": state.size,
        "digest": state.value,
        "expect": _expect(item),
        "basis": basis,
        "offset": item.offset,
    }
    return sync.message(Type.FILE, value)


def _todo(
    handle: int, item: Outgoing, state: State, blocks: Optional[BlocksOf]
) -> List[delta.Part]:
    new = old = b""
    if item.basis and blocks is not None:
        new, old = blocks(state.value), blocks(item.basis)
    if not new or not old:
        return [("data", 0, state.size)]
    old_size = item.basis_size
    if not old_size:
        # Unknown: of the last block we don't know how long it is, unless it is the same one.
        count = len(old) // digest.DIGEST
        old_size = state.size if len(old) == len(new) else (count - 1) * digest.BLOCK + 1
    return delta.changed(new, state.size, old, old_size, partial(_read, handle))


def _read(handle: int, offset: int, length: int) -> bytes:
    return os.pread(handle, length, offset)
