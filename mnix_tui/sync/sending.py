"""Sending what changed here, and having it applied there; what changes meanwhile is sent again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mnix_tui.errors import SyncError
from mnix_tui.link import wire
from mnix_tui.sync.model import Skipped
from server_agent.protocol.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mnix_tui.sync.ahead import Ahead, Progress
    from mnix_tui.sync.converse import Applied, Conversation, There
    from mnix_tui.sync.model import Action, Plan
    from mnix_tui.sync.verdicts import Triple
    from server_agent.trees.model import State
    from server_agent.trees.wire_out import Outgoing, Sender

ROUNDS = 3
"""How often a file is sent that changes while it is; then it is said, and left for the next time."""


class Sending:
    """One plan's changes on their way to the server."""

    def __init__(
        self,
        here: Ahead,
        talk: Conversation,
        there: There,
        triples: dict[str, Triple],
        tell: Progress,
    ) -> None:
        """``triples`` and ``there`` are brought up to date with what is found on the way."""
        self._here = here
        self._local = here.local
        self._talk = talk
        self._there = there
        self._triples = triples
        self._tell = tell
        self.notes: list[str] = []
        self.skipped: list[Skipped] = []
        self.late: dict[str, State | None] = {}
        """What was found to differ here after it was planned, as it was before."""
        self.pushed: float | None = None
        """When something was applied there, if it was."""

    async def run(self, plan: Plan, allow_empty: bool) -> Applied | None:
        """Send what changed here, and have it applied there."""
        if not plan.send and not plan.delete_there:
            return None
        from server_agent.trees.wire_out import Sender

        local = self._local
        sender = Sender(local.root)
        total = sum(each.size for each in plan.send)
        items = [self._outgoing(each) for each in (*plan.delete_there, *plan.send)]
        for _ in range(ROUNDS):
            await self._stream(sender, items, total)
            again = set(sender.changed)
            sender.changed.clear()
            if not again:
                break
            items = await self._again(items, again)
        else:
            again = {each.path for each in items}
        for path in again:
            self._skip(path, "changed", f"{path} kept changing while it was sent")
        for path, why in sender.unreadable:
            self._skip(path, "unreadable", f"{path} can't be read: {why}")
        if not sender.items:
            return None
        self._tell("applying files", total, total)
        applied = await self._talk.commit(sender.items, _by(), allow_empty)
        self.pushed = time.time()
        await self._here.run(lambda: self._learn(sender.values))
        self._took(applied)
        return applied

    async def _stream(self, sender: Sender, items: list[Outgoing], total: int) -> None:
        def tell(_: int) -> None:
            self._tell("sending files", min(sender.done, total), total)

        frames = sender.frames(items, self._local.blocks_of)
        try:
            await self._talk.send(frames, sender, self._here.thread, tell)
        except AgentError as error:
            raise wire.error(error.to_wire()) from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise SyncError(f"{self._local.root} can't be read", reason) from error

    async def _again(self, items: list[Outgoing], changed: set[str]) -> list[Outgoing]:
        """Look again at what changed while it was sent; return it as it is now."""
        local = self._local
        folders = {path.rpartition("/")[0] for path in changed}
        planned = dict(local.changes)
        await self._here.run(lambda: local.scan(folders))
        for path, change in local.changes.items():
            if path not in changed and planned.get(path) != change:
                self.late[path] = change[0]
        now = []
        for item in items:
            if item.path not in changed:
                continue
            found = local.index.find(item.path)
            here = found.state if found is not None else None
            base, _, there = self._triples.get(item.path, (None, None, None))
            self._triples[item.path] = (base, here, there)
            if here is not None:  # else the next synchronisation finds that it is gone
                now.append(item._replace(state=here, mode_only=False, offset=0))
            else:
                self._skip(item.path, "vanished", "")
        return now

    def _outgoing(self, action: Action) -> Outgoing:
        from server_agent.trees.wire_out import Outgoing

        state, before = action.state, action.before
        if state is None or state.kind != "f" or action.mode_only:
            return Outgoing(action.path, state, before, action.mode_only)
        offset = self._there.parts.get(state.value, 0)
        offset = offset if offset <= state.size else 0
        if before is None or before.kind != "f":
            return Outgoing(action.path, state, before, offset=offset)
        return Outgoing(
            action.path, state, before, basis=before.value, basis_size=before.size, offset=offset
        )

    def _skip(self, path: str, reason: str, note: str) -> None:
        self.skipped.append(Skipped(path, reason, "there"))
        if note:
            self.notes.append(note)

    def _learn(self, values: Mapping[str, str]) -> None:
        """Take the digests that sending found out."""
        self._local.learn(values)
        for path, value in values.items():
            if path in self._triples and (here := self._triples[path][1]) is not None:
                base, _, there = self._triples[path]
                self._triples[path] = (base, here._replace(value=value), there)

    def _took(self, applied: Applied) -> None:
        """Take what the server did not apply, and why."""
        for path, reason, now in applied.skipped:
            self._skip(path, reason, "")
            if path in self._triples and reason == "changed":
                base, here, _ = self._triples[path]
                self._triples[path] = (base, here, now)
        there = self._there
        # What somebody else sent meanwhile has numbers too: then all of it is listed once more.
        if (applied.index, applied.seq) == (there.index, there.seq + 1):
            there.seq = applied.seq


def _by() -> str:
    import getpass
    import socket

    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"[:100]
    except (OSError, KeyError):
        return socket.gethostname()[:100]
