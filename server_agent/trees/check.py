"""Checking a transfer against what is there: which of its items may be applied, and how."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import Dict, List, NamedTuple, Optional, Set, Tuple

from server_agent.trees.folders import Folders, split
from server_agent.trees.index import Index
from server_agent.trees.journal import TREE_MOVE, Found, Step, found
from server_agent.trees.links import Links
from server_agent.trees.model import FILE, FOLDER, LINK, State, parent, same
from server_agent.trees.ops import Op
from server_agent.trees.receive import Batch, Skipped
from server_agent.trees.staging import TREE
from server_agent.trees.there import OTHER, There


class Checked(NamedTuple):
    """What is to be done of a transfer."""

    steps: List[Step]
    skipped: List[Skipped]
    movers: Dict[str, str]
    """The folders that are moved as a part of another, and of which; or that are moved."""
    dropped: Set[str]
    """What was taken out of folders that are moved."""
    applied: int
    """How many items are applied when all steps are done."""


class Check:
    """Compares each expectation with the file system, through folders that are no links.

    Files and links are looked at one by one, as they came, and not remembered: in folders that
    are moved whole there may be millions.
    """

    def __init__(
        self, batch: Batch, root: str, index: Optional[Index], *, give_up: bool = False
    ) -> None:
        self._batch = batch
        self._staged = os.path.join(batch.place, TREE)
        self._index = index
        self._tree = There(root, index)
        self._links = Links(root, self._staged)
        self._absent: Dict[str, Optional[str]] = {"": None}
        self._movers: Dict[str, str] = {}
        self._useful: Set[str] = set()
        self._steps: List[Step] = []
        self._skipped: List[Skipped] = list(batch.failed)
        self._dropped: List[Op] = []
        self._applied = 0
        self._names: Tuple[str, Set[str]] = ("/", set())
        self._give_up = give_up
        self._writable: Tuple[str, bool] = ("/", True)

    def run(self) -> Checked:
        """Check everything. Raises ``OSError`` when the root can't be looked at."""
        removed: Dict[str, Op] = {}
        folders: Dict[str, Op] = {}
        for op in self._batch.ops:
            if op.op == "x":
                removed[op.path] = op
            elif op.op == FOLDER:
                folders[op.path] = op
        try:
            for path in sorted(folders):
                self._write(_meant(folders[path], removed))
            for op in self._batch.ops:
                if op.op not in ("x", FOLDER):
                    self._write(_meant(op, removed))
            for path in sorted(removed):
                self._remove(removed[path])
        finally:
            self._tree.close()
        self._drop_staged()
        steps = [step for step in self._steps if step.op != TREE_MOVE or step.path in self._useful]
        dropped = {op.path for op in self._dropped}
        return Checked(ordered(steps), self._skipped, self._movers, dropped, self._applied)

    def _write(self, op: Op) -> None:
        folder, name = split(op.path)
        why = self._folder(folder)
        if op.op == LINK and op.state and self._links.lead_out(op.path, op.state.value):
            why = "link-out"
        if why == "absent" and op.expect is None and op.op != "m":
            mover = self._movers[folder]
            self._useful.add(mover)
            self._applied += 1
            if op.op == FOLDER:
                self._absent[op.path] = "absent"
                self._movers[op.path] = mover
        elif why is not None:
            self._skip(op, "changed" if why == "absent" else why, None)
        else:
            self._compare(op, folder, name)

    def _compare(self, op: Op, folder: str, name: str) -> None:
        try:
            info = self._tree.lstat(folder, name)
            now = None if info is None else self._tree.state(op.path, info)
        except OSError:
            self._skip(op, "unreadable", None)
            return
        if op.op == "m":
            self._mode(op, now, info)
        elif not same(op.expect, now) and not same(op.state, now):
            reason = "clash" if info is not None and self._clash(folder, name) else "changed"
            self._skip(op, reason, now)
        elif info is None or not same(op.state, now):
            if not self._may_write(folder):
                self._skip(op, "read-only", now)
                return
            self._applied += 1
            self._step(op, info)
        elif self._clash(folder, name):
            self._skip(op, "clash", now)
        else:
            self._confirm(op, info)

    def _step(self, op: Op, info: Optional[os.stat_result]) -> None:
        there = None if info is None else found(info)
        if op.op == FOLDER:
            self._useful.add(op.path)
            self._move(op.path, there)
        else:
            staged = op.stat[0] if op.stat is not None else 0
            self._steps.append(Step(op.op, op.path, op.state, there, staged))

    def _move(self, path: str, there: Optional[Found]) -> None:
        self._absent[path] = "absent"
        self._movers[path] = path
        self._steps.append(Step(TREE_MOVE, path, State(FOLDER, 0, 0, 0, ""), there))

    def _confirm(self, op: Op, info: os.stat_result) -> None:
        """Tell the index of what was there already: no change, unless it didn't know."""
        self._applied += 1
        if op.op == FOLDER:
            self._absent[op.path] = None
        if self._index is None or op.state is None:
            return
        item = self._index.find(op.path)
        if item is None or not same(item.state, op.state):
            self._index.record(op.path, op.state, info)
        elif op.op != FOLDER:
            item = item._replace(size=info.st_size, mtime=info.st_mtime_ns)
            item = item._replace(inode=info.st_ino, ctime=info.st_ctime_ns)
            self._index.refresh(op.path, item)

    def _mode(self, op: Op, now: Optional[State], info: Optional[os.stat_result]) -> None:
        assert op.state is not None
        wanted = op.state.mode
        if now is None or info is None or now.kind != FILE:
            self._skip(op, "changed", now)
        elif now.mode == wanted and (op.expect is None or op.expect.value == now.value):
            self._confirm(op._replace(state=now), info)
        elif op.expect is None or not same(op.expect, now):
            self._skip(op, "changed", now)
        else:
            state = now._replace(mode=wanted)
            self._applied += 1
            self._steps.append(Step("m", op.path, state, found(info)))

    def _remove(self, op: Op) -> None:
        folder, name = split(op.path)
        why = self._folder(folder)
        if why == "unreadable":
            self._skip(op, why, None)
            return
        try:
            info = self._tree.lstat(folder, name) if why is None else None
            now = None if info is None else self._tree.state(op.path, info)
        except OSError:
            self._skip(op, "unreadable", None)
            return
        if info is None:
            self._applied += 1
        elif not same(op.expect, now):
            self._skip(op, "changed", now)
        elif not self._may_write(folder):
            self._skip(op, "read-only", now)
        else:
            self._applied += 1
            self._steps.append(Step("x", op.path, None, found(info)))

    def _folder(self, folder: str) -> Optional[str]:
        """Return None for a folder that is there, "absent" for one that will be moved whole.

        Or else why nothing can be applied in it.
        """
        if folder in self._absent:
            return self._absent[folder]
        above, name = split(folder)
        why = self._folder(above)
        if why is None:
            try:
                info = self._tree.lstat(above, name)
            except OSError:
                info, why = None, "unreadable"
            if why is None and info is None and not self._may_write(above):
                why = "read-only"
            elif why is None and info is None:
                # Nobody sent it as an item, but something in it.
                self._move(folder, None)
                why = "absent"
            elif info is not None and not stat.S_ISDIR(info.st_mode):
                why = "changed"
        elif why == "absent":
            self._movers[folder] = self._movers[above]
        self._absent[folder] = why
        return why

    def _may_write(self, folder: str) -> bool:
        """Say whether items of a folder can be changed, where nobody has more rights."""
        if self._give_up and self._writable[0] != folder:
            self._writable = folder, self._tree.writable(folder)
        return not self._give_up or self._writable[1]

    def _clash(self, folder: str, name: str) -> bool:
        """Say whether what was found has in truth another name, where case doesn't count."""
        if self._names[0] != folder:
            self._names = folder, set(self._tree.names(folder))
        return name not in self._names[1]

    def _skip(self, op: Op, why: str, now: Optional[State]) -> None:
        if op.op == FOLDER:
            self._absent[op.path] = why
        self._skipped.append((op.path, why, None if now is not None and now.kind == OTHER else now))
        self._dropped.append(op)

    def _drop_staged(self) -> None:
        """Take what is skipped out of the staged tree: its folder may be moved as a whole."""
        with Folders(self._staged) as staged:
            for op in sorted(self._dropped, key=lambda op: op.path, reverse=True):
                folder, name = split(op.path)
                with contextlib.suppress(OSError):
                    if op.op == FOLDER:
                        os.rmdir(name, dir_fd=staged.at(folder))
                        staged.forget()
                    elif op.op in (FILE, LINK):
                        os.unlink(name, dir_fd=staged.at(folder))


