"""Following a build until it ends or is left alone; ctrl-c asks which of both."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import TYPE_CHECKING

from mnix_tui.actions.rebuilding import observe
from mnix_tui.cli import connect, output, own_terminal, prompts, target
from mnix_tui.cli.notify import notify
from mnix_tui.cli.tasks import beside, until
from mnix_tui.errors import LinkError, MnixError
from mnix_tui.nixlog import Build, durations
from mnix_tui.sessions import Attachment, Gap, LinkDown, LinkUp, Live, Output

if TYPE_CHECKING:
    from mnix_tui.cli.display import Display
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project
    from mnix_tui.link import Link
    from mnix_tui.store.store import Store

EXIT_INTERRUPTED = 130
END_GRACE = 1.5
"""Seconds that a build has to end by itself: all of it has ended, or is named, within five."""
FEED = 64 << 10
"""Bytes that are parsed at a time."""


def display_for(*, as_json: bool = False, plain: bool = False) -> Display:
    """Return what suits the output: events, a live tree on a terminal, plain lines else."""
    if as_json:
        from mnix_tui.cli.build_events import Events

        return Events()
    if not plain and own_terminal.draws():
        from mnix_tui.cli.live import Live

        return Live(colour=own_terminal.colours())
    from mnix_tui.cli.display import Plain

    return Plain(colour=own_terminal.colours())


async def rebuild(
    store: Store,
    link: Link,
    project: Project,
    job: Job,
    display: Display,
    *,
    notify_after: float = 0,
) -> int:
    """Show a build until it ends; return the exit code that says whether it worked.

    Ctrl-c asks whether to leave it, to end it, or to go on.
    """
    build = Build(expected=await store.build_times(project.server))
    naming = target.naming(store.path, project)
    with display.held(build, project, job, naming), prompts.held(display.paused):
        following = Following(link, job, build, display)
        async with beside(following.read()) as reading, beside(display.run()) as drawing:
            while (signalled := await until(reading, drawing)) is not None:
                if signalled is not signal.SIGINT:
                    return 128 + signalled
                following.wait(True)
                with display.paused():
                    code = await _ask(link, project, job, naming)
                following.wait(False)
                if code is not None:
                    return code
        ended = await link.agent.job(job.id)
        worked = ended.exit_code == 0
        display.ended(ended, worked)
    await remember(store, link, project, job, build)
    await _tell(link, project, ended, build, worked, naming)
    took = (ended.ended or time.time()) - (ended.started or time.time())
    if 0 < notify_after <= took:
        what = "is rebuilt" if worked else "could not be rebuilt"
        notify(f"{project.name} {what} ({output.seconds(took)})")
    return 0 if worked else 1


async def look(
    store: Store, link: Link, project: Project, job: Job, display: Display, *, to_end: bool
) -> int:
    """Show a rebuild's log: what there is, or ``to_end``. Ctrl-c leaves it at that."""
    build = Build(expected=await store.build_times(project.server))
    naming = target.naming(store.path, project)
    with display.held(build, project, job, naming), prompts.held(display.paused):
        following = Following(link, job, build, display, to_end=to_end)
        async with beside(following.read()) as reading, beside(display.run()) as drawing:
            if (signalled := await until(reading, drawing)) is not None:
                return 128 + signalled
        if not (now := await link.agent.job(job.id)).live:
            display.ended(now, now.exit_code == 0)
    return 0


class Following:
    """Reads a job's log into a build, and shows what that says."""

    def __init__(
        self, link: Link, job: Job, build: Build, display: Display, *, to_end: bool = True
    ) -> None:
        self._to_end = to_end
        self._link, self._job = link, job
        self._build, self._display = build, display
        self._go = asyncio.Event()
        self._go.set()

    def wait(self, on: bool) -> None:
        """Stop reading, or go on: nothing is lost meanwhile."""
        if on:
            self._go.clear()
        else:
            self._go.set()

    async def read(self) -> None:
        """Read until the job has ended."""
        async with Attachment(self._link, self._job, cols=0, rows=0, fresh=False) as attachment:
            async for event in attachment:
                match event:
                    case Output(data=data):
                        await self._feed(data)
                    case Gap(start=start, end=end):
                        note = f"\nmnix: warning: {end - start} bytes are no longer kept\n"
                        await self._feed(note.encode())
                    case LinkDown(reason=reason):
                        self._display.trouble(f"{reason}; reconnecting")
                    case LinkUp():
                        self._display.trouble("")
                    case Live() if not self._to_end:
                        return
        await self._display.take(self._build.end())

    async def _feed(self, data: bytes) -> None:
        for begin in range(0, len(data), FEED):
            await self._go.wait()
            await self._display.take(self._build.feed(data[begin : begin + FEED]))
            await asyncio.sleep(0)


