"""Clients and a server with real folders, brought together without a network."""

from __future__ import annotations

import os
import stat
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mnix_tui.sync.choosing import chooser
from mnix_tui.sync.gitdirs import Part, part_of, unit_of
from mnix_tui.sync.plan import plan, settled
from server_agent.protocol.frames import FrameReader
from server_agent.trees import staging
from server_agent.trees.apply import Applied, apply
from server_agent.trees.index import Index
from server_agent.trees.receive import Receiver, Wanted
from server_agent.trees.rules import RuleChooser
from server_agent.trees.scan import hash_now, scan
from server_agent.trees.wire_out import Outgoing, Sender

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mnix_tui.sync.building import Choice, Direction
    from mnix_tui.sync.model import Action, Plan
    from mnix_tui.sync.verdicts import Triple
    from server_agent.trees.model import State

Tree = dict[str, "State"]


@dataclass
class Office:
    """A folder, and what its end knows of it."""

    root: Path
    trash: Path
    incoming: Path
    index: Index = field(default_factory=Index)
    blocks: dict[str, bytes] = field(default_factory=dict)

    def tree(self) -> Tree:
        """Return what the index has."""
        return {path: state for path, state in self.index.since(0) if state is not None}

    def contents(self) -> set[bytes]:
        """Return all that is in the folder and in the trash, ignored or not."""
        return {content for root in (self.root, self.trash) for _, content in everything(root)}

    def receive(
        self, frames: Iterator[bytes], wanted: Mapping[str, Wanted] | None, ops: list[Action]
    ) -> Applied:
        """Take what comes, and apply it; ``ops`` are what this end decided on itself."""
        with staging.place(os.fspath(self.incoming)) as place:
            asked = None if wanted is None else wanted.get
            receiver, reader = Receiver(place, os.fspath(self.root), wanted=asked), FrameReader()
            try:
                for each in frames:
                    for frame in reader.feed(each):
                        receiver.feed(frame)
                for action in ops:
                    if action.state is None:
                        receiver.remove(action.path, action.before)
                    else:
                        receiver.permit(action.path, action.state, action.before)
                batch = receiver.finish()
                self.blocks.update(receiver.blocks)
                return apply(batch, os.fspath(self.root), os.fspath(self.trash), self.index)
            finally:
                receiver.close()


class Server(Office):
    """The workspace."""

    def look(self) -> None:
        """See what changed; new files are not read."""
        rules = RuleChooser(os.fspath(self.root))
        found = scan(os.fspath(self.root), self.index, rules, eager=lambda path, size: False)
        self.blocks.update(found.blocks)


