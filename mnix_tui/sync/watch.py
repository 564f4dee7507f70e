"""Watching a folder and its workspace: changes are on the other side as they come.

One conversation stays open while the link does. Only the folders where something happened are
looked at, on either side; what a round itself wrote is known already, so nothing goes in circles.
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mnix_tui.errors import LinkError, MnixError, SyncError
from mnix_tui.sync.events import LocalEvents
from mnix_tui.sync.local import Local
from mnix_tui.sync.syncing import Ahead, Run, conversation
from mnix_tui.sync.turns import turn

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from mnix_tui.domain.projects import Project
    from mnix_tui.domain.sync import Direction
    from mnix_tui.store.store import Store
    from mnix_tui.sync.converse import Conversation, Linked
    from mnix_tui.sync.model import SyncReport

    class Kept(Linked, Protocol):
        """A link that is made again when it is lost."""

        async def ready(self, timeout: float | None = None) -> None:
            """Wait until the link is up."""


AGAIN = 5.0
"""Seconds after which what stood in the way is tried again, if nothing changed here before."""
LONGEST = 60.0
LATE = 0.5
"""Seconds after which a transfer that still runs is said, and again after as many more."""
LARGE = 8 << 20
"""Bytes of a transfer that is said at once."""
_LOCKED = 10.0
"""Seconds for which a git that works in the folder is waited for: a switch is one transfer."""
_STEP = 0.05


@dataclass(frozen=True)
class Watching:
    """Both sides are watched now, and as alike as they can be."""


@dataclass(frozen=True)
class Sending:
    """Files are on their way, which takes a while; ``Synced`` or ``Watching`` ends it."""

    what: str
    done: int
    total: int | None


@dataclass(frozen=True)
class Beware:
    """What looks like a secret, or is very large, is sent for the first time now."""

    notes: tuple[str, ...]


@dataclass(frozen=True)
class Synced:
    """Changes were moved."""

    report: SyncReport


@dataclass(frozen=True)
class Waiting:
    """The server can't be reached; changes are sent once it is there again."""

    reason: str


@dataclass(frozen=True)
class Trouble:
    """Something stands in the way of syncing; watching goes on, and tries again."""

    error: MnixError


WatchEvent = Watching | Sending | Beware | Synced | Waiting | Trouble
"""What ``actions.sync.watch`` tells."""


async def watch(
    link: Kept,
    store: Store,
    project: Project,
    rules: Callable[[], tuple[Direction, bool]],
) -> AsyncGenerator[WatchEvent, None]:
    """Tell what happens, until it is closed. ``rules``: which way, and whether with ``.git``."""
    watcher = _Watcher(link, store, project, rules)
    work = asyncio.ensure_future(watcher.run())
    try:
        while True:
            ask = asyncio.ensure_future(watcher.told.get())
            await asyncio.wait([ask, work], return_when=asyncio.FIRST_COMPLETED)
            if not ask.done():
                ask.cancel()
                work.result()  # it ends by an error that nobody expected
                return
            yield ask.result()
    finally:
        work.cancel()
        await asyncio.wait([work])


class _Moved(SyncError):
    """The project has another folder: this watch has nothing more to do."""


