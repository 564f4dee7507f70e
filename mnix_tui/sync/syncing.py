"""One synchronisation of a project: look at both sides, plan, move, remember."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from mnix_tui.link import wire
from mnix_tui.sync import guards, state
from mnix_tui.sync.ahead import FULL, Ahead, ahead, full_or, quiet
from mnix_tui.sync.both import Look
from mnix_tui.sync.converse import Conversation, There
from mnix_tui.sync.local import Local
from mnix_tui.sync.model import Skipped, SyncReport, cleared
from mnix_tui.sync.plan import plan as make_plan
from mnix_tui.sync.plan import settled
from mnix_tui.sync.remarks import remarks
from mnix_tui.sync.rulemarks import for_server
from server_agent.protocol.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from mnix_tui.domain.projects import Project
    from mnix_tui.domain.sync import Choice, Direction
    from mnix_tui.errors import SyncError
    from mnix_tui.store.store import Store
    from mnix_tui.sync.ahead import Progress, Warn
    from mnix_tui.sync.converse import Applied, Linked
    from mnix_tui.sync.model import Conflict, Plan
    from mnix_tui.sync.sending import Sending
    from mnix_tui.sync.verdicts import Triple

__all__ = ["Ahead", "Run", "ahead", "conversation", "known_conflicts", "sync"]

_NO_CHOICES: Mapping[str, Choice] = {}


async def sync(
    link: Linked,
    store: Store,
    project: Project,
    *,
    direction: Direction = "push",
    choices: Mapping[str, Choice] = _NO_CHOICES,
    only_choices: bool = False,
    dry_run: bool = False,
    allow_empty: bool = False,
    dot_git: bool = True,
    progress: Progress | None = None,
    bulk: bool = True,
    begun: Ahead | None = None,
    warn: Warn | None = None,
) -> SyncReport:
    """Bring a project's folder and its workspace together, in one ``direction`` or both.

    What both sides changed is a conflict: reported, and left alone but for ``choices``;
    ``only_choices`` moves nothing else. ``warn`` is told of secrets and large files before they are
    first sent. Nothing that a side had is lost: what is replaced goes to
    its trash. Raises ``SyncError``, ``LinkLost``, and what the agent answers.
    """
    async with AsyncExitStack() as stack:
        if begun is None:
            begun = await stack.enter_async_context(
                ahead(store, project, progress, dot_git=dot_git)
            )
        async with conversation(link, project, begun, bulk=bulk) as talk:
            run = Run(begun, talk, project, progress or quiet, warn)
            return await run.once(
                direction, choices, only=only_choices, dry_run=dry_run, allow_empty=allow_empty
            )


@asynccontextmanager
async def conversation(
    link: Linked, project: Project, begun: Ahead, *, watch: bool = False, bulk: bool = True
) -> AsyncIterator[Conversation]:
    """Start the agent's side; it looks at the workspace while the folder here is looked at."""
    await begun.loaded
    local = begun.local
    hello = {
        "index": local.row.there_id,
        "seq": local.row.there_seq,
        "watch": watch,
        "client": local.client,
        "dot_git": local.dot_git,
        "extra": for_server(local.index.rules),
    }
    talk = await Conversation.open(link, project.server, project.remote_id, hello, bulk=bulk)
    try:
        yield talk
    finally:
        await talk.close()


def known_conflicts(database: Path, project: Project) -> list[Conflict]:
    """Return what the last look found to be changed on both sides. Blocks."""
    local = Local(database, project)
    local.load()
    known, _ = state.triples({}, local.index, local.odd, There())
    return make_plan(known, "push", server=project.server).conflicts


