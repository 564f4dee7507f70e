"""What is left to do of a transfer that is applied: written down before any of it is done.

``ops.jsonl`` holds the steps, in their order; ``journal.json`` makes them count. From then on they
are finished, whatever happens: each can be done again after a cut and comes to the same end.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator
from typing import Any, List, NamedTuple, Optional

from server_agent.protocol.errors import ProtocolError
from server_agent.trees.folders import READ
from server_agent.trees.model import FILE, FOLDER, LINK, State, clean_path
from server_agent.trees.staging import JOURNAL, OPS

TREE_MOVE = "t"
"""A step that moves a staged folder with all that is in it."""


class Found(NamedTuple):
    """What was at a path when it was checked; what it must still be when it is replaced."""

    kind: str
    mode: int
    size: int
    mtime: int
    inode: int

    def matches(self, info: os.stat_result) -> bool:
        """Say whether that is still there."""
        if self.kind == FOLDER:
            return stat.S_ISDIR(info.st_mode)
        return self == found(info)


class Step(NamedTuple):
    """One thing to do."""

    op: str
    path: str
    state: Optional[State]
    found: Optional[Found]
    staged: int = 0
    """The inode of what is staged, where it is known."""


class Journal(NamedTuple):
    """Whose steps they are, and where what they replace goes."""

    trash: str
    time: float
    by: str
    why: str
    proof: str = ""
    """What shows that it is ours, where others can put files beside it."""


def found(info: os.stat_result) -> Found:
    """Return what a stat says."""
    mode = info.st_mode
    if stat.S_ISREG(mode):
        kind = FILE
    elif stat.S_ISDIR(mode):
        return Found(FOLDER, 0, 0, 0, info.st_ino)
    else:
        kind = LINK if stat.S_ISLNK(mode) else "?"
    return Found(kind, mode & 0o7777, info.st_size, info.st_mtime_ns, info.st_ino)


def write(place: str, journal: Journal, steps: Iterable[Step], secret: bytes = b"") -> None:
    """Write steps down; when this returns they will be done. Raises ``OSError``.

    With a ``secret``, in a way that nobody can who doesn't know it.
    """
    with open(os.path.join(place, OPS), "w", encoding="ascii") as file:
        for step in steps:
            file.write(json.dumps(step, separators=(",", ":")) + "\n")
        file.flush()
        os.fsync(file.fileno())
    if secret:
        journal = journal._replace(proof=_proof(place, secret))
    temporary = os.path.join(place, f"{JOURNAL}.new")
    with open(temporary, "w", encoding="ascii") as file:
        file.write(json.dumps(journal._asdict()))
        file.flush()
        os.fsync(file.fileno())
    os.rename(temporary, os.path.join(place, JOURNAL))


def read(place: str) -> Optional[Journal]:
    """Return the journal of a transfer; None if it has none, and nothing is to be done."""
    try:
        with open(os.path.join(place, JOURNAL), encoding="ascii", opener=_opener) as file:
            value = json.load(file)
        name, proof = os.path.basename(str(value["trash"])), str(value.get("proof", ""))
        return Journal(name, float(value["time"]), str(value["by"]), str(value["why"]), proof)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def is_ours(place: str, journal: Journal, secret: bytes) -> bool:
    """Say whether a journal was written with a secret: else it came with somebody's files."""
    import hmac

    try:
        return hmac.compare_digest(journal.proof.encode(), _proof(place, secret).encode())
    except OSError:
        return False


def _proof(place: str, secret: bytes) -> str:
    import hmac

    found = hmac.new(secret, os.path.basename(place).encode() + b"\n", "sha256")
    with open(os.path.join(place, OPS), "rb", opener=_opener) as file:
        while piece := file.read(1 << 20):
            found.update(piece)
    return found.hexdigest()


def _opener(path: str, _: int) -> int:
    return os.open(path, READ)


def steps(place: str) -> Iterator[Step]:
    """Return the steps that were written down. Raises ``ProtocolError`` for none of ours.

    All of them are looked at before the first is given: nothing is done of a damaged journal.
    """
    for _ in _steps(place):
        pass
    return _steps(place)


def _steps(place: str) -> Iterator[Step]:
    try:
        with open(os.path.join(place, OPS), encoding="ascii", opener=_opener) as file:
            for line in file:
                op, path, state, there, staged = json.loads(line)
                yield Step(
                    _text(op),
                    clean_path(path),
                    None if state is None else State(*_fields(state)),
                    None if there is None else Found(*_fields(there)),
                    int(staged),
                )
    except FileNotFoundError as error:
        raise ProtocolError("a journal has no steps") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise ProtocolError(f"a journal's step is none: {error}") from error


def _fields(value: Any) -> List[Any]:
    """Return a state's or a stat's: a kind, three numbers, and one more of its own."""
    kind, mode, size, mtime, last = value
    return [_text(kind), int(mode), int(size), int(mtime), last]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value
