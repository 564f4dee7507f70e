"""The folder here: what is known of it, what changed in it, and what is put into it.

All of it blocks, and is for one thread at a time.
"""

# Paths are strings here: there are many of them, and not all are UTF-8.
# ruff: noqa: PTH118

from __future__ import annotations

import contextlib
import os
import shlex
import time
from typing import TYPE_CHECKING

from mnix_tui.domain.text import plain
from mnix_tui.errors import SyncError
from mnix_tui.store import syncing as kept
from mnix_tui.sync import state
from mnix_tui.sync.model import printable
from server_agent.protocol.sync import SMALL
from server_agent.trees.index import Index

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from mnix_tui.domain.projects import Project
    from mnix_tui.sync.state import Pair
    from mnix_tui.sync.verdicts import Triple
    from server_agent.trees.model import Note, State

OURS = ".mnix"
KEEP_BLOCKS = 1 << 20
"""Bytes of the smallest file whose blocks are remembered, so that a change in it is sent alone."""
_BLOCK = 256 << 10
_MOST_LEFT = 10_000
"""Paths that are left out here of which it is remembered what was agreed."""
_NOTHING: Mapping[str, Pair] = {}


class Local:
    """A project's folder, and what is remembered of it."""

    def __init__(self, database: Path, project: Project, *, dot_git: bool = True) -> None:
        self.database = database
        self.project = project
        self.root = project.folder
        self.dot_git = dot_git
        self.index = Index()
        self.odd: dict[str, Pair] = {}
        self.row = kept.SyncRow()
        self.client = ""
        self.secret = b""
        """What shows that a journal in the folder is this client's own."""
        self.first = ""
        """Whose word counts while nothing was agreed: ``server``, ``nobody``; "" once it was."""
        self.elsewhere = False
        """Whether the folder is another one than the one that was agreed, and not moved."""
        self.changes: dict[str, tuple[State | None, State | None]] = {}
        """What differs from what was last kept: before and now."""
        self.notes: list[str] = []
        """What a person should know of what is not taken, or could not be read."""
        self.blocks: dict[str, bytes] = {}
        self.stopped = False
        """Set to end a scan that nobody waits for any more."""
        self._number = 0
        self._new = False

    def load(self) -> None:
        """Read what is remembered, and forget what was found since."""
        self.changes.clear()
        self.odd.clear()
        self.first, self._new, self.elsewhere = "", False, False
        found = kept.load(self.database, self.project)
        self._number, self.client, self.secret = found.number, found.client, found.secret
        row = found.row
        if row is None or (row.folder != self.root and not (row.folder and row.there_id)):
            older = row is not None and row.older and not row.folder
            self.row = kept.SyncRow(folder=self.root, older=older)
            self.first = "server" if older else "nobody"
            self._new = True
            self.index = Index()
            return
        self.row = row
        folders = {os.fsdecode(folder): items for folder, items in found.folders.items()}
        self.index = Index(row.here_id, row.here_seq, folders)
        self.index.rules = row.rules
        self.odd = state.read_odd(found.odd)
        if row.folder != self.root and not _is_of(self.index, self.root):
            self.elsewhere = True
            self.index.rules = ""

    def outdated(self) -> bool:
        """Say whether another mnix of this client kept something since this one did."""
        found = kept.peek(self.database, self._number)
        return found is not None and found != (self.row.there_id, self.row.there_seq, self.row.at)

    def scan(self, only: set[str] | None = None) -> None:
        """Look what changed; ``only`` in these folders. Raises ``SyncError``."""
        from mnix_tui.sync.choosing import chooser
        from server_agent.trees.scan import scan

        rules = chooser(self.root, self.index, dot_git=self.dot_git)
        try:
            found = scan(self.root, self.index, rules, only=only, eager=self._eager)
        except FileNotFoundError as error:
            raise _gone(self.project) from error
        except NotADirectoryError as error:
            raise SyncError(f"{self.root} is not a folder") from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise SyncError(f"{self.root} can't be read", reason, "is it still there?") from error
        finally:
            rules.close()
        for path, (before, now) in found.changes.items():
            first = self.changes[path][0] if path in self.changes else before
            self.changes[path] = (first, now)
        if only is None:
            self.notes = [*map(_said, found.notes), *rules.notes]
        self.blocks.update(found.blocks)

    def _eager(self, path: str, size: int) -> bool:
        """Say whether a new file is read now."""
        if self.stopped:
            raise SyncError("Looking at the files was interrupted")
        # What is most likely new there too is read once: it gets its digest when it is sent.
        return self.first != "nobody" or size > SMALL

    def digests(self, paths: Iterable[str]) -> dict[str, str | None]:
        """Read files whose digests turn out to be needed."""
        from server_agent.trees.scan import hash_now

        return hash_now(self.root, self.index, paths, self.blocks)

    def learn(self, values: Mapping[str, str]) -> None:
        """Keep the digests of files that were sent as they were scanned."""
        for path in sorted(values):
            item = self.index.find(path)
            if item is not None and item.kind == "f" and not item.value:
                self.index.refresh(path, item._replace(value=values[path]))

    def blocks_of(self, digest: str) -> bytes:
        """Return the blocks of a large file that is known, here or from before."""
        if digest not in self.blocks:
            self.blocks[digest] = kept.blocks(self.database, digest)
        return self.blocks[digest]

    def save(
        self,
        triples: Mapping[str, Triple],
        left: Mapping[str, Pair] = _NOTHING,
        *,
        looked: bool,
        pushed: float | None = None,
    ) -> None:
        """Keep what is known now. ``looked``: the server was listed, so that much was agreed.

        ``left``: what was agreed of what is left out here.
        """
        if self._new and not looked:
            return
        odd, even = state.split(triples)
        for path, pair in left.items():
            # Of many, what was agreed is forgotten: if they come back they are compared anew.
            if pair != (None, None) and len(left) <= _MOST_LEFT:
                if self.odd.get(path) != pair:
                    odd[path] = pair
            elif path in self.odd:
                even.append(path)
        index, row = self.index, self.row
        index.flush()
        row.folder, row.older = self.root, False
        row.here_id, row.here_seq, row.rules = index.id, index.seq, index.rules
        folders = index.folders() if self._new else index.changed
        large = {
            digest: blocks
            for digest, blocks in self.blocks.items()
            if len(blocks) * _BLOCK >= KEEP_BLOCKS * 24
        }
        learned = kept.Learned(
            row=row,
            folders={os.fsencode(folder): index.blob(folder) for folder in folders},
            all_folders=self._new,
            odd=state.write_odd(odd),
            even=[os.fsencode(path) for path in even],
            all_odd=self._new,
            blocks=large,
            pushed=pushed,
        )
        kept.save(self.database, self._number, learned)
        self._new, self.first, self.elsewhere = False, "", False
        index.changed.clear()
        self.changes.clear()
        for path in even:
            self.odd.pop(path, None)
        self.odd.update(odd)

    # -- what is put into it

    @contextlib.contextmanager
    def place(self) -> Iterator[str]:
        """Give a fresh folder for what arrives, in the folder's own ``.mnix``."""
        from server_agent.trees import staging

        with staging.place(os.path.join(self._ours(), "incoming")) as place:
            yield place

    def recover(self) -> None:
        """Finish what a killed mnix had begun to put here."""
        if os.path.lexists(os.path.join(self.root, OURS)):
            from server_agent.trees import staging
            from server_agent.trees.apply import recover

            if not self.secret:
                raise RuntimeError("what is remembered was not read")
            staging.check_own(self.root)
            places = (self.incoming, self.root, self.trash)
            recover(*places, self.index, give_up=True, secret=self.secret)

    def parts(self) -> dict[str, int]:
        """Return how much there is of each large file that came in part."""
        from server_agent.trees import staging

        return staging.parts(self.incoming)

    @property
    def incoming(self) -> str:
        """Where files wait until all of them have arrived."""
        return os.path.join(self.root, OURS, "incoming")

    @property
    def trash(self) -> str:
        """Where what is replaced goes."""
        return os.path.join(self.root, OURS, "trash")

    def _ours(self) -> str:
        from server_agent.trees import staging

        return staging.own_folder(self.root)


def new_stamp() -> str:
    """Return the time as it stands in the name of a second copy."""
    return time.strftime("%Y%m%d-%H%M%S")


def _is_of(index: Index, root: str) -> bool:
    """Say whether an index is about a folder that was only moved: it has the same files still."""
    known = [item for item in index.items("") if item.inode]
    there = 0
    for item in known:
        with contextlib.suppress(OSError):
            there += os.lstat(os.path.join(root, item.name)).st_ino == item.inode
    return 0 < there >= len(known) / 2


def _said(note: Note) -> str:
    left_out = "was left out: it " if note.kind in ("special", "link-out") else ""
    return f"{printable(note.path)} {left_out}{note.text}"


def _gone(project: Project) -> SyncError:
    name = shlex.quote(plain(project.ref))
    return SyncError(
        f"{project.folder} is gone",
        "a folder that vanished is never read as one whose files were deleted: nothing was done",
        f"is its disk mounted? If it moved: mnix adopt {name} FOLDER, where it is now",
    )
