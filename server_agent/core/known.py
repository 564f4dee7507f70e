"""What the agent knows of a workspace: its index, under the lock of all who look or apply."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import time
from collections.abc import Iterable, Iterator
from typing import Any, Optional, Tuple

from server_agent.core import paths
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError
from server_agent.trees.index import FileIndex
from server_agent.trees.scan import scan

MOST_BLOCKS = 1000
"""Block lists of large files that are kept."""
MOST_AT_ONCE = 1 << 28
"""Bytes that are read before others may look or apply."""
_PATIENCE = 120.0  # seconds that another one may take to look, or to apply what came
_STEP = 0.01
_OWNER_HOURS = 24.0


Rules = Tuple[bool, Tuple[str, ...]]
"""A client's part of the rules: whether .git is taken, and lines of its own."""


class Known:
    """A project's workspace and its index. The lock is held while one looks or applies."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.root = project.workspace
        self.folder = os.path.join(project.folder, "sync")
        self.index = FileIndex()
        self.kept = True
        """Whether the index was saved: if not, its numbers will be given again."""
        self._print: Any = None
        self._dot_git = True
        self._extra: tuple[str, ...] = ()
        self._held = 0

    def rules(self, dot_git: bool, extra: Iterable[str]) -> None:
        """Take the client's part of the rules."""
        self._dot_git, self._extra = dot_git, tuple(extra)

    def last_rules(self) -> Optional[Rules]:
        """Return what was noted of the client's rules; ``None`` if nothing was."""
        import json

        try:
            with open(os.path.join(self.folder, "rules"), "rb") as file:
                dot_git, extra = json.load(file)
            return bool(dot_git), tuple(str(line) for line in extra)
        except (OSError, ValueError, TypeError):
            return None

    def note_rules(self, rules: Rules) -> None:
        """Note the client's rules for the next time; that fails without a word."""
        if rules == self.last_rules():
            return
        import json

        path = os.path.join(self.folder, "rules")
        with contextlib.suppress(OSError):
            with open(f"{path}.{os.getpid()}", "w", encoding="ascii") as file:
                json.dump(rules, file)
            os.rename(f"{path}.{os.getpid()}", path)

    @contextlib.contextmanager
    def locked(self) -> Iterator[FileIndex]:
        """Hold the lock, with the index as it is on the disk. Raises ``busy``, ``OSError``."""
        if self._held:
            yield self.index
            return
        self._make_folder()
        handle = os.open(
            os.path.join(self.folder, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            _wait_for(handle, self.project)
            self._held += 1
            self._load()
            yield self.index
        finally:
            self._held = 0
            os.close(handle)

    def load(self) -> None:
        """Read what is known, if that was not done yet."""
        with self.locked():
            pass

    def look(self, only: Optional[set[str]]) -> list[Any]:
        """Find out what changed (in some folders); return what there is to say about it."""
        with self.locked() as index, self._there():
            found = scan(self.root, index, self._chooser(), only=only, eager=_never, collect=False)
            self.save()
        for value, blocks in found.blocks.items():
            self.keep_blocks(value, blocks)
        return list(found.notes)

    def is_newest(self) -> bool:
        """Say whether nobody else has looked or applied since this one did."""
        return self.kept and self._print == self._printed()

    def digests(self, wanted: list[str]) -> dict[str, Optional[str]]:
        """Return the digests of files, ``None`` for what is none."""
        from server_agent.trees.scan import hash_now

        found: dict[str, Optional[str]] = {}
        blocks: dict[str, bytes] = {}
        first = 0
        while first < len(wanted):
            if first:  # others get their turn, who look for it every _STEP
                select.select((), (), (), 2 * _STEP)
            with self.locked() as index:
                some = at_once(index, wanted, first)
                found.update(hash_now(self.root, index, some, blocks))
                self.save()
            first += len(some)
        for value, listed in blocks.items():
            self.keep_blocks(value, listed)
        return found

    def save(self) -> None:
        """Save the index; on a full disk note that it could not be. The lock is held."""
        try:
            self.index.save(self._path)
            self.kept = True
        except OSError:
            self.kept = False
        self._print = self._printed()

    def recover(self) -> None:
        """Finish what an earlier conversation left, if it did. Raises ``busy`` when it can't."""
        from server_agent.trees import staging

        if staging.left(self.project.incoming):
            from server_agent.core import projects

            with projects.locked(self.project.id, "recovery", wait=10.0):
                pass  # which finishes it

    def folders(self) -> list[str]:
        """Return the folders that are known."""
        return self.index.folders() or [""]

    def skipped(self, folder: str, name: str) -> bool:
        """Say whether a name is one that the rules leave out."""
        found = self.index.find(f"{folder}/{name}" if folder else name)
        return found is not None and found.kind in ("i", "j")

    def parts(self) -> dict[str, int]:
        """Return how much there is of large files whose transfer was cut."""
        from server_agent.trees import staging

        return staging.parts(self.project.incoming)

    def free(self) -> int:
        """Return the bytes that can be written here."""
        found = os.statvfs(self.root)
        return found.f_bavail * found.f_frsize

    # -- large files' blocks

    def blocks(self, value: str) -> bytes:
        """Return the block list of a content, b"" when it isn't known."""
        try:
            with open(os.path.join(self.folder, "blocks", value), "rb") as file:
                return file.read()
        except (OSError, ValueError):
            return b""

    def keep_blocks(self, value: str, blocks: bytes) -> None:
        """Keep a large file's block list for when its next version is fetched."""
        if not blocks or not value:
            return
        folder = os.path.join(self.folder, "blocks")
        with contextlib.suppress(OSError):
            os.makedirs(folder, mode=0o700, exist_ok=True)
            paths.write_atomic(os.path.join(folder, value), blocks)
            names = os.listdir(folder)
            if len(names) > MOST_BLOCKS:
                files = sorted((os.path.join(folder, name) for name in names), key=_age)
                for path in files[: len(files) - MOST_BLOCKS // 2]:
                    os.unlink(path)

    # -- files of others

    def needs_owner(self) -> bool:
        """Say whether there was something lately that only a container's root can read."""
        try:
            age = time.time() - os.stat(os.path.join(self.folder, "owner")).st_mtime
        except OSError:
            return False
        return 0 <= age < _OWNER_HOURS * 3600

    def note_owner(self) -> None:
        """Note that there is."""
        with contextlib.suppress(OSError), open(os.path.join(self.folder, "owner"), "wb"):
            pass

    def hand_over(self, said: dict[str, Any]) -> str:
        """Write what a client said where another process finds it; return the path."""
        import json

        self._make_folder()
        path = os.path.join(self.folder, f"hello.{paths.new_id()}")
        paths.write_atomic(path, json.dumps(said).encode())
        return path

    def _make_folder(self) -> None:
        with contextlib.suppress(FileExistsError), self._there():
            os.mkdir(self.folder, 0o700)

    @contextlib.contextmanager
    def _there(self) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, NotADirectoryError) as error:
            raise AgentError(
                "not-found",
                f"the workspace of {self.project.name} is gone: {self.root}",
                "was the project removed? see: mnix ls --refresh",
            ) from error

    @property
    def _path(self) -> str:
        return os.path.join(self.folder, "index")

    def _load(self) -> None:
        now = self._printed()
        if self.kept and (self._print is None or now != self._print):
            self.index = FileIndex.load(self._path)
            self._print = now

    def _printed(self) -> Any:
        try:
            found = os.stat(self._path)
        except OSError:
            return ()
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _chooser(self) -> Any:
        from server_agent.trees.rules import RuleChooser

        return RuleChooser(self.root, self._extra, dot_git=self._dot_git)


def at_once(index: FileIndex, wanted: list[str], first: int) -> list[str]:
    """Return the next of ``wanted`` that are read while the lock is held: one, if it is large."""
    size = 0
    for at in range(first, len(wanted)):
        item = index.find(wanted[at])
        size += item.size if item is not None and not item.value else 0
        if size > MOST_AT_ONCE and at > first:
            return wanted[first:at]
    return wanted[first:]


def _never(path: str, size: int) -> bool:
    return False


def _age(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


def _wait_for(handle: int, project: Project) -> None:
    import threading

    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= until:
                raise AgentError(
                    "busy", f"{project.name} is busy: another sync", "try again in a moment"
                ) from None
            threading.Event().wait(_STEP)
