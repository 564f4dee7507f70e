"""Following a build: its log as plain lines or JSON, until it ends or is left alone."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from mnix_tui.actions.loglines import Line, LogLines
from mnix_tui.actions.rebuild import observe
from mnix_tui.cli import connect, output
from mnix_tui.errors import MnixError
from mnix_tui.sessions import log_chunks

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project
    from mnix_tui.link import Link
    from mnix_tui.store.store import Store


async def rebuild(
    store: Store, link: Link, project: Project, job: Job, as_json: bool = False
) -> int:
    """Print a build's log until it ends; return the exit code that says whether it worked."""
    printer = Printer(as_json)
    printer.event("job", id=job.id, project=project.name, server=project.server)
    while not await _until_interrupted(printer.log(link, job)):
        printer.rest()
        if not await _follow_further(link, project, job):
            return EXIT_INTERRUPTED
        printer = Printer(as_json, skip=printer.taken)
    printer.rest()
    ended = await link.agent.job(job.id)
    try:
        await observe(store, link, project)
    except MnixError:
        pass  # what was seen is a cache; the build's own result is what counts
    return _result(printer, project, ended)


EXIT_INTERRUPTED = 130


class Printer:
    """Prints a log's lines as they come."""

    def __init__(self, as_json: bool = False, skip: int = 0) -> None:
        """Print from the log's byte ``skip`` on."""
        self._json = as_json
        self._skip = skip
        self._lines = LogLines()
        self._colour = sys.stdout.isatty()
        self.taken = 0
        """How many bytes of the log were printed."""

    async def log(self, link: Link, job: Job) -> None:
        """Print a job's whole log, and what follows until it ends."""
        async for data in log_chunks(link, job):
            self.feed(data)

    def feed(self, data: bytes) -> None:
        """Print what ``data`` completes."""
        begin = self.taken
        self.taken += len(data)
        if begin < self._skip:
            data = data[self._skip - begin :]
        self._print(self._lines.feed(data))

    def rest(self) -> None:
        """Print a last line that has no end."""
        self._print(self._lines.rest())

    def event(self, event: str, **values: Any) -> None:
        """Print something else that happened, for programs."""
        if self._json:
            click.echo(json.dumps({"event": event, **values}))

    def _print(self, lines: list[Line]) -> None:
        for line in lines:
            if self._json:
                self.event("line", kind=line.kind, text=line.plain)
            else:
                text = line.text if self._colour else line.plain
                click.echo(f"▸ {text}" if line.kind == "step" else text)
        sys.stdout.flush()


async def _until_interrupted(work: Coroutine[Any, Any, object]) -> bool:
    """Do ``work``; return whether it came to its end before Ctrl-C."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True
        task.cancel()

    loop.add_signal_handler(signal.SIGINT, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not stopped:
            task.cancel()
            raise
        return False
    finally:
        loop.remove_signal_handler(signal.SIGINT)
    return True


async def _follow_further(link: Link, project: Project, job: Job) -> bool:
    """After Ctrl-C: the build goes on, unless the person ends it. Return whether to follow it."""
    answer = ""

    async def ask() -> None:
        nonlocal answer
        answer = await connect.ask("[l]eave it running, [e]nd it, [f]ollow it further? [l] ")

    output.note(f"\nmnix: the build goes on on {output.visible(project.server)}")
    if output.on_terminal():
        await _until_interrupted(ask())
    if answer.lower().startswith("f"):
        return True
    if answer.lower().startswith("e"):
        await link.agent.kill(job.id)
        output.note("mnix: the build was ended; the environment is as it was")
    else:
        where = f"{job.id} --server {output.visible(project.server)}"
        output.note(f"  → follow it: mnix logs -f --job {where}")
        output.note(f"  → end it: mnix sessions --end {where}")
    return False


def _result(printer: Printer, project: Project, ended: Job) -> int:
    worked = ended.exit_code == 0
    printer.event(
        "end",
        ok=worked,
        generation=ended.generation,
        exit_code=ended.exit_code,
        reason=ended.reason,
    )
    if worked:
        generation = f" at generation {ended.generation}" if ended.generation is not None else ""
        output.note(f"mnix: rebuilt project {output.visible(project.name)}{generation}")
        return 0
    why = ended.reason or (
        f"it ended with {ended.exit_code}" if ended.exit_code is not None else "nobody knows why"
    )
    output.note(f"mnix: the build of {output.visible(project.name)} failed: {output.visible(why)}")
    output.note(
        "  → what ran before goes on; mend what the lines above name, then: mnix rebuild-switch"
    )
    return 1
