"""Looking at the folder here, in a thread of its own, while the connection is being made."""

from __future__ import annotations

import asyncio
import errno
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from mnix_tui.errors import MnixError, SyncError
from mnix_tui.link import wire
from mnix_tui.sync.local import Local
from mnix_tui.sync.turns import turn
from server_agent.protocol.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from mnix_tui.domain.projects import Project
    from mnix_tui.store.store import Store

    Progress = Callable[[str, int, int | None], None]
    Warn = Callable[[list[str]], Awaitable[None]]

Result = TypeVar("Result")

FULL = (errno.ENOSPC, errno.EDQUOT)


class Ahead:
    """A look at the folder here that has begun already, while the connection is being made."""

    def __init__(self, local: Local) -> None:
        self.local = local
        # One thread: the index and its folder are for one at a time.
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="sync")
        self.loaded = self._begin(local.load)
        self.looked = self._begin(self._look)

    def _look(self) -> None:
        try:
            self.local.recover()
        except OSError as error:
            raise full_or(error) from error
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
            raise full_or(error) from error

    async def close(self) -> None:
        """Wait for what still runs; its result is nobody's any more."""
        self.local.stopped = True
        for each in (self.loaded, self.looked):
            each.cancel()
        await asyncio.wait([self.loaded, self.looked])
        for each in (self.loaded, self.looked):
            if not each.cancelled():
                each.exception()
        # What was begun (saving, most of all) ends before another one takes a turn.
        await asyncio.to_thread(self.thread.shutdown)


@asynccontextmanager
async def ahead(
    store: Store, project: Project, progress: Progress | None = None, *, dot_git: bool = True
) -> AsyncIterator[Ahead]:
    """Begin to look at a project's folder; take a turn among this client's processes."""
    async with turn(store.path, project, progress or quiet):
        found = Ahead(Local(store.path, project, dot_git=dot_git))
        try:
            yield found
        finally:
            await found.close()


def full_or(error: OSError) -> MnixError:
    """Return the error for what the file system here said."""
    if error.errno in FULL:
        return SyncError("The disk here is full", "nothing was changed", "make room, and try again")
    return SyncError("Files can't be moved", error.strerror or str(error))


def quiet(what: str, done: int, total: int | None) -> None:
    """Take progress that nobody asked for."""
