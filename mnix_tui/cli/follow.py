"""Following a build: its log as plain lines or JSON, until it ends or is left alone."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

import click

from mnix_tui.actions.loglines import Line, LogLines
from mnix_tui.actions.rebuild import observe
from mnix_tui.cli import connect, output
from mnix_tui.errors import MnixError
from mnix_tui.sessions import log_chunks

if TYPE_CHECKING:
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
    try:
        while True:
            try:
                await printer.log(link, job)
                break
            except asyncio.CancelledError:
                await _interrupted(link, project, job)
                printer = Printer(as_json, skip=printer.taken)
    finally:
        printer.rest()
    ended = await link.agent.job(job.id)
    try:
        await observe(store, link, project)
    except MnixError:
        pass  # what was seen is a cache; the build's own result is what counts
    return _result(printer, project, ended)


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


async def _interrupted(link: Link, project: Project, job: Job) -> None:
    """Ctrl-C: the build goes on, unless the person ends it. Returns to follow it further."""
    how = (
        f"follow it: mnix logs -f --job {job.id} --server {project.server}\n"
        f"end it:    mnix sessions --end {job.id} --server {project.server}"
    )
    task = asyncio.current_task()
    if task is not None and output.on_terminal():
        task.uncancel()
        output.note(f"\nmnix: the build of {output.visible(project.ref)} goes on without us.")
        answer = await connect.ask("[l]eave it running, [e]nd it, [f]ollow it further? [l] ")
        if answer.lower().startswith("f"):
            return
        if answer.lower().startswith("e"):
            await link.agent.kill(job.id)
            output.note("mnix: the build was ended; the environment is as it was")
            raise KeyboardInterrupt
    output.note(f"mnix: the build goes on\n{how}")
    raise KeyboardInterrupt


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
    output.note("  → what ran before goes on; mend the flake, then mnix rebuild-switch")
    return 1