class Run:
    """Synchronises, as often as it is asked to, over one conversation."""

    def __init__(
        self,
        begun: Ahead,
        talk: Conversation,
        project: Project,
        progress: Progress,
        warn: Warn | None = None,
    ) -> None:
        self._here = begun
        self._local = begun.local
        self._talk = talk
        self._project = project
        self._tell = progress
        self._warn = warn
        self._look = Look(begun, talk, project, progress)
        self._notes: list[str] = []
        self._warned: list[str] = []
        self._skipped: list[Skipped] = []
        self._sending: Sending | None = None
        self._done = 0

    async def once(
        self,
        direction: Direction,
        choices: Mapping[str, Choice] = _NO_CHOICES,
        *,
        only: bool = False,
        dry_run: bool = False,
        allow_empty: bool = False,
        folders: set[str] | None = None,
    ) -> SyncReport:
        """Synchronise once; ``folders``: nothing changed elsewhere here since the last time."""
        begin, sent, received = time.monotonic(), self._talk.sent, self._talk.received
        self._notes, self._warned, self._skipped, self._sending = [], [], [], None
        await self._look.look(folders)
        plan: Plan | None = None
        try:
            plan = await self._look.plan(direction, choices)
            theirs = len(plan.keep_there) + len(plan.fetch) + len(plan.delete_here)
            if only:
                plan = guards.restricted(plan, choices)
            taken = 0 if dry_run else len(plan.fetch) + len(plan.delete_here)
            self._local.row.kept = theirs - taken + sum(self._look.in_the_way.values())
            refused = guards.refusal(plan, self._local, self._look.there, allow_empty=allow_empty)
            if dry_run:
                return await self._preview(direction, plan, begin, refused)
            if refused is not None:
                raise refused
            guards.check_room(plan, self._local, self._look.there)
            report = await self._move(direction, plan, allow_empty)
        finally:
            await self._remember(plan)
        return self._counted(report, begin, sent, received)

    async def _preview(
        self, direction: Direction, plan: Plan, begin: float, refused: SyncError | None
    ) -> SyncReport:
        from mnix_tui.sync.preview import preview

        local = self._local
        made = await self._here.run(
            lambda: preview(
                direction,
                plan,
                local.root,
                self._look.triples,
                self._all_notes(plan),
                index=local.index,
                refused=guards.said(refused),
            )
        )
        return SyncReport(
            direction=direction,
            kept_there=tuple(plan.keep_there),
            kept_here=tuple(plan.keep_here),
            conflicts=tuple(plan.conflicts),
            seconds=time.monotonic() - begin,
            notes=made.notes,
            preview=made,
        )

    # -- move

    async def _move(self, direction: Direction, plan: Plan, allow_empty: bool) -> SyncReport:
        """Fetch, then send: what comes here first may have to go back beside ours."""
        if plan.send:
            from mnix_tui.sync.warned import as_notes

            self._warned = await self._here.run(
                lambda: as_notes(plan, self._look.triples, self._local.root)
            )
            self._notes += self._warned
            if self._warned and self._warn is not None:
                await self._warn(self._warned)
        fetched = await self._fetch(plan)
        applied = await self._send(plan, allow_empty)
        return await self._here.run(lambda: self._moved(direction, plan, fetched, applied))

    def _moved(
        self, direction: Direction, plan: Plan, fetched: tuple[int, str], applied: Applied | None
    ) -> SyncReport:
        """Take as agreed what was done, and say what that was."""
        self._settle(plan)
        lost_here = {each.path for each in self._skipped if each.where == "here"}
        lost_there = {each.path for each in self._skipped if each.where == "there"}
        return SyncReport(
            direction=direction,
            sent=tuple(each.path for each in plan.send if each.path not in lost_there),
            fetched=tuple(each.path for each in plan.fetch if each.path not in lost_here),
            deleted_there=tuple(
                each.path for each in plan.delete_there if each.path not in lost_there
            ),
            deleted_here=tuple(
                each.path for each in plan.delete_here if each.path not in lost_here
            ),
            kept_there=tuple(plan.keep_there),
            kept_here=tuple(plan.keep_here),
            conflicts=tuple(plan.conflicts),
            skipped=tuple(self._skipped),
            trashed_there=applied.trashed if applied else 0,
            trash_there=applied.trash if applied else "",
            trashed_here=fetched[0],
            trash_here=fetched[1],
            notes=tuple(self._all_notes(plan)),
            warned=tuple(self._warned),
        )

    async def _fetch(self, plan: Plan) -> tuple[int, str]:
        """Get what changed there, and put it into the folder here."""
        if not plan.fetch and not plan.delete_here:
            return 0, ""
        from mnix_tui.sync.fetching import Fetch

        total = sum(each.size for each in plan.fetch)
        fetch = Fetch(self._local, plan, by=self._project.server)
        self._done = 0

        def tell(size: int) -> None:
            self._done += size
            self._tell("fetching files", min(self._done, total), total)

        try:
            await self._here.run(fetch.open)
            if fetch.wanted:
                missing = await self._talk.fetch(fetch.items(), fetch.take, self._here.thread, tell)
                fetch.missing(missing)
            self._tell("applying files here", total, total)
            done = await self._here.run(fetch.apply)
        except AgentError as error:
            raise wire.error(error.to_wire()) from error
        except OSError as error:
            if error.errno in FULL:
                await self._here.run(fetch.give_up)
            raise full_or(error) from error
        finally:
            await asyncio.shield(self._here.run(fetch.close))
        self._skipped += done.skipped
        self._notes += cleared(done.cleared, "here")
        await self._here.run(lambda: self._came(plan))
        return done.trashed, done.trash

    async def _send(self, plan: Plan, allow_empty: bool) -> Applied | None:
        """Send what changed here, and have it applied there."""
        if (not plan.send and not plan.delete_there) or self._look.there is None:
            return None
        from mnix_tui.sync.sending import Sending

        self._sending = sending = Sending(
            self._here, self._talk, self._look.there, self._look.triples, self._tell
        )
        applied = await sending.run(plan, allow_empty)
        self._notes += sending.notes
        if applied is not None:
            self._notes += cleared(applied.cleared, f"on {self._project.server}")
        self._skipped += sending.skipped
        return applied

    # -- remember

    def _came(self, plan: Plan) -> None:
        """Know of the copies that came to be sent on: the server has none of them until then."""
        skipped = {each.path for each in self._skipped}
        for action in plan.fetch:
            path = action.path
            if path in self._look.triples or path in skipped:
                continue
            if (item := self._local.index.find(path)) is not None:
                self._look.triples[path] = (None, item.state, None)

    def _settle(self, plan: Plan) -> None:
        """Take as agreed what was done."""
        skipped = {each.path for each in self._skipped}
        sent = {each.path for each in plan.send}
        fetched = {each.path for each in plan.fetch}
        for path, now in settled(plan, self._look.triples).items():
            if path in skipped:
                continue
            if path in fetched and (item := self._local.index.find(path)) is not None:
                now = item.state  # its digest came only with its content
            if path in sent and path in self._look.triples:  # it may have been sent once more
                now = self._look.triples[path][1]
            self._look.triples[path] = (now, now, now)

    async def _remember(self, plan: Plan | None) -> None:
        """Keep what is known by now, however it ended."""
        local, there = self._local, self._look.there
        row = local.row
        if there is not None:
            row.there_id, row.there_seq = there.index, there.seq
        if plan is not None:
            row.conflicts = len(plan.conflicts)
            row.at = time.time()
        triples, left, looked = self._look.triples, self._look.left, there is not None
        pushed = self._sending.pushed if self._sending is not None else None
        late = self._seen_late()
        triples.update(late)
        await asyncio.shield(
            self._here.run(lambda: local.save(triples, left, looked=looked, pushed=pushed))
        )
        # For the next time, which may look nowhere else.
        local.changes.update({path: (base, here) for path, (base, here, _) in late.items()})

    def _seen_late(self) -> dict[str, Triple]:
        """Return what was found here after it was planned: the index has it, nobody else does."""
        late: dict[str, Triple] = {}
        found = self._sending.late if self._sending is not None else {}
        for path, before in found.items():
            item = self._local.index.find(path)
            here = item.state if item is not None else None
            base, _, there = self._look.triples.get(path, (before, before, before))
            late[path] = (base, here, there)
        return late

    def _all_notes(self, plan: Plan) -> list[str]:
        said = remarks(
            plan,
            self._look.there,
            self._look.triples,
            self._look.in_the_way,
            server=self._project.server,
            elsewhere=self._local.elsewhere,
        )
        return [*dict.fromkeys([*self._local.notes, *said, *self._notes])]

    def _counted(self, report: SyncReport, begin: float, sent: int, received: int) -> SyncReport:
        from dataclasses import replace

        return replace(
            report,
            bytes_sent=self._talk.sent - sent,
            bytes_received=self._talk.received - received,
            seconds=time.monotonic() - begin,
        )
