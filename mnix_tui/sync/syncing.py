"""One synchronisation of a project: look at both sides, plan, move, remember."""

from __future__ import annotations

import asyncio
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from mnix_tui.domain.text import plain
from mnix_tui.errors import MnixError, SyncError
from mnix_tui.link import wire
from mnix_tui.sync import guards, state
from mnix_tui.sync.converse import Conversation, There
from mnix_tui.sync.local import Local, new_stamp
from mnix_tui.sync.model import Skipped, SyncReport, printable
from mnix_tui.sync.plan import plan as make_plan
from mnix_tui.sync.plan import settled
from mnix_tui.sync.rulemarks import for_server
from mnix_tui.sync.turns import turn
from server_agent.protocol.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping
    from pathlib import Path

    from mnix_tui.domain.projects import Project
    from mnix_tui.domain.sync import Choice, Direction
    from mnix_tui.store.store import Store
    from mnix_tui.sync.converse import Applied, Linked
    from mnix_tui.sync.model import Action, Conflict, Plan
    from mnix_tui.sync.verdicts import Triple
    from server_agent.trees.model import State
    from server_agent.trees.wire_out import Outgoing, Sender

    Progress = Callable[[str, int, int | None], None]

Result = TypeVar("Result")
ROUNDS = 3
"""How often a file is sent that changes while it is; then it is said, and left for the next time."""
_NO_CHOICES: Mapping[str, Choice] = {}


class Ahead:
    """A look at the folder here that has begun already, while the connection is being made."""

    def __init__(self, local: Local) -> None:
        self.local = local
        # One thread: the index and its folder are for one at a time.
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="sync")
        self.loaded = self._begin(local.load)
        self.looked = self._begin(self._look)

    def _look(self) -> None:
        self.local.recover()
        self.local.scan()

    def _begin(self, work: Callable[[], Result]) -> asyncio.Future[Result]:
        return asyncio.get_running_loop().run_in_executor(self.thread, work)

    async def run(self, work: Callable[[], Result]) -> Result:
        """Do something in the folder's thread; what the agent's code raises is ours."""
        try:
            return await self._begin(work)
        except AgentError as error:
            raise wire.error(error.to_wire()) from error
        except OSError as error:
            raise _full_or(error) from error

    async def close(self) -> None:
        """Wait for what still runs; its result is nobody's any more."""
        self.local.stopped = True
        for each in (self.loaded, self.looked):
            each.cancel()
        await asyncio.wait([self.loaded, self.looked])
        for each in (self.loaded, self.looked):
            if not each.cancelled():
                each.exception()
        self.thread.shutdown(wait=False)


@asynccontextmanager
async def ahead(
    store: Store, project: Project, progress: Progress | None = None, *, dot_git: bool = True
) -> AsyncIterator[Ahead]:
    """Begin to look at a project's folder; take a turn among this client's processes."""
    async with turn(store.path, project, progress or _quiet):
        found = Ahead(Local(store.path, project, dot_git=dot_git))
        try:
            yield found
        finally:
            await found.close()


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
) -> SyncReport:
    """Bring a project's folder and its workspace together, in one ``direction`` or both.

    What both sides changed is a conflict: reported, and left alone but for ``choices``;
    ``only_choices`` moves nothing else. Nothing that a side had is lost: what is replaced goes to
    its trash. Raises ``SyncError``, ``LinkLost``, and what the agent answers.
    """
    async with AsyncExitStack() as stack:
        if begun is None:
            begun = await stack.enter_async_context(
                ahead(store, project, progress, dot_git=dot_git)
            )
        async with conversation(link, project, begun, bulk=bulk) as talk:
            run = Run(begun, talk, project, progress or _quiet)
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
    known = state.triples({}, local.index, local.odd, There())
    return make_plan(known, "push", server=project.server).conflicts


