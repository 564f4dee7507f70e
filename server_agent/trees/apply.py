"""Applying a verified transfer to a tree, item by item, each by one rename.

It begins when all of it is there and verified, and was checked against what the tree holds; then
the journal is written, and from that moment it is finished, whatever happens. Nothing is replaced
or deleted that isn't what was expected, and what is goes to the trash.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Iterable
from typing import List, NamedTuple, Optional, Set

from server_agent.protocol.errors import ProtocolError
from server_agent.trees import durable, staging, swap
from server_agent.trees import journal as journals
from server_agent.trees.check import Check
from server_agent.trees.differing import RULE_FILES
from server_agent.trees.folders import FOLDER as OPEN_FOLDER
from server_agent.trees.folders import READ, Folders, MadeFolders, split
from server_agent.trees.hindered import NotKept, reason
from server_agent.trees.index import Index
from server_agent.trees.journal import TREE_MOVE, Journal, Step
from server_agent.trees.kept import Kept
from server_agent.trees.learning import learn
from server_agent.trees.model import FILE, FOLDER, parent
from server_agent.trees.receive import Batch, Skipped
from server_agent.trees.renaming import lstat_at, move_in, rename_over

_NOT_EMPTY = (errno.ENOTEMPTY, errno.EEXIST)
_IN_THE_WAY = (*_NOT_EMPTY, errno.ENOTDIR, errno.EISDIR, errno.EXDEV)


class Applied(NamedTuple):
    """What became of a transfer."""

    applied: int
    skipped: List[Skipped]
    trashed: int
    """How many files and links went to the trash."""
    trash: Optional[str]
    """The id of their batch there."""


def apply(
    batch: Batch,
    root: str,
    trash: str,
    index: Optional[Index] = None,
    *,
    by: str = "",
    why: str = "sync",
    give_up: bool = False,
    secret: bytes = b"",
) -> Applied:
    """Apply what arrived, as far as everything is still as it was expected to be.

    ``index`` says which content a known file has, and learns the new ones; it is not saved.
    Raises ``OSError``: before the journal is written nothing was changed; afterwards the rest
    follows when ``recover`` is called (with more rights after a ``PermissionError``), given the
    same ``secret``: that is for a place where others can put files. With ``give_up``, there is
    nobody with more rights: items that we have no right to change are passed over.
    """
    if index is not None:
        index.seq += 1
    checked = Check(batch, root, index, give_up=give_up).run()
    if not checked.steps:
        return Applied(checked.applied, checked.skipped, 0, None)
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime(now))
    journal = Journal(f"{stamp}-{os.path.basename(batch.place)}", now, by, why)
    durable.contents(os.path.join(batch.place, staging.TREE), checked.steps)
    journals.write(batch.place, journal, checked.steps, secret)
    work = Application(batch.place, root, trash, journal, index, give_up=give_up)
    work.run(checked.steps)
    if index is not None:
        learn(index, root, batch, checked, work.moved)
    staging.remove(batch.place)
    skipped = checked.skipped + work.skipped
    return Applied(checked.applied - len(work.skipped), skipped, work.kept.items, work.trash)


def recover(
    incoming: str,
    root: str,
    trash: str,
    index: Optional[Index] = None,
    *,
    give_up: bool = False,
    secret: bytes = b"",
) -> int:
    """Finish what has a journal, throw away what has none; return how many were finished.

    Nobody else may apply meanwhile. Parts stay. Raises ``OSError`` like ``apply``.
    """
    finished = 0
    for place in staging.left(incoming):
        with contextlib.suppress(BlockingIOError, FileNotFoundError), staging.claimed(place, 10):
            journal = journals.read(place)
            if journal is not None and secret and not journals.is_ours(place, journal, secret):
                continue  # it came with the files, from somebody else
            if journal is not None:
                if index is not None:
                    index.seq += 1
                work = Application(place, root, trash, journal, index, give_up=give_up)
                try:
                    work.run(journals.steps(place))
                    finished += 1
                except ProtocolError:
                    pass  # not written by us: nothing to be finished
            staging.remove(place)
    return finished


def interrupted(incoming: str) -> bool:
    """Say whether a transfer is left that nobody works on."""
    return bool(staging.left(incoming))


class Application:
    """Does the steps of a journal; those that were done before are found to be done."""

    def __init__(
        self,
        place: str,
        root: str,
        trash: str,
        journal: Journal,
        index: Optional[Index] = None,
        *,
        give_up: bool = False,
    ) -> None:
        self.kept = Kept(trash, journal)
        self.skipped: List[Skipped] = []
        self.trash: Optional[str] = None
        self.moved: Set[str] = set()
        """The folders that were moved as a whole."""
        self._tree = os.path.join(place, staging.TREE)
        self._root = root
        self._index = index
        self._knew = index is not None and bool(index.items(""))
        self._give_up = give_up

    def run(self, steps: Iterable[Step]) -> None:
        """Do all steps. Raises ``OSError`` for what stands in the way of all of them."""
        self._source = Folders(self._tree, through_links=False)
        self._target = Folders(self._root)
        self._maker = MadeFolders(self._root)
        replaced = set()
        try:
            for step in steps:
                self._do(step)
                if durable.replaces(step):
                    replaced.add(parent(step.path))
            self.trash = self.kept.finish()
            durable.write_out(self._root, replaced)
        finally:
            self.kept.close()
            for folders in (self._source, self._target, self._maker):
                folders.close()

    def _do(self, step: Step) -> None:
        try:
            if step.op == "x":
                self._remove(step)
            elif step.op == "m":
                self._mode(step)
            else:
                self._put(step)
        except OSError as error:
            why = reason(error, rights=not self._give_up)
            if not why:
                raise
            self._forget_folders()
            self._skip(step, why)

    def _put(self, step: Step) -> None:
        folder, name = split(step.path)
        try:
            source = self._source.at(folder)
            staged = os.lstat(name, dir_fd=source)
        except FileNotFoundError:
            # Done before a cut.
            return self._record(step)
        if _was_swapped(step, staged):
            # It changed places with the old one before a cut.
            self._keep(source, name, step.path, staged)
            return self._record(step)
        if step.op == FILE and step.state is not None and staged.st_size != step.state.size:
            # The machine lost power before its disk had all of it.
            return self._skip(step, "damaged")
        target = self._maker.at(folder)
        info = lstat_at(target, name)
        if step.found is None:
            if info is not None and not (step.op == TREE_MOVE and stat.S_ISDIR(info.st_mode)):
                return self._skip(step, "changed")
        elif info is None:
            # An empty folder, or a file that is in the trash: taken away before a cut.
            if step.found.kind != FOLDER and not self.kept.has(step.path, step.found.inode):
                return self._skip(step, "changed")
        elif not step.found.matches(info):
            return self._skip(step, "changed")
        elif stat.S_ISDIR(info.st_mode):
            if step.op != TREE_MOVE and not self._remove_folder(target, name):
                return self._skip(step, "not-empty")
            target = self._maker.at(folder)  # what was open is closed with a folder that goes
        elif step.op == TREE_MOVE:
            if not self._away(step, target, name, info):
                return None
        else:
            return self._replace(step, source, target, name, staged)
        if step.op == TREE_MOVE:
            return self._move_tree(step, source, target, name)
        if not move_in(source, target, name):
            return self._skip(step, "changed")
        return self._record(step)

    def _replace(
        self, step: Step, source: int, target: int, name: str, staged: os.stat_result
    ) -> None:
        assert step.found is not None
        if not swap.exchange(source, target, name):
            return self._rename_over(step, source, target, name)
        old = os.lstat(name, dir_fd=source)
        if step.found.matches(old):
            self._keep(source, name, step.path, old)
            return self._record(step)
        # Somebody was faster: theirs goes back to its place.
        with contextlib.suppress(OSError):
            swap.exchange(source, target, name)
        back = os.lstat(name, dir_fd=source)
        if back.st_ino != staged.st_ino:
            self._keep(source, name, step.path, back)  # and faster again
        return self._skip(step, "changed")

    def _keep(self, source: int, name: str, path: str, info: os.stat_result) -> None:
        """Keep what changed places with what came: it is nowhere else now."""
        try:
            self.kept.move(source, name, path, info)
        except OSError as error:
            raise NotKept(error.errno, error.strerror, path) from error

    def _rename_over(self, step: Step, source: int, target: int, name: str) -> None:
        # A second name in the trash first: then the rename replaces the file without a moment in
        # which there is none.
        info = os.lstat(name, dir_fd=target)
        self.kept.link(target, name, step.path, info)
        now = os.lstat(name, dir_fd=target)
        if step.found is None or not step.found.matches(now):
            return self._skip(step, "changed")
        rename_over(source, target, name)
        return self._record(step)

    def _move_tree(self, step: Step, source: int, target: int, name: str) -> None:
        self._source.forget()
        source = self._source.at(parent(step.path))
        try:
            os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)
        except OSError as error:
            if error.errno not in _IN_THE_WAY:
                raise
            self._merge(source, target, name, step.path)
            return
        self.moved.add(step.path)

    def _merge(self, source: int, target: int, name: str, path: str) -> None:
        """Move what is in a folder into one that is there: it was made since, or is far away."""
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, dir_fd=target)
        inner_source = os.open(name, OPEN_FOLDER, dir_fd=source)
        try:
            inner_target = os.open(name, OPEN_FOLDER, dir_fd=target)
            try:
                for each in sorted(os.listdir(inner_source)):
                    below = f"{path}/{each}"
                    info = os.lstat(each, dir_fd=inner_source)
                    if stat.S_ISDIR(info.st_mode):
                        self._merge(inner_source, inner_target, each, below)
                    elif not move_in(inner_source, inner_target, each):
                        self.skipped.append((below, "changed", None))
            finally:
                os.close(inner_target)
        except OSError as error:
            if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                raise
            self.skipped.append((path, "changed", None))
        finally:
            os.close(inner_source)

    def _remove(self, step: Step) -> None:
        folder, name = split(step.path)
        try:
            target = self._target.at(folder)
        except (FileNotFoundError, NotADirectoryError):
            return self._unlearn(step.path)
        info = lstat_at(target, name)
        if info is None:
            return self._unlearn(step.path)
        if step.found is None or not step.found.matches(info):
            return self._skip(step, "changed")
        if stat.S_ISDIR(info.st_mode):
            if not self._remove_folder(target, name):
                return self._skip(step, "not-empty")
        elif not self._away(step, target, name, info):
            return None
        return self._unlearn(step.path)

    def _remove_folder(self, target: int, name: str) -> bool:
        try:
            os.rmdir(name, dir_fd=target)
        except OSError as error:
            if error.errno in _NOT_EMPTY:
                return False
            raise
        self._forget_folders()
        return True

    def _away(self, step: Step, target: int, name: str, info: os.stat_result) -> bool:
        """Move what is there to the trash; say False when something else was there."""
        moved = self.kept.move(target, name, step.path, info)
        if moved.st_ino == info.st_ino:
            return True
        self.kept.give_back(target, name, step.path, moved)
        self._skip(step, "changed")
        return False

    def _mode(self, step: Step) -> None:
        folder, name = split(step.path)
        assert step.state is not None
        handle = os.open(name, READ, dir_fd=self._target.at(folder))
        try:
            info = os.fstat(handle)
            there = step.found
            if there is None or not there._replace(mode=stat.S_IMODE(info.st_mode)).matches(info):
                return self._skip(step, "changed")
            os.fchmod(handle, step.state.mode)
        finally:
            os.close(handle)
        return self._record(step)

    def _skip(self, step: Step, why: str) -> None:
        self.skipped.append((step.path, why, None))
        if step.op == TREE_MOVE:
            # With all that should have come into it.
            top = os.path.join(self._tree, step.path)
            for folder, folders, files in os.walk(top):
                below = os.path.relpath(folder, self._tree)
                self.skipped += [(f"{below}/{name}", why, None) for name in folders + files]

    def _forget_folders(self) -> None:
        for folders in (self._target, self._maker):
            folders.forget()

    # --- what the index learns

    def _record(self, step: Step) -> None:
        if self._index is None or step.state is None or step.op == TREE_MOVE:
            return
        folder, name = split(step.path)
        self._doubt(name)
        try:
            info = lstat_at(self._target.at(folder), name)
        except OSError:
            return
        state = step.state
        if info is None or (
            state.kind == FILE and (info.st_size, info.st_mtime_ns) != (state.size, state.mtime)
        ):
            return  # changed since: the next look finds out
        self._index.record(step.path, state, info)

    def _unlearn(self, path: str) -> None:
        if self._index is not None:
            self._index.forget(path)
            self._doubt(path.rpartition("/")[2])

    def _doubt(self, name: str) -> None:
        # Rules that came by a transfer look unchanged to the next scan: what was there before they
        # came has to be judged by them all the same.
        if self._index is not None and self._knew and name in RULE_FILES:
            self._index.rules = ""


def _was_swapped(step: Step, staged: os.stat_result) -> bool:
    if step.op == TREE_MOVE or step.found is None or step.found.kind == FOLDER:
        return False
    if step.staged:
        return step.staged != staged.st_ino
    return step.found.inode == staged.st_ino
