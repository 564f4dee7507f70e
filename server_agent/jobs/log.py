"""A job's log: a folder of segments, each named after the offset of its first byte.

Dropping the oldest part is then removing a file, and an offset never changes its meaning. What
was dropped, or could not be written because the disk was full, is a hole between two segments.
"""

from __future__ import annotations

import errno
import os
import time
from typing import Optional

MIB = 1 << 20
TAIL = 1 * MIB
"""Bytes of the newest output that are kept in memory too."""
RETRY = 0.5
"""Seconds between two tries to write while the disk is full."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)


class LogReader:
    """Reads a log that nobody writes any more."""

    def __init__(self, folder: str, end: int = 0) -> None:
        self._folder = folder
        self._segments = _segments(folder)
        self._end = end

    @property
    def start(self) -> int:
        """The offset of the first byte that is kept."""
        return self._segments[0][0] if self._segments else self.end

    @property
    def end(self) -> int:
        """The offset after the last byte, kept or not."""
        return max(self._end, sum(self._segments[-1]) if self._segments else 0)

    def read(self, offset: int, limit: int) -> tuple[int, bytes]:
        """Return bytes and their offset: a later one than asked for where some are not kept."""
        at, data = _read(self._folder, self._segments, offset, limit)
        return (at, data) if data else (max(offset, self.end), b"")


class Log:
    """A log that is being written: bounded, and served while it grows.

    ``limit`` bytes are kept in all; ``head`` bytes of the beginning are never dropped.
    """

    def __init__(self, folder: str, limit: int, head: int = 0) -> None:
        self._folder = folder
        self._limit = max(limit, 64 << 10)
        self._head = head
        self._segment_size = max(16 << 10, min(8 * MIB, self._limit // 16))
        self._segments: list[tuple[int, int]] = []
        self._handle: Optional[int] = None
        self._tail = bytearray()
        self._tail_start = 0
        self._written = 0
        self._retry_at = 0.0
        self.trouble = ""
        """Why writing fails at the moment; "" while it works."""
        self.lost = 0
        """Bytes that were never written because the disk was full."""
        os.makedirs(folder, mode=0o700, exist_ok=True)

    @property
    def start(self) -> int:
        """The offset of the first byte that is kept."""
        return self._segments[0][0] if self._segments else self._tail_start

    @property
    def end(self) -> int:
        """The offset after the last byte."""
        return self._tail_start + len(self._tail)

    def append(self, data: bytes) -> None:
        """Take output: write it, and keep the newest in memory. Never fails."""
        self._tail += data
        self.flush()
        if len(self._tail) > 2 * TAIL:
            self._trim(len(self._tail) - TAIL)

    def flush(self, *, force: bool = False) -> None:
        """Write what is not on the disk yet; while the disk is full, try now and then."""
        if self.trouble and not force and time.monotonic() < self._retry_at:
            return
        try:
            while self._written < self.end:
                self._write_some()
            self.trouble = ""
        except OSError as error:
            if error.errno not in _FULL:
                self._abandon_segment()
            self.trouble = error.strerror or str(error)
            self._retry_at = time.monotonic() + RETRY

    def read(self, offset: int, limit: int) -> tuple[int, bytes]:
        """Return bytes and their offset: a later one than asked for where some are not kept."""
        if offset < self._tail_start:
            at, data = _read(self._folder, self._segments, offset, limit)
            if data and at < self._tail_start:
                return at, data[: self._tail_start - at]
            offset = self._tail_start
        begin = offset - self._tail_start
        return offset, bytes(memoryview(self._tail)[begin : begin + limit])

    def close(self) -> None:
        """Write what can be written, and close the last segment."""
        self.flush(force=True)
        self._abandon_segment()

    def _write_some(self) -> None:
        start, length = self._segments[-1] if self._segments else (0, 0)
        if self._handle is None or start + length != self._written or length >= self._segment_size:
            self._open_segment()
            start, length = self._segments[-1]
        begin = self._written - self._tail_start
        room = self._segment_size - length
        with memoryview(self._tail) as tail, tail[begin : begin + room] as piece:
            count = os.write(self._handle if self._handle is not None else -1, piece)
        self._segments[-1] = (start, length + count)
        self._written += count

    def _open_segment(self) -> None:
        path = os.path.join(self._folder, f"{self._written:020d}")
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._abandon_segment()
        self._handle = handle
        self._segments.append((self._written, 0))
        self._drop_old()

    def _abandon_segment(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        if self._segments and not self._segments[-1][1]:
            self._segments.pop()  # its file, if there is one, is written over or empty

    def _drop_old(self) -> None:
        # The segment that was just opened counts as full, so the limit is never passed.
        kept = sum(length for _start, length in self._segments) + self._segment_size
        for segment in [s for s in self._segments[:-1] if s[0] >= self._head]:
            if kept <= self._limit:
                return
            try:
                os.unlink(os.path.join(self._folder, f"{segment[0]:020d}"))
            except FileNotFoundError:
                pass
            self._segments.remove(segment)
            kept -= segment[1]

    def _trim(self, count: int) -> None:
        del self._tail[:count]
        self._tail_start += count
        if self._written < self._tail_start:
            self.lost += self._tail_start - self._written
            self._written = self._tail_start


def size(folder: str) -> int:
    """Return the offset after the last byte of a log."""
    segments = _segments(folder)
    return sum(segments[-1]) if segments else 0


def bytes_kept(folder: str) -> int:
    """Return how many bytes a log takes on the disk."""
    return sum(length for _start, length in _segments(folder))


def _segments(folder: str) -> list[tuple[int, int]]:
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.isdigit():
                    try:
                        found.append((int(entry.name), entry.stat().st_size))
                    except FileNotFoundError:
                        pass  # dropped while we looked
    except OSError:
        return []
    return sorted(segment for segment in found if segment[1])


def _read(
    folder: str, segments: list[tuple[int, int]], offset: int, limit: int
) -> tuple[int, bytes]:
    for start, length in segments:
        if offset >= start + length:
            continue
        offset = max(offset, start)
        try:
            handle = os.open(os.path.join(folder, f"{start:020d}"), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            data = os.pread(handle, min(limit, start + length - offset), offset - start)
        finally:
            os.close(handle)
        if data:
            return offset, data
    return offset, b""
