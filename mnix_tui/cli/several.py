"""Doing the same with several projects: one link a server, a few at a time, each told when done."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import click

from mnix_tui.cli import connect, output
from mnix_tui.errors import EXIT_ERROR, LinkLost, MnixError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mnix_tui.cli.context import Context
    from mnix_tui.cli.target import Target
    from mnix_tui.link import Link, LinkOptions
    from mnix_tui.store.store import Store

AT_ONCE = 4
"""Projects that are worked on at the same time."""

Work: TypeAlias = "Callable[[Store, Link, Target], Awaitable[str]]"
"""Does it with one project, and returns what to say of it; "" for nothing."""


@dataclass(frozen=True)
class Doing:
    """What is done, in words."""

    verb: str
    """``start``"""
    gerund: str
    """``starting``"""


def run(
    context: Context,
    targets: Sequence[Target],
    doing: Doing,
    work: Work,
    *,
    stays: bool = False,
    quiet: bool = False,
) -> int:
    """Do it with all of them; return the exit code: 0, that of all errors, or 1.

    What fails for one stops no other. ``stays``: links that are lost are made again. ``quiet``:
    the progress is not shown, because ``work`` prints something itself.
    """
    return connect.run(_Run(context, doing, work, stays=stays, quiet=quiet).all(targets))


class _Run:
    def __init__(
        self, context: Context, doing: Doing, work: Work, *, stays: bool, quiet: bool
    ) -> None:
        self._context, self._doing, self._work = context, doing, work
        self._stays, self._quiet = stays, quiet
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._line = connect.ProgressLine()
        self._done = self._total = 0
        self._busy: dict[str, None] = {}
        self._codes: set[int] = set()

    async def all(self, targets: Sequence[Target]) -> int:
        from mnix_tui.store.store import Store

        self._total = len(targets)
        options = connect.asking_in_turn(connect.link_options(self._context), self._line.away)
        servers: dict[str, list[Target]] = defaultdict(list)
        for each in targets:
            servers[each.server.name].append(each)
        async with Store.open(self._context.database) as store:
            with self._line:
                self._show()
                async with asyncio.TaskGroup() as tasks:
                    for theirs in servers.values():
                        tasks.create_task(self._server(store, theirs, options))
        if not self._codes:
            return 0
        return self._codes.pop() if len(self._codes) == 1 else EXIT_ERROR

    async def _server(self, store: Store, targets: list[Target], options: LinkOptions) -> None:
        server = targets[0].server
        try:
            async with (
                connect.joined(self._context, server, store, options, stays=self._stays) as link,
                asyncio.TaskGroup() as tasks,
            ):
                for each in targets:
                    tasks.create_task(self._one(store, link, each))
        except MnixError as error:
            name = output.visible(server.name)
            these = output.count(len(targets), "project")
            self._failed(f"{name}: {_short(error, name)} ({these})", error)
            self._done += len(targets)
            self._show()

    async def _one(self, store: Store, link: Link, target: Target) -> None:
        async with self._turns:
            ref = output.visible(target.project.ref)
            self._busy[ref] = None
            self._show()
            try:
                said = await self._work(store, link, target)
            except MnixError as error:
                self._failed(f"{ref}: {_short(error, ref)}", error)
            else:
                self._say(said)
            self._busy.pop(ref)
        self._done += 1
        self._show()

    def _say(self, text: str) -> None:
        if text:
            self._line.clear()
            click.echo(text)

    def _failed(self, text: str, error: MnixError) -> None:
        self._codes.add(error.exit_code)
        self._line.clear()
        output.note(f"mnix: could not {self._doing.verb} {text}")
        for hint in error.hint.splitlines():
            output.note(f"  → {output.visible(hint)}")

    def _show(self) -> None:
        if self._done < self._total and not self._quiet:
            names = ", ".join(self._busy) or "connecting"
            self._line(
                f"{self._done} of {self._total} done; {self._doing.gerund}: {names}", 0, None
            )


def _short(error: MnixError, name: str) -> str:
    title = error.title.removeprefix(f"{name}: ")
    detail = f": {error.detail}" if error.detail and not isinstance(error, LinkLost) else ""
    return output.visible(" ".join(f"{title}{detail}".split()))