class _Watcher:
    def __init__(
        self,
        link: Kept,
        store: Store,
        project: Project,
        rules: Callable[[], tuple[Direction, bool]],
    ) -> None:
        self.told: asyncio.Queue[WatchEvent] = asyncio.Queue(100)
        self._link = link
        self._store = store
        self._project = project
        self._rules = rules
        self._left: tuple[tuple[str, ...], bool] = ((), False)
        """The conflicts, and whether anything was skipped, that were told last."""
        self._wait = AGAIN
        self._since: float | None = None
        """When the transfer that runs began, or was said last."""
        self._said = False
        self._warned: list[str] = []
        """What was warned of, and did not arrive yet."""

    async def run(self) -> None:
        """Watch, and begin again after whatever ends it."""
        while True:
            # Anew each time: a folder that was moved away and came back is another one.
            async with LocalEvents(self._project.folder) as here:
                try:
                    await self._session(here)
                except _Moved:
                    raise
                except LinkError as error:
                    await self.told.put(Waiting(error.title))
                    await self._back()
                except MnixError as error:
                    await self.told.put(Trouble(error))
                    await here.wait(self._wait)
                    self._wait = min(LONGEST, self._wait * 2)

    async def _back(self) -> None:
        """Wait for the link."""
        try:
            await self._link.ready()
        except LinkError:
            await asyncio.sleep(AGAIN)
        except MnixError as error:
            await self.told.put(Trouble(error))
            await asyncio.sleep(LONGEST)

    async def _session(self, here: LocalEvents) -> None:
        """Hold one conversation, until something ends it."""
        direction, dot_git = await asyncio.to_thread(self._rules)
        async with AsyncExitStack() as stack:
            async with self._turn():
                await self._at_home()
                here.take()
                begun = Ahead(Local(self._store.path, self._project, dot_git=dot_git))
                stack.push_async_callback(begun.close)
                talk = await stack.enter_async_context(
                    conversation(self._link, self._project, begun, watch=True)
                )
                run = Run(begun, talk, self._project, self._progress, self._warn)
                await self._tell(await run.once(direction))
            await self.told.put(Watching())
            self._wait = AGAIN
            while True:
                await self._something(here, talk)
                if here.replaced:
                    return
                await self._settled(here)
                direction, now = await asyncio.to_thread(self._rules)
                if now != dot_git:
                    return  # what belongs to the tree changed: everything is looked at again
                await self._round(begun, talk, run, here, direction)

    async def _something(self, here: LocalEvents, talk: Conversation) -> None:
        """Wait until something changed on either side."""
        waits = [asyncio.ensure_future(here.wait()), asyncio.ensure_future(talk.dirt())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
            await asyncio.wait(waits)
        for each in waits:
            if not each.cancelled():
                each.result()

    async def _settled(self, here: LocalEvents) -> None:
        """Wait for a git that is at work here, and for all that happens now to have happened."""
        lock = os.path.join(self._project.folder, ".git", "index.lock")  # noqa: PTH118
        waited = 0.0
        while here.pending and waited < _LOCKED and os.path.lexists(lock):
            await asyncio.sleep(_STEP)
            waited += _STEP
        await here.quiet()

    async def _at_home(self) -> None:
        """Raise ``SyncError`` if the project has another folder by now."""
        for view in await self._store.projects(self._project.server):
            now = view.project
            if now.remote_id == self._project.remote_id and now.folder != self._project.folder:
                where = f"the folder of {now.ref} is {now.folder} now"
                raise _Moved(
                    f"{self._project.folder} is not watched any more",
                    where if now.folder else f"{now.ref} has no folder here now",
                    f"watch the other one: mnix watch -p {now.ref}" if now.folder else "",
                )

    async def _round(
        self, begun: Ahead, talk: Conversation, run: Run, here: LocalEvents, direction: Direction
    ) -> None:
        async with self._turn():
            await self._at_home()
            local = begun.local
            folders = here.take()
            if await begun.run(local.outdated):  # another mnix of ours was at work
                await begun.run(local.load)
                folders = None
            await begun.run(lambda: local.scan(folders))
            if not local.changes and not talk.dirty:
                return
            await self._tell(await run.once(direction, folders=set()))

    async def _tell(self, report: SyncReport) -> None:
        left = tuple(each.path for each in report.conflicts), bool(report.skipped)
        said, self._said, self._since = self._said, False, None
        self._warned = []
        if not report.nothing or report.skipped or left != self._left:
            self._left = left
            await self.told.put(Synced(report))
        elif said:
            await self.told.put(Watching())

    async def _warn(self, notes: list[str]) -> None:
        """Say what is sent first, before it is; but not again each time that this is tried."""
        new = [each for each in notes if each not in self._warned]
        self._warned = notes
        if new:
            await self.told.put(Beware(tuple(new)))

    def _progress(self, what: str, done: int, total: int | None) -> None:
        """Say that files are on their way, if that takes a while."""
        now = time.monotonic()
        if not total or not what.startswith(("sending", "fetching")):
            return
        at_once = self._since is None and total >= LARGE
        if self._since is None:
            self._since = now
        if (at_once or now - self._since >= LATE) and self.told.empty():
            self._since, self._said = now, True
            self.told.put_nowait(Sending(what, done, total))

    def _turn(self) -> AbstractAsyncContextManager[None]:
        return turn(self._store.path, self._project, _quiet)


def _quiet(what: str, done: int, total: int | None) -> None:
    """Take progress that nobody asked for."""
