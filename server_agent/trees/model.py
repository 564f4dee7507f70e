"""What one path of a tree is: its state, how states compare, and how they travel."""

from __future__ import annotations

from typing import Any, List, NamedTuple, Optional

from server_agent.protocol.errors import ProtocolError

FILE, LINK, FOLDER = "f", "l", "d"
KINDS = (FILE, LINK, FOLDER)

MAX_PATH = 4096
"""Bytes of a path, at most."""
MAX_NAME = 255
"""Bytes of one part of a path, at most."""
MAX_DEPTH = 256
"""Parts of a path, at most."""
OURS = ".mnix"
"""The folder at a root that belongs to mnix: staging and trash. Never a part of the tree."""

ABOVE = "#: above"
"""Among rules that are handed over: those after this line count more than all .gitignore files,
those before it less, as a user's own excludes do."""

_LONGEST_DIGEST = 64
_LARGEST = (1 << 63) - 1


class State(NamedTuple):
    """What is at a path."""

    kind: str
    """``f`` a file, ``l`` a symbolic link, ``d`` a folder."""
    mode: int
    """A file's permissions (& 0o777); else 0."""
    size: int
    """A file's bytes; else 0."""
    mtime: int
    """Nanoseconds since the epoch; a folder's is 0."""
    value: str
    """A file's digest ("" not computed), a link's target, "" for a folder."""


class Note(NamedTuple):
    """What a person should know about a path that was not taken, or not read."""

    path: str
    kind: str
    """``special``, ``unreadable``, ``link-out``, ``clash`` or ``vanished``."""
    text: str


def same(a: Optional[State], b: Optional[State]) -> bool:
    """Say whether two states (``None``: absent) hold the same: kind, value, a file's mode.

    Times and sizes don't count. A digest that nobody computed is never the same as anything.
    """
    if a is None or b is None:
        return a is b
    if a[0] != b[0] or a[4] != b[4]:
        return False
    return a[0] != FILE or (a[1] == b[1] and a[4] != "")


def to_wire(state: State) -> List[Any]:
    """Return the JSON list that stands for a state."""
    return list(state)


def from_wire(wire: object) -> State:
    """Check a JSON list from the other end; raise ``ProtocolError``."""
    if not isinstance(wire, list) or len(wire) != len(State._fields):
        raise ProtocolError("a path's state is not one")
    kind, mode, size, mtime, value = wire
    if kind not in KINDS or not isinstance(value, str):
        raise ProtocolError("a path's state has no kind that we know")
    if type(mode) is not int or type(size) is not int or type(mtime) is not int:
        raise ProtocolError("a path's state has a number that is none")
    if not 0 <= size <= _LARGEST or not -_LARGEST <= mtime <= _LARGEST:
        raise ProtocolError("a path's size or time is out of range")
    if mode & ~0o777 or (kind != FILE and mode):
        raise ProtocolError("a path's permissions are more than permissions")
    if kind == FILE:
        checked_digest(value, known=False)
    elif kind == LINK:
        if not value or "\0" in value or len(_bytes(value)) > MAX_PATH:
            raise ProtocolError("a link's target is none")
    elif value:
        raise ProtocolError("a folder has no content of its own")
    return State(kind, mode, size, mtime, value)


def checked_digest(value: object, *, known: bool = True) -> str:
    """Return a digest from the other end, safe as a file's name too; raise ``ProtocolError``."""
    if isinstance(value, str) and not value and not known:
        return value
    if (
        not isinstance(value, str)
        or not value.isascii()
        or len(value) > _LONGEST_DIGEST
        or not value.replace("-", "").replace("_", "").isalnum()
    ):
        raise ProtocolError("a digest is none")
    return value


def clean_path(path: object) -> str:
    """Return a path below a root, checked; raise ``ProtocolError`` for what could lead out of it.

    Those are absolute paths, empty parts, ``.``, ``..``, NUL, what is too long or too deep, and
    what belongs to mnix itself.
    """
    if not isinstance(path, str) or not path:
        raise ProtocolError("a path is empty")
    parts = path.split("/")
    if "\0" in path or "" in parts or "." in parts or ".." in parts:
        raise ProtocolError(f"{_shown(path)} is no path below a folder")
    if parts[0] == OURS:
        raise ProtocolError(f"{_shown(path)} belongs to mnix itself")
    if len(parts) > MAX_DEPTH or len(_bytes(path)) > MAX_PATH:
        raise ProtocolError(f"{_shown(path)} is too long or too deep")
    return path


def parent(path: str) -> str:
    """Return the folder that holds ``path``; the root's own path is ""."""
    return path.rpartition("/")[0]


def join(folder: str, name: str) -> str:
    """Return the path of ``name`` in ``folder``."""
    return f"{folder}/{name}" if folder else name


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise ProtocolError("a path holds what no file's name can") from error


def _shown(path: str) -> str:
    return ascii(path[:200])