async def _ask(link: Link, project: Project, job: Job, naming: str) -> int | None:
    """After ctrl-c: leave the build, end it, or (None) follow it further."""
    output.note(f"mnix: the build goes on on {output.visible(project.server)}")
    answer = ""
    if output.on_terminal():
        question = connect.ask("[l]eave it running, [e]nd it, [f]ollow it further? [l] ")
        async with beside(question) as asking:
            if await until(asking) is None:
                answer = asking.result().lower()
    where = f"{job.id} --server {output.visible(project.server)}"
    try:
        if answer.startswith("f") or not (await link.agent.job(job.id)).live:
            return None
        if answer.startswith("e"):
            await _end(link, job, where, naming)
            return EXIT_INTERRUPTED
    except LinkError as error:  # nothing can be asked there now: it goes on
        if answer.startswith("e"):
            error.hint = f"the build goes on there; later: mnix sessions --end {where}"
            raise
    output.note(f"  → follow it: mnix logs -f --tree --job {where}")
    output.note(f"  → end it: mnix sessions --end {where}")
    return EXIT_INTERRUPTED


async def _end(link: Link, job: Job, where: str, naming: str) -> None:
    output.note("mnix: ending it…")
    ended = await link.agent.kill(job.id, END_GRACE)
    if ended.live or "still running" in ended.reason:
        output.note(f"mnix: not all of it has ended: {output.visible(ended.reason)}")
        output.note(f"  → try again: mnix sessions --end {where}")
    else:
        output.note("mnix: the build and all that it started have ended")
        output.note(f"  → the environment is as it was; mnix rebuild-switch{naming} begins again")


async def remember(store: Store, link: Link, project: Project, job: Job, build: Build) -> None:
    """Keep what was learned: how the project is, and how long things took."""
    try:
        await store.put_build_times(project.server, durations(build), job.id)
        await observe(store, link, project)
    except MnixError:
        pass  # what was seen is a cache; the build's own result is what counts


async def _tell(
    link: Link, project: Project, ended: Job, build: Build, worked: bool, naming: str
) -> None:
    """Say how it ended, and what to do next."""
    name = output.visible(project.name)
    if worked:
        number = ended.generation
        at = "" if number is None else f" at generation {number}"
        if build.summary().changed is False:
            output.note(f"mnix: nothing changed: project {name} stays{at}")
        else:
            difference = await _difference(link, project, number)
            output.note(f"mnix: rebuilt project {name}{at}{difference}")
        if number is not None and (behind := await _behind(link, project, number)):
            shells = "1 shell keeps" if behind == 1 else f"{behind} shells keep"
            output.note(f"  → {shells} the environment from before, until: mnix-reenter")
        return
    if ended.reason.startswith("cancelled"):  # by somebody else: whoever did it here was told
        output.note(f"mnix: the build of {name} was {output.visible(ended.reason)}")
        output.note(f"  → what ran before goes on; mnix rebuild-switch{naming} begins again")
        return
    why = f": {output.visible(ended.reason)}" if ended.reason else ""
    if not why and not build.problems:
        why = (
            ": nobody knows why"
            if ended.exit_code is None
            else f": it ended with {ended.exit_code}"
        )
    output.note(f"mnix: the build of {name} failed{why}")
    again = f"mnix rebuild-switch{naming}"
    output.note(f"  → what ran before goes on; mend what is named above, then: {again}")


async def _difference(link: Link, project: Project, number: int | None) -> str:
    """Return in a few words what a new generation changed; "" where nobody knows."""
    from mnix_tui.cli.generations import brief

    try:
        known = await link.agent.generations(project.remote_id)
    except MnixError:
        return ""  # the build worked; this is only more about it
    changes = next((each.changes for each in known if each.number == number), None)
    return "" if changes is None else f" ({brief(changes)})"


async def _behind(link: Link, project: Project, number: int) -> int:
    """Return how many shells run in another generation."""
    try:
        sessions = await link.agent.jobs(project.remote_id, "session")
    except MnixError:
        return 0  # the build worked; this is only advice
    return sum(job.live and job.generation not in (None, 0, number) for job in sessions)
