"""Looking at both sides of a project, and planning what to do about it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mnix_tui.errors import SyncError
from mnix_tui.link import wire
from mnix_tui.sync import state
from mnix_tui.sync.local import new_stamp
from mnix_tui.sync.plan import plan as make_plan
from server_agent.protocol.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mnix_tui.domain.projects import Project
    from mnix_tui.domain.sync import Choice, Direction
    from mnix_tui.sync.ahead import Ahead, Progress
    from mnix_tui.sync.converse import Conversation, There
    from mnix_tui.sync.model import Plan
    from mnix_tui.sync.state import Pair
    from mnix_tui.sync.verdicts import Triple


class Look:
    """What was found on both sides, the last time that it was looked for."""

    def __init__(
        self, begun: Ahead, talk: Conversation, project: Project, progress: Progress
    ) -> None:
        self._here = begun
        self._local = begun.local
        self._talk = talk
        self._project = project
        self._tell = progress
        self.there: There | None = None
        """What the agent said; ``None`` until it did."""
        self.triples: dict[str, Triple] = {}
        """What was agreed, is here and is there, of each path where that is not all the same."""
        self.left: dict[str, Pair] = {}
        """What is left out here and remembered for when it is back: what was agreed, is there."""
        self.in_the_way: dict[str, int] = {}
        """What stands here where news from there would go, and of how many paths."""

    async def look(self, folders: set[str] | None) -> None:
        """Look at both sides at once."""
        local, first = self._local, self.there is None
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
        self.there = there = listing.result()
        if there.index != local.row.there_id and not there.full:
            raise SyncError("The server's answer can't be understood", "it lists only a part")
        await self._here.run(lambda: self._compare(there))

    def _compare(self, there: There) -> None:
        local = self._local
        self.triples, self.left = state.triples(
            local.changes,
            local.index,
            local.odd,
            there,
            first=local.first,
            elsewhere=local.elsewhere,
        )
        self.in_the_way = state.in_the_way(self.left, local.index)

    async def plan(self, direction: Direction, choices: Mapping[str, Choice]) -> Plan:
        """Return what is to be done; asks the server for the digests that it depends on."""
        stamp, server = new_stamp(), self._project.server

        def make() -> Plan:
            return make_plan(self.triples, direction, choices, server=server, stamp=stamp)

        plan = await self._here.run(make)
        if plan.unknown:
            self._tell("comparing files on the server", 0, None)
            await self._read_here(plan.unknown)
            for path, digest in (await self._talk.digests(plan.unknown)).items():
                base, here, there = self.triples[path]
                if there is not None:
                    now = None if digest is None else there._replace(value=digest)
                    # What an older mnix sent is agreed, whatever it is.
                    self.triples[path] = (now if base == there else base, here, now)
            plan = await self._here.run(make)
        return plan

    async def _read_here(self, unknown: Iterable[str]) -> None:
        """Read what was not read yet of the files here that the server has too."""
        paths = []
        for path in unknown:
            here = self.triples[path][1]
            if here is not None and here.kind == "f" and not here.value:
                paths.append(path)
        if paths:
            local = self._local
            for path, digest in (await self._here.run(lambda: local.digests(paths))).items():
                base, here, there = self.triples[path]
                if here is not None and digest is not None:
                    self.triples[path] = (base, here._replace(value=digest), there)
