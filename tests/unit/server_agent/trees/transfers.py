"""Carrying trees from one folder to another in one process, as a client and an agent do."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from server_agent.protocol.frames import FrameReader
from server_agent.trees import staging
from server_agent.trees.apply import Applied, apply
from server_agent.trees.digest import hash_file
from server_agent.trees.model import State, same
from server_agent.trees.receive import Batch, Receiver
from server_agent.trees.wire_out import Outgoing, Sender

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from server_agent.trees.index import Index
    from server_agent.trees.receive import Wanted

Tree = dict[str, State]


def states(root: Path) -> Tree:
    """Read a whole tree; each content is read."""
    found: Tree = {}
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = os.path.join(folder, name)
            below = os.path.relpath(path, root)
            if below.split("/")[0] == ".mnix":
                continue
            info = os.lstat(path)
            if stat.S_ISLNK(info.st_mode):
                found[below] = State("l", 0, 0, info.st_mtime_ns, os.readlink(path))
            elif stat.S_ISDIR(info.st_mode):
                found[below] = State("d", 0, 0, 0, "")
            else:
                value, _ = hash_file(path)
                mode = stat.S_IMODE(info.st_mode)
                found[below] = State("f", mode, info.st_size, info.st_mtime_ns, value)
    return found


def alike(a: Tree, b: Tree) -> bool:
    """Say whether two trees hold the same."""
    return a.keys() == b.keys() and all(same(a[path], b[path]) for path in a)


def contents(*roots: Path) -> set[str]:
    """Return the digests and targets of all that is anywhere in the folders."""
    found = set()
    for root in roots:
        found |= {state.value for state in states(root).values() if state.kind != "d"}
    return found


def changes(old: Tree, new: Tree) -> list[Outgoing]:
    """Return what has to be sent to make ``old`` into ``new``."""
    out = []
    for path in sorted({*old, *new}):
        before, after = old.get(path), new.get(path)
        if same(before, after):
            continue
        only = before and after and before.kind == after.kind == "f" and before.value == after.value
        out.append(Outgoing(path, after, before, mode_only=bool(only)))
    return out


def packets(source: Path, items: Iterable[Outgoing], **sending: object) -> list[bytes]:
    """Return the frames that carry items."""
    blocks = sending.pop("blocks", None)
    return list(Sender(os.fspath(source), **sending).frames(items, blocks))  # type: ignore[arg-type]


@contextmanager
def quick_folder() -> Iterator[Path]:
    """Give a folder in memory, if there is any: some tests make and remove a thousand trees."""
    shm = "/dev/shm"
    place = mkdtemp(prefix="trees-", dir=shm if os.access(shm, os.W_OK) else None)
    try:
        yield Path(place)
    finally:
        shutil.rmtree(place)


@contextmanager
def received(
    frames: Iterable[bytes],
    incoming: Path,
    root: Path,
    wanted: Callable[[str], Wanted | None] | None = None,
) -> Iterator[Batch]:
    """Receive frames into a folder of ``incoming``."""
    reader = FrameReader()
    with staging.place(os.fspath(incoming)) as place:
        receiver = Receiver(place, os.fspath(root), wanted=wanted)
        try:
            for data in frames:
                for frame in reader.feed(data):
                    receiver.feed(frame)
            yield receiver.finish()
        finally:
            receiver.close()


def carry(frames: Iterable[bytes], root: Path, index: Index | None = None) -> Applied:
    """Receive frames and apply them to ``root``; staging and trash are beside it."""
    incoming, trash = root.parent / "incoming", root.parent / "trash"
    with received(frames, incoming, root) as batch:
        return apply(batch, os.fspath(root), os.fspath(trash), index, by="me")


def plant(root: Path, files: dict[str, str | bytes | None]) -> Path:
    """Make files; a value ``None`` is a folder, one that begins with ``->`` a link."""
    root.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            place.mkdir(exist_ok=True)
        elif isinstance(content, str) and content.startswith("->"):
            place.symlink_to(content[2:])
        else:
            place.write_bytes(content.encode() if isinstance(content, str) else content)
    return root
