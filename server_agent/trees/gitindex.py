"""What a repository tracks, read from its index without git."""

from __future__ import annotations

import os
import stat
import struct
from typing import Set, Tuple

_LARGEST = 256 << 20
_ENTRY = 40
"""Bytes of an entry before the object's name: times, inode, mode, owner, size."""
_EXTENDED = 0x4000


def tracked(repository: str) -> Set[str]:
    """Return the paths that a repository tracks, and the folders that they are in.

    Nothing where there is no index that can be read.
    """
    try:
        content = _read(os.path.join(_git_folder(repository), "index"))
        for object_name in (20, 32):
            try:
                return _paths(content, object_name)
            except (ValueError, struct.error, IndexError):
                continue  # perhaps it names objects by SHA-256
    except OSError:
        pass
    return set()


def _git_folder(repository: str) -> str:
    """Return the folder with the index; in a submodule ``.git`` is a file that names it."""
    path = os.path.join(repository, ".git")
    if not os.path.isfile(path):
        return path
    said = _read(path, 4096).decode("utf-8", "surrogateescape").strip()
    return os.path.join(repository, said[len("gitdir:") :].strip()) if said else path


def _read(path: str, most: int = _LARGEST) -> bytes:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("no file")
        return file.read(most)


def _paths(content: bytes, object_name: int) -> Set[str]:
    magic, version, count = struct.unpack_from(">4sII", content)
    if magic != b"DIRC" or version not in (2, 3, 4):
        raise ValueError("no index")
    found: Set[str] = set()
    at = 12
    last = b""
    for _ in range(count):
        begin = at
        at += _ENTRY + object_name
        flags = struct.unpack_from(">H", content, at)[0]
        at += 4 if version > 2 and flags & _EXTENDED else 2
        if version == 4:
            cut, at = _number(content, at)
            end = content.index(b"\0", at)
            last = last[: len(last) - cut] + content[at:end]
            at = end + 1
        else:
            end = content.index(b"\0", at)
            last = content[at:end]
            at = begin + (end - begin + 8) // 8 * 8
        if flags & 0xFFF != min(len(last), 0xFFF):
            raise ValueError("names of another length")
        _add(found, last.decode("utf-8", "surrogateescape"))
    return found


def _number(content: bytes, at: int) -> Tuple[int, int]:
    """Read a number of as many bytes as it needs, and return where it ends."""
    byte = content[at]
    at += 1
    value = byte & 127
    while byte & 128:
        byte = content[at]
        at += 1
        value = ((value + 1) << 7) | (byte & 127)
    return value, at


def _add(found: Set[str], path: str) -> None:
    while path and path not in found:
        found.add(path)
        path = path.rpartition("/")[0]
