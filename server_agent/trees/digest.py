"""Digests of files, and of their blocks: one pass gives both.

A file of up to ``BLOCK`` bytes has the digest of its content. A larger one has the digest of its
blocks' digests, taken from the other end of the hash, so that no small file can be made to look
like a large one. ``Blocks`` are the blocks' digests one after the other, ``DIGEST`` bytes each.
"""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from binascii import b2a_base64
from typing import List, Tuple, Union

BLOCK = 256 << 10
DIGEST = 24
Blocks = bytes

_URL = bytes.maketrans(b"+/", b"-_")
_PARALLEL = 16 << 20
"""Bytes of a file from which on more than one thread is worth its start."""
_THREADS = 4
_ZEROS = hashlib.sha256(bytes(BLOCK)).digest()[:DIGEST]


def of_bytes(content: Union[bytes, memoryview]) -> str:
    """Return the digest of a content that is at hand."""
    if len(content) <= BLOCK:
        return _text(hashlib.sha256(content).digest()[:DIGEST])
    return of_blocks(blocks_of(content))


def blocks_of(content: Union[bytes, memoryview]) -> Blocks:
    """Return the block list of a content that is at hand (b"" up to ``BLOCK`` bytes)."""
    if len(content) <= BLOCK:
        return b""
    view = memoryview(content)
    return b"".join(block_digest(view[at : at + BLOCK]) for at in range(0, len(content), BLOCK))


def of_blocks(blocks: Blocks) -> str:
    """Return the digest of a large file from its block list."""
    return _text(hashlib.sha256(blocks).digest()[-DIGEST:])


def block_digest(block: Union[bytes, memoryview]) -> bytes:
    """Return one block's digest."""
    return hashlib.sha256(block).digest()[:DIGEST]


class Hasher:
    """The digest of a stream: ``update`` with its pieces, of any length."""

    def __init__(self) -> None:
        self.size = 0
        self._block = hashlib.sha256()
        self._room = BLOCK
        self._blocks: List[bytes] = []

    def update(self, piece: Union[bytes, memoryview]) -> None:
        """Take the next bytes."""
        self.size += len(piece)
        view = memoryview(piece)
        while len(view) > self._room:
            self._block.update(view[: self._room])
            view = view[self._room :]
            self._blocks.append(self._block.digest()[:DIGEST])
            self._block = hashlib.sha256()
            self._room = BLOCK
        self._block.update(view)
        self._room -= len(view)

    def digest(self) -> str:
        """Return the digest of what came so far."""
        blocks = self.blocks
        if blocks:
            return of_blocks(blocks)
        return _text(self._block.digest()[:DIGEST])

    @property
    def blocks(self) -> Blocks:
        """The block list of what came so far (b"" up to ``BLOCK`` bytes)."""
        if not self._blocks:
            return b""
        return b"".join([*self._blocks, self._block.digest()[:DIGEST]])


def hash_file(file: Union[int, str, "os.PathLike[str]"], size: int = BLOCK) -> Tuple[str, Blocks]:
    """Return the digest and the block list of a file, open or by path. Raises ``OSError``.

    A descriptor is read from its start whatever its position is, and stays open. Whether the
    file changed meanwhile is for the caller to find out (``fstat`` before and after). ``size``
    is what it probably has: a small file is then read with one small read.
    """
    if not isinstance(file, int):
        handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            return hash_file(handle, size)
        finally:
            os.close(handle)
    wanted = min(size, BLOCK) + 1
    first = os.pread(file, wanted, 0)
    # A read that was cut short is no end: only one that gives nothing is, or one of the size.
    ended = len(first) == size or (len(first) < wanted and not os.pread(file, 1, len(first)))
    if ended and len(first) <= BLOCK:
        return _text(hashlib.sha256(first).digest()[:DIGEST]), b""
    return _large(file)


def _large(handle: int) -> Tuple[str, Blocks]:
    size = os.fstat(handle).st_size
    count = max(1, -(-size // BLOCK))
    digests = bytearray(count * DIGEST)
    if size >= _PARALLEL and (threads := min(_THREADS, _cores())) > 1:
        got = _in_threads(handle, digests, count, threads)
    else:
        got = _some(handle, digests, count, 0, 1)
    # It became shorter while it was read: what is there now counts, and the caller sees that
    # it changed.
    blocks = bytes(digests[: got * DIGEST])
    if len(blocks) > DIGEST:
        return of_blocks(blocks), blocks
    content = os.pread(handle, BLOCK, 0)
    return _text(hashlib.sha256(content).digest()[:DIGEST]), b""


def _some(handle: int, digests: bytearray, count: int, first: int, step: int) -> int:
    """Hash every ``step``-th run of blocks; big reads, since each waits for the disk once.

    Returns how many blocks there are up to the first that is missing.
    """
    run = 4
    for start in range(first * run, count, step * run):
        end = min(start + run, count)
        if end < count and _is_hole(handle, start * BLOCK, end * BLOCK):
            digests[start * DIGEST : end * DIGEST] = _ZEROS * (end - start)
            continue
        content = memoryview(_exactly(handle, run * BLOCK, start * BLOCK))
        for number in range(start, end):
            at = (number - start) * BLOCK
            block = content[at : at + BLOCK]
            if not block:
                return number
            digests[number * DIGEST : (number + 1) * DIGEST] = hashlib.sha256(block).digest()[
                :DIGEST
            ]
    return count


def _is_hole(handle: int, start: int, end: int) -> bool:
    """Say whether nothing was ever written there: no need to read a sparse file's zeros."""
    try:
        return os.lseek(handle, start, os.SEEK_DATA) >= end
    except OSError as error:
        return error.errno == errno.ENXIO  # nothing up to its end
    except AttributeError:
        return False


def _in_threads(handle: int, digests: bytearray, count: int, threads: int) -> int:
    """Hash on several cores: hashlib lets go of the interpreter while it works."""
    failed: List[BaseException] = []
    got = [count] * threads

    def work(first: int) -> None:
        try:
            got[first] = _some(handle, digests, count, first, threads)
        except BaseException as error:
            failed.append(error)

    others = [
        threading.Thread(target=work, args=(each,), daemon=True) for each in range(1, threads)
    ]
    for thread in others:
        thread.start()
    work(0)
    for thread in others:
        thread.join()
    if failed:
        raise failed[0]
    return min(got)


def _exactly(handle: int, count: int, offset: int) -> bytes:
    """Read ``count`` bytes unless the file ends before: reads may be cut at any length."""
    piece = os.pread(handle, count, offset)
    if len(piece) == count or not piece:
        return piece
    pieces = [piece]
    got = len(piece)
    while got < count and (piece := os.pread(handle, count - got, offset + got)):
        pieces.append(piece)
        got += len(piece)
    return b"".join(pieces)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _text(digest: bytes) -> str:
    return b2a_base64(digest, newline=False).translate(_URL).decode("ascii")
