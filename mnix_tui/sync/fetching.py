"""Getting what changed on the server, and putting it into the folder here: whole, or not at all.

All of it blocks, but for what the conversation does between.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, NamedTuple

from mnix_tui.sync.model import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mnix_tui.sync.local import Local
    from mnix_tui.sync.model import Plan
    from server_agent.protocol.frames import Frame
    from server_agent.trees.receive import Receiver, Wanted


class Done(NamedTuple):
    """What was put into the folder here."""

    skipped: list[Skipped]
    trashed: int
    trash: str
    cleared: int = 0
    """Files that went from the trash for good: all was too much."""


class Fetch:
    """One plan's files on their way here. Only what was asked for is taken."""

    def __init__(self, local: Local, plan: Plan, *, by: str) -> None:
        self._local = local
        self._plan = plan
        self._by = by
        self._stack = ExitStack()
        self._receiver: Receiver | None = None
        self._missing: list[Skipped] = []
        self.wanted: dict[str, Wanted] = {}
        """What is asked for, by its path on the server."""

    def open(self) -> None:
        """Make room for what comes."""
        from server_agent.trees.receive import Receiver, Wanted

        for each in self._plan.fetch:
            if not each.mode_only:
                self.wanted[each.source or each.path] = Wanted(each.path, each.before, each.state)
        place = self._stack.enter_context(self._local.place())
        self._receiver = Receiver(place, self._local.root, wanted=self.wanted.get)
        self._stack.callback(self._receiver.close)
        self._stack.callback(self._receiver.keep_large)
        for each in self._plan.fetch:
            if each.mode_only and each.state is not None:
                self._receiver.permit(each.path, each.state, each.before)
        for each in self._plan.delete_here:
            self._receiver.remove(each.path, each.before)

    def items(self) -> Iterator[tuple[str, str, str | None, int]]:
        """Yield what to ask for: path, digest, what we have instead, how much came before."""
        parts = self._local.parts()
        for path, wanted in self.wanted.items():
            state, before = wanted.state, wanted.expect
            value = state.value if state is not None and state.kind == "f" else ""
            basis = before.value if before is not None and before.kind == "f" else None
            yield path, value, basis or None, parts.get(value, 0) if value else 0

    def take(self, frames: Sequence[Frame]) -> None:
        """Take frames."""
        assert self._receiver is not None
        for each in frames:
            self._receiver.feed(each)

    def missing(self, missing: Sequence[tuple[str, str]]) -> None:
        """Note what the server could not send."""
        for path, reason in missing:
            if path in self.wanted:
                self._missing.append(Skipped(self.wanted[path].path, reason, "here"))

    def apply(self) -> Done:
        """Put everything in its place."""
        from server_agent.trees import staging, trash
        from server_agent.trees.apply import apply

        assert self._receiver is not None
        local = self._local
        batch = self._receiver.finish()
        came = {op.path for op in batch.ops}
        done = apply(
            batch,
            local.root,
            local.trash,
            local.index,
            by=self._by,
            why="pull",
            give_up=True,
            secret=local.secret,
        )
        cleared = trash.Cleared()
        with suppress(OSError):  # what is old stays a while longer then
            cleared = trash.prune(local.trash)
            staging.prune_parts(local.incoming)
        skipped = {path: Skipped(path, why, "here") for path, why, _ in done.skipped}
        for each in self._missing:
            skipped.setdefault(each.path, each)
        for wanted in self.wanted.values():  # a server that says nothing of it has not sent it
            if wanted.path not in came:
                skipped.setdefault(wanted.path, Skipped(wanted.path, "vanished", "here"))
        return Done(
            list(skipped.values()), done.trashed, done.trash or "", cleared.full * cleared.files
        )

    def close(self) -> None:
        """Throw away what was not applied; large files stay in part."""
        self._stack.close()

    def give_up(self) -> None:
        """Leave nothing of it on a disk that is full."""
        from server_agent.trees import staging

        self.close()
        staging.prune_parts(self._local.incoming, limit=0, young=0)