class Run:
    """Synchronises, as often as it is asked to, over one conversation."""

    def __init__(
        self, begun: Ahead, talk: Conversation, project: Project, progress: Progress
    ) -> None:
        self._here = begun
        self._local = begun.local
        self._talk = talk
        self._project = project
        self._tell = progress
        self._there: There | None = None
        self._triples: dict[str, Triple] = {}
        self._notes: list[str] = []
        self._skipped: list[Skipped] = []
        self._late: dict[str, State | None] = {}
        self._done = 0
        self._pushed: float | None = None

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
        self._notes, self._skipped, self._pushed = [], [], None
        self._late.clear()
        await self._look(folders)
        plan: Plan | None = None
        try:
            plan = await self._plan(direction, choices)
            if only:
                plan = guards.restricted(plan, choices)
            guards.check(plan, self._local, self._there, allow_empty=allow_empty)
            if dry_run:
                return await self._preview(direction, plan, begin)
            self._check_room(plan)
            report = await self._move(direction, plan, allow_empty)
        finally:
            await self._remember(plan)
        return self._counted(report, begin, sent, received)

    # -- look and plan

    async def _look(self, folders: set[str] | None) -> None:
        """Look at both sides at once."""
        local, first = self._local, self._there is None
        self._tell("comparing files", 0, None)
        if first:
            looking = self._here.looked
            listing = asyncio.ensure_future(self._talk.listing())
        else:
            looking = asyncio.ensure_future(self._here.run(lambda: local.scan(folders)))
            listing = asyncio.ensure_future(self._talk.refresh(local.row.there_seq))
        try:
            # Whichever fails first says why.
            await asyncio.gather(looking, listing)
        except AgentError as error:
            raise wire.error(error.to_wire()) from error
        finally:
            if not listing.done():
                listing.cancel()
                await asyncio.wait([listing])
        self._there = there = listing.result()
        if there.index != local.row.there_id and not there.full:
            raise SyncError("The server's answer can't be understood", "it lists only a part")
        build = lambda: state.triples(  # noqa: E731
            local.changes, local.index, local.odd, there, first=local.first
        )
        self._triples = await self._here.run(build)

    async def _plan(self, direction: Direction, choices: Mapping[str, Choice]) -> Plan:
        stamp, server = new_stamp(), self._project.server

        def make() -> Plan:
            return make_plan(self._triples, direction, choices, server=server, stamp=stamp)

        plan = await self._here.run(make)
        if plan.unknown:
            self._tell("comparing files on the server", 0, None)
            await self._read_here(plan.unknown)
            for path, digest in (await self._talk.digests(plan.unknown)).items():
                base, here, there = self._triples[path]
                if there is not None:
                    there = None if digest is None else there._replace(value=digest)
                    self._triples[path] = (base, here, there)
            plan = await self._here.run(make)
        return plan

    async def _read_here(self, unknown: Iterable[str]) -> None:
        """Read what was not read yet of the files here that the server has too."""
        paths = []
        for path in unknown:
            here = self._triples[path][1]
            if here is not None and here.kind == "f" and not here.value:
                paths.append(path)
        if paths:
            local = self._local
            for path, digest in (await self._here.run(lambda: local.digests(paths))).items():
                base, here, there = self._triples[path]
                if here is not None and digest is not None:
                    self._triples[path] = (base, here._replace(value=digest), there)

    def _check_room(self, plan: Plan) -> None:
        totals, there = plan.totals(), self._there
        if there is not None and there.free is not None and totals.send_bytes > there.free:
            raise SyncError(
                f"{self._project.server}: not enough room",
                f"{totals.send_bytes >> 20} MiB are to be sent, {there.free >> 20} MiB are free",
                "make room on the server, or ignore what is not needed there",
            )
        if totals.fetch_bytes:
            free = shutil.disk_usage(self._local.root).free
            if totals.fetch_bytes > free:
                raise SyncError(
                    "Not enough room here",
                    f"{totals.fetch_bytes >> 20} MiB are to come, {free >> 20} MiB are free",
                    "make room on this disk",
                )

    async def _preview(self, direction: Direction, plan: Plan, begin: float) -> SyncReport:
        from mnix_tui.sync.preview import preview

        local = self._local
        made = await self._here.run(
            lambda: preview(
                direction,
                plan,
                local.root,
                self._triples,
                self._all_notes(plan),
                index=local.index,
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

            self._notes += await self._here.run(
                lambda: as_notes(plan, self._triples, self._local.root)
            )
        fetched = await self._fetch(plan)
        applied = await self._send(plan, allow_empty)
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
            raise _full_or(error) from error
        finally:
            await asyncio.shield(self._here.run(fetch.close))
        self._skipped += done.skipped
        return done.trashed, done.trash

    async def _send(self, plan: Plan, allow_empty: bool) -> Applied | None:
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
        self._pushed = time.time()
        await self._here.run(lambda: self._learn(sender.values))
        self._took(applied)
        return applied

    async def _stream(self, sender: Sender, items: list[Outgoing], total: int) -> None:
        def tell(_: int) -> None:
            self._tell("sending files", min(sender.done, total), total)

        frames = sender.frames(items, self._local.blocks_of)
        try:
            await self._talk.send(frames, sender, self._here.thread, tell)
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
                self._late[path] = change[0]
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

        state, before, there = action.state, action.before, self._there
        if state is None or state.kind != "f" or action.mode_only:
            return Outgoing(action.path, state, before, action.mode_only)
        offset = there.parts.get(state.value, 0) if there is not None else 0
        offset = offset if offset <= state.size else 0
        if before is None or before.kind != "f":
            return Outgoing(action.path, state, before, offset=offset)
        return Outgoing(
            action.path, state, before, basis=before.value, basis_size=before.size, offset=offset
        )

    def _skip(self, path: str, reason: str, note: str, where: str = "there") -> None:
        self._skipped.append(Skipped(path, reason, "here" if where == "here" else "there"))
        if note:
            self._notes.append(note)

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
        if there is not None and (applied.index, applied.seq) == (there.index, there.seq + 1):
            there.seq = applied.seq

    # -- remember

    def _settle(self, plan: Plan) -> None:
        """Take as agreed what was done."""
        skipped = {each.path for each in self._skipped}
        sent = {each.path for each in plan.send}
        fetched = {each.path for each in plan.fetch}
        for path, now in settled(plan, self._triples).items():
            if path in skipped:
                continue
            if path in fetched and (item := self._local.index.find(path)) is not None:
                now = item.state  # its digest came only with its content
            if path in sent and path in self._triples:  # it may have been sent once more
                now = self._triples[path][1]
            self._triples[path] = (now, now, now)

    async def _remember(self, plan: Plan | None) -> None:
        """Keep what is known by now, however it ended."""
        local, there = self._local, self._there
        row = local.row
        if there is not None:
            row.there_id, row.there_seq = there.index, there.seq
        if plan is not None:
            row.conflicts, row.kept = len(plan.conflicts), len(plan.keep_there)
            row.at = time.time()
        triples, looked, pushed = self._triples, there is not None, self._pushed
        late = self._seen_late()
        triples.update(late)
        await asyncio.shield(
            self._here.run(lambda: local.save(triples, looked=looked, pushed=pushed))
        )
        # For the next time, which may look nowhere else.
        local.changes.update({path: (base, here) for path, (base, here, _) in late.items()})

    def _seen_late(self) -> dict[str, Triple]:
        """Return what was found here after it was planned: the index has it, nobody else does."""
        late: dict[str, Triple] = {}
        for path, before in self._late.items():
            item = self._local.index.find(path)
            here = item.state if item is not None else None
            base, _, there = self._triples.get(path, (before, before, before))
            late[path] = (base, here, there)
        return late

    def _all_notes(self, plan: Plan) -> list[str]:
        notes = list(self._local.notes)
        if self._there is not None:
            server = self._project.server
            notes += [
                f"{printable(path)} on {server} {plain(text)}"
                for path, _, text in self._there.notes
            ]
        if plan.withheld:
            notes.append(
                f"{len(plan.withheld)} files of a repository's settings or hooks were not fetched:"
                " git here would obey them"
            )
        return [*dict.fromkeys(notes + self._notes)]

    def _counted(self, report: SyncReport, begin: float, sent: int, received: int) -> SyncReport:
        from dataclasses import replace

        return replace(
            report,
            bytes_sent=self._talk.sent - sent,
            bytes_received=self._talk.received - received,
            seconds=time.monotonic() - begin,
        )


def _by() -> str:
    import getpass
    import socket

    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"[:100]
    except (OSError, KeyError):
        return socket.gethostname()[:100]


def _full_or(error: OSError) -> MnixError:
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return SyncError("The disk here is full", "nothing was changed", "make room, and try again")
    return SyncError("Files can't be moved", error.strerror or str(error))


def _quiet(what: str, done: int, total: int | None) -> None:
    """Take progress that nobody asked for."""