def ordered(steps: List[Step]) -> List[Step]:
    """Return steps in the order in which a cut does no harm.

    What git refers to comes before what refers to it. What comes is there before something else
    goes (a rename's content is never missing), but for what goes to make room for what comes.
    """
    replaced = {
        step.path
        for step in steps
        if step.op != "x" and step.found is not None and step.found.kind == FOLDER
    }
    return sorted(steps, key=lambda step: (_rank(step, replaced), _depth(step), step.path))


def _rank(step: Step, replaced: Set[str]) -> int:
    if step.op == "x":
        return 0 if replaced and _below(step.path, replaced) else 9
    parts = step.path.split("/")
    if ".git" not in parts[:-1]:
        return 3
    inside = parts[parts.index(".git") + 1 :]
    if inside[0] == "objects":
        return 2 if step.path.endswith(".idx") else 1
    return 5 if inside[0] in ("refs", "HEAD", "packed-refs", "index") else 4


def _depth(step: Step) -> int:
    # Deepest first, so that a folder is empty when its turn comes.
    return -step.path.count("/") if step.op == "x" else 0


def _below(path: str, folders: Set[str]) -> bool:
    at = parent(path)
    while at:
        if at in folders:
            return True
        at = parent(at)
    return False


def _meant(op: Op, removed: Dict[str, Op]) -> Op:
    """Return an item; where one thing goes and another comes to its place, they are one."""
    if not removed or op.path not in removed:
        return op
    gone = removed.pop(op.path)
    return op if op.expect is not None else op._replace(expect=gone.expect)