class Client(Office):
    """Somebody's own folder, and what was agreed."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, root / ".mnix/trash", root / ".mnix/incoming")
        root.mkdir()
        self.base: Tree = {}
        self.syncs = 0

    def look(self) -> None:
        """See what changed."""
        staging.own_folder(os.fspath(self.root))
        rules = chooser(os.fspath(self.root), self.index)
        try:
            found = scan(os.fspath(self.root), self.index, rules, eager=lambda path, size: True)
        finally:
            rules.close()
        self.blocks.update(found.blocks)

    def sync(
        self, server: Server, direction: Direction, choices: Mapping[str, Choice] | None = None
    ) -> tuple[Plan, list[str]]:
        """Synchronise, and check that nothing is lost; return what was planned and skipped."""
        self.look()
        server.look()
        before = self.contents() | server.contents()
        found, triples = self._plan(server, direction, choices or {})
        self._only_what_is_gone_goes(server, found)
        stay = self._must_stay(server, found)
        skipped = self._carry_out(server, found, triples)
        lost = before - self.contents() - server.contents()
        assert not lost, f"{sorted(lost)[:3]} is lost by {found}"
        assert stay == self._must_stay(server, found)
        return found, skipped

    def _plan(
        self, server: Server, direction: Direction, choices: Mapping[str, Choice]
    ) -> tuple[Plan, dict[str, Triple]]:
        self.syncs += 1
        here, there = self.tree(), server.tree()
        triples: dict[str, Triple] = {}
        for path in here.keys() | there.keys() | self.base.keys():
            base, now = self.base.get(path), there.get(path)
            if now is None and server.index.leaves_out(path):
                now = base  # nobody says that it was deleted
            if path in here or not self.index.leaves_out(path):
                triples[path] = (base, here.get(path), now)
        while True:
            found = plan(triples, direction, choices, server="tokyo", stamp=str(self.syncs))
            if not found.unknown:
                return found, triples
            digests = hash_now(os.fspath(server.root), server.index, found.unknown)
            for path, value in digests.items():
                assert value, path
                base, ours, theirs = triples[path]
                assert theirs is not None
                triples[path] = (base, ours, theirs._replace(value=value))

    def _only_what_is_gone_goes(self, server: Server, found: Plan) -> None:
        """Nothing is deleted on one side that is still there on the other, listed or not."""
        for actions, other in ((found.delete_here, server.root), (found.delete_there, self.root)):
            for path in (each.path for each in actions):
                assert unit_of(path) or not is_there(other, path), f"{path} is still in {other}"

    def _must_stay(self, server: Server, found: Plan) -> dict[str, bytes | None]:
        """Return what must be on disk afterwards as it is now: conflicts, and what is kept."""
        paths = [conflict.path for conflict in found.conflicts if conflict.kind == "changed"]
        return {
            f"{office.root}/{path}": content(office.root / path)
            for office in (self, server)
            for path in (*paths, *found.keep_there, *found.keep_here)
        }

    def _carry_out(self, server: Server, found: Plan, triples: dict[str, Triple]) -> list[str]:
        wanted = {
            each.source or each.path: Wanted(each.path, each.before, each.state)
            for each in found.fetch
            if not each.mode_only
        }
        asked = [
            Outgoing(
                each.source or each.path,
                each.state,
                None,
                basis=each.before.value if each.before and each.before.kind == "f" else "",
                basis_size=each.before.size if each.before else 0,
            )
            for each in found.fetch
            if not each.mode_only
        ]
        ours = [*found.delete_here, *(each for each in found.fetch if each.mode_only)]
        skipped: list[str] = []
        if asked or ours:
            sender = Sender(os.fspath(server.root))
            done = self.receive(sender.frames(asked, self._blocks), wanted, ours)
            skipped += [path for path, _, _ in done.skipped]
        if found.send or found.delete_there:
            sender = Sender(os.fspath(self.root), pack=True)
            items = [
                Outgoing(
                    each.path,
                    each.state,
                    each.before,
                    each.mode_only,
                    basis=each.before.value if each.before and each.before.kind == "f" else "",
                    basis_size=each.before.size if each.before else 0,
                )
                for each in (*found.delete_there, *found.send)
                if each.path not in skipped
            ]
            done = server.receive(sender.frames(items, self._blocks), None, [])
            skipped += [path for path, _, _ in done.skipped]
        here = self.tree()
        for path, state in settled(found, triples).items():
            if path in skipped:
                continue
            if state is None:
                self.base.pop(path, None)
            else:
                self.base[path] = here.get(path, state)
        return skipped

    def _blocks(self, value: str) -> bytes:
        return self.blocks.get(value, b"")


def everything(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield all files and links below a folder."""
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = os.path.join(folder, name)
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                yield os.path.relpath(path, root), b"link to " + os.fsencode(os.readlink(path))
            elif stat.S_ISREG(mode):
                with open(path, "rb") as file:
                    yield os.path.relpath(path, root), file.read()


def is_there(root: Path, path: str) -> bool:
    """Say whether there is something at a path, taken or not."""
    return os.path.lexists(root / path)


def sound(root: Path) -> bool:
    """Say whether git finds nothing missing in a folder's repository."""
    if not (root / ".git").is_dir():
        return True
    done = subprocess.run(
        ["git", "fsck", "--connectivity-only", "--no-dangling", "--no-progress"],
        cwd=root,
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def content(path: Path) -> bytes | None:
    """Return what is in a file, or where a link points; ``None``: it is neither."""
    if path.is_symlink():
        return os.fsencode(os.readlink(path))
    return path.read_bytes() if path.is_file() else None


def is_shared(path: str) -> bool:
    """Say whether a path is the same for all, and not a repository's own business."""
    unit = unit_of(path)
    return not unit or unit == path or part_of(path[len(unit) + 1 :]) is Part.CORE
