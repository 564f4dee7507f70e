"""A folder that differs from what the index knows of it: looked at name by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List, Optional, Set, Tuple

from server_agent.trees.listing import Listing, listed
from server_agent.trees.looking import STATS, plain, signed
from server_agent.trees.model import FOLDER, MAX_DEPTH, MAX_PATH, State, join, same
from server_agent.trees.packed import HOLLOW, IGNORED, IGNORED_FOLDER, ODD, Folder, Stats, state_of

if TYPE_CHECKING:
    from server_agent.trees.scan import Scan

RULE_FILES = (".gitignore", ".mnixignore")
"""Where one of these changed, everything below it is asked for again."""

_FOLDER = State(FOLDER, 0, 0, 0, "")


def compare(
    scan: Scan,
    handle: int,
    folder: str,
    found: Optional[Listing],
    now: int,
    *,
    fresh: bool,
    deep: bool,
) -> bool:
    """Bring a folder up to date; say whether it is a part of the tree. Raises ``Unlisted``.

    ``found``: its listing without what the index says is ignored, if it was made already; ``now``:
    when that began.
    """
    old = scan.index.unpack(folder) or Folder()
    if found is None:
        found = listed(handle, folder, {} if fresh else _ignored(old))
    known = dict(zip(old.names, zip(old.stats, old.tags)))
    if not fresh and known and _rules_differ(found, known):
        fresh = deep = True
        if found.passed:
            found = listed(handle, folder, {})
    run = _Compare(scan, handle, folder, old, now)
    run.choose(found, fresh)
    run.files(found)
    run.folders(found, fresh, deep)
    run.lost()
    run.clashes()
    blob = run.new.pack()
    if blob != scan.index.blob(folder):
        scan.index.put_blob(folder, blob)
    return run.new.taken


def set_kinds(scan: Scan, folder: str, kinds: Dict[str, str]) -> bool:
    """Change what some folders in a folder are ("" gone); say whether it still is taken itself."""
    old = scan.index.unpack(folder) or Folder()
    for name, kind in kinds.items():
        path = join(folder, name)
        before = _FOLDER if old.folders[name][0] == FOLDER else None
        if kind in (FOLDER, HOLLOW):
            old.folders[name] = kind, scan.index.seq
        else:
            del old.folders[name]
            _bury(scan, path)
            if kind:
                old.rest[name] = kind
        after = _FOLDER if kind == FOLDER else None
        if not same(before, after):
            scan.change(path, before, after)
    scan.index.put_blob(folder, old.pack())
    return old.taken


class _Compare:
    """One folder: ``old`` is what was known, ``new`` what will be."""

    def __init__(self, scan: Scan, handle: int, folder: str, old: Folder, now: int) -> None:
        self.new = Folder()
        self._scan = scan
        self._handle = handle
        self._folder = folder
        self._prefix = f"{folder}/" if folder else ""
        self._old = old
        self._known = dict(zip(old.names, zip(old.stats, old.tags)))
        self._now = now
        self._left: Set[str] = set()

    def choose(self, found: Listing, fresh: bool) -> None:
        """Ask about names that nobody knows (``fresh``: about all), and keep what is ignored."""
        old, new = self._old, self.new
        asked: List[Tuple[str, bool]] = []
        for names, known, is_folder in (
            (found.names, self._known, False),
            (found.folders, old.folders, True),
        ):
            asked += [
                (name, is_folder)
                for name in names
                if fresh or not (name in known or old.rest.get(name) == ODD)
            ]
        taken = self._scan.choose(self._folder, asked)
        for name, is_folder in asked:
            if name not in taken:
                self._left.add(name)
                new.rest[name] = IGNORED_FOLDER if is_folder else IGNORED
        for name in found.passed:
            new.rest[name] = old.rest[name]

    def files(self, found: Listing) -> None:
        """Look at what is no folder."""
        scan, new, known = self._scan, self.new, self._known
        for name, entry in zip(found.names, found.stats):
            if name in self._left:
                continue
            stats = plain(STATS(entry))
            before = known.get(name)
            if before is not None and before[0] == stats:
                new.add(name, stats, *before[1])
            else:
                self._look(name, stats)
        scan.files += len(new.names)
        scan.size += new.size

    def folders(self, found: Listing, fresh: bool, deep: bool) -> None:
        """Look into the folders."""
        scan, new = self._scan, self.new
        for name, entry in zip(found.folders, found.inodes):
            if name in self._left:
                continue
            path = self._prefix + name
            known, seq = self._old.folders.get(name, ("", 0))
            inode = signed(entry)
            if known and not deep and inode == self._old.inodes.get(name):
                kind = known
            elif known or self._fits(path, folder=True):
                kind = scan.enter(self._handle, path, known, fresh=fresh)
            else:
                kind = ODD
            if kind == ODD:
                new.rest[name] = ODD
            elif kind:
                new.folders[name] = kind, seq if kind == known else scan.index.seq
                new.inodes[name] = inode
                if kind != known:
                    self._change(name, _FOLDER if kind == FOLDER else None)

    def lost(self) -> None:
        """Find what was there and is no more (or is no longer taken)."""
        old, new = self._old, self.new
        here = set(new.names)
        for name in self._known:
            if name not in here and name not in new.folders:
                self._change(name, None)
        for name in old.folders:
            if name not in new.folders:
                _bury(self._scan, self._prefix + name)
                if name not in here:
                    self._change(name, None)

    def clashes(self) -> None:
        """Note names that are one where upper and lower case are."""
        names = [*self.new.names, *self.new.folders]
        folded: Dict[str, str] = {}
        for name in names:
            other = folded.setdefault(name.casefold(), name)
            if other is not name:
                self.new.again = True
                text = f"and {other} are one where case does not count, as on a Mac: rename one"
                self._scan.look.note(self._prefix + name, "clash", text)

    def _look(self, name: str, stats: Stats) -> None:
        path = self._prefix + name
        before = self._known.get(name)
        old = (before[0], before[1][0]) if before else None
        if not (before or self._fits(path, folder=False)):
            self.new.rest[name] = ODD
            return
        looked = self._scan.look.look(self._handle, path, stats, old, self._now)
        if looked is None:
            return
        if isinstance(looked, str):
            self.new.rest[name] = looked
            return
        stats, value = looked
        after = state_of(stats, value)
        if before and (same(state_of(before[0], before[1][0]), after) or _unread(before, looked)):
            self.new.add(name, stats, value, before[1][1])
        else:
            self.new.add(name, stats, value, self._scan.index.seq)
            self._change(name, after)

    def _change(self, name: str, after: Optional[State]) -> None:
        """Say that a name is different now, if it was taken before or is now."""
        before = None
        if name in self._known:
            stats, (value, _) = self._known[name]
            before = state_of(stats, value)
        elif self._old.folders.get(name, ("", 0))[0] == FOLDER:
            before = _FOLDER
        if before is not None or after is not None:
            self._scan.change(self._prefix + name, before, after)

    def _fits(self, path: str, *, folder: bool) -> bool:
        """Say whether a path is short enough to be taken, and note it if not."""
        if len(path) < MAX_DEPTH:
            return True
        if path.count("/") + 1 + folder <= MAX_DEPTH and len(_raw(path)) <= MAX_PATH:
            return True
        self._scan.look.note(path, "special", "lies too deep")
        return False


def _bury(scan: Scan, folder: str) -> None:
    """Forget a folder that is gone, and all below it."""
    for path, state in scan.index.bury_below(folder):
        scan.change(path, state, None)


def _ignored(old: Folder) -> Dict[str, str]:
    return {name: kind for name, kind in old.rest.items() if kind != ODD}


def _rules_differ(found: Listing, known: Dict[str, Tuple[Stats, Tuple[str, int]]]) -> bool:
    for name in RULE_FILES:
        before = known[name][0] if name in known else None
        after = None
        if name in found.names:
            after = plain(STATS(found.stats[found.names.index(name)]))
        if before != after:
            return True
    return False


def _unread(before: Tuple[Stats, Tuple[str, int]], looked: Tuple[Stats, str]) -> bool:
    """Say whether a file that nobody ever read is what it was, as far as its stats tell."""
    return not looked[1] and before[0][4] == 0 and before[0][:4] == looked[0][:4]


def _raw(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")
