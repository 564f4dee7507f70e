"""The folders that transfers wait in until they are whole: one a transfer, and the parts.

``incoming/<token>/`` is claimed (locked) by the process that works on it for as long as that lives.
``incoming/parts/<digest>`` is the beginning of a large file, from where its transfer goes on.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import stat
import time
from collections.abc import Iterator
from typing import Dict, List, Optional

from server_agent.protocol.errors import AgentError

TREE = "tree"
OPS = "ops.jsonl"
JOURNAL = "journal.json"
PARTS = "parts"
PARTS_DAYS = 7
PARTS_LIMIT = 2 << 30
PARTS_YOUNG = 86400.0
"""Seconds for which a part stays however large it is: its transfer is likely to go on."""

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_TOKEN = 8
_TRIES = 10


def new_token() -> str:
    """Return a fresh random name of a transfer."""
    return "".join(_ALPHABET[byte & 31] for byte in os.urandom(_TOKEN))


def is_token(name: str) -> bool:
    """Say whether ``name`` is a transfer's."""
    return len(name) == _TOKEN and all(char in _ALPHABET for char in name)


def own_folder(root: str) -> str:
    """Return ``<root>/.mnix``, made when needed, and ignored by git; never through a link.

    A client keeps there, beside the files themselves, what is on its way to them and what was
    replaced. Raises ``AgentError`` when something else has that name.
    """
    path = os.path.join(root, ".mnix")
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o700)
    check_own(root)
    ignore = os.path.join(path, ".gitignore")
    with contextlib.suppress(FileExistsError):
        handle = os.open(ignore, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            os.write(handle, b"*\n")
        finally:
            os.close(handle)
    return path


def check_own(root: str) -> None:
    """Raise ``AgentError`` where what is mnix's own beside the files leads anywhere else.

    Files that somebody else made (a clone, an archive) can bring links of these names.
    """
    for below in (".mnix", ".mnix/incoming", f".mnix/incoming/{PARTS}", ".mnix/trash"):
        path = os.path.join(root, below)
        try:
            info = os.lstat(path)
        except FileNotFoundError:
            continue
        if not stat.S_ISDIR(info.st_mode):
            raise AgentError(
                "error", f"{path} is no folder", "mnix keeps replaced files there: move it away"
            )


@contextlib.contextmanager
def place(incoming: str) -> Iterator[str]:
    """Give a fresh folder for one transfer; afterwards only what has a journal stays."""
    os.makedirs(incoming, mode=0o700, exist_ok=True)
    with contextlib.ExitStack() as stack:
        path = _fresh(incoming, stack)
        os.mkdir(os.path.join(path, TREE), 0o755)
        try:
            yield path
        finally:
            # Verified but not applied (the project is busy, the disk is full): the next look
            # does it.
            if not os.path.lexists(os.path.join(path, JOURNAL)):
                remove(path)


def _fresh(incoming: str, stack: contextlib.ExitStack) -> str:
    """Make a folder that bears its name only once it is claimed, until ``stack`` is closed."""
    for left in range(_TRIES - 1, -1, -1):
        path = os.path.join(incoming, new_token())
        os.mkdir(f"{path}.new", 0o700)
        try:
            with contextlib.ExitStack() as claim:
                claim.enter_context(claimed(f"{path}.new", tries=10))
                os.rename(f"{path}.new", path)
                stack.push(claim.pop_all())
            return path
        except (FileNotFoundError, BlockingIOError):
            # Somebody who clears up took it for what another one left.
            if not left:
                raise
    raise AssertionError("the last try raises")


@contextlib.contextmanager
def claimed(path: str, tries: int = 1) -> Iterator[None]:
    """Hold a transfer's folder; raise ``BlockingIOError`` while another process does."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        for left in range(tries - 1, -1, -1):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not left:
                    raise
                select.select((), (), (), 0.01)
        yield
    finally:
        os.close(handle)


def left(incoming: str) -> List[str]:
    """Return the folders of transfers that nobody works on."""
    found = []
    try:
        names = sorted(os.listdir(incoming))
    except OSError:
        return []
    for name in names:
        token = name[: -len(".new")] if name.endswith(".new") else name
        if not is_token(token):
            continue
        path = os.path.join(incoming, name)
        with contextlib.suppress(OSError), claimed(path):
            found.append(path)
    return found


def remove(path: str) -> None:
    """Remove a transfer's folder; a journal goes before what it speaks of."""
    for name in (JOURNAL, OPS):
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(path, name))
    import shutil

    shutil.rmtree(path, ignore_errors=True)


def parts(incoming: str) -> Dict[str, int]:
    """Return how much there is of each large file that didn't arrive as a whole."""
    return {name: info.st_size for name, info in _parts(incoming)}


def prune_parts(
    incoming: str,
    *,
    days: float = PARTS_DAYS,
    limit: int = PARTS_LIMIT,
    young: float = PARTS_YOUNG,
    now: Optional[float] = None,
) -> None:
    """Remove parts that are old, and the oldest of those that are too much together.

    Those that are ``young`` (seconds) are none of them.
    """
    now = time.time() if now is None else now
    total = 0
    for name, info in sorted(_parts(incoming), key=lambda each: -each[1].st_mtime):
        age = now - info.st_mtime
        total += info.st_size if age >= young else 0
        if age > days * 86400 or (age >= young and total > limit):
            with contextlib.suppress(OSError):
                _unlink_idle(os.path.join(incoming, PARTS, name))


def _unlink_idle(path: str) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # else it grows just now
        os.unlink(path)
    finally:
        os.close(handle)


def _parts(incoming: str) -> "list[tuple[str, os.stat_result]]":
    found = []
    try:
        with os.scandir(os.path.join(incoming, PARTS)) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    info = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(info.st_mode):
                        found.append((entry.name, info))
    except OSError:
        return []
    return found


def translated(error: OSError) -> AgentError:
    """Return the error for what the file system said while files arrived."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return AgentError("no-space", "the disk is full", "make room there; nothing was changed")
    return AgentError("error", f"files can't be received: {error}", "nothing was changed")
