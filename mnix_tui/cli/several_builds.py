"""``mnix rebuild-switch`` of several projects: each is told when it is over, without its tree."""

from __future__ import annotations

import shlex
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from mnix_tui.actions.rebuilding import rebuild
from mnix_tui.cli import follow, output, several
from mnix_tui.cli.tasks import beside
from mnix_tui.errors import MnixError
from mnix_tui.nixlog import Build

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mnix_tui.cli.context import Context
    from mnix_tui.cli.rebuild import Wanted
    from mnix_tui.cli.target import Target
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project
    from mnix_tui.link import Link
    from mnix_tui.nixlog import Line
    from mnix_tui.store.store import Store

DOING = several.Doing("rebuild", "rebuilding")


class BuildFailed(MnixError):
    """A rebuild ended, and what ran before runs on."""


def run(context: Context, targets: Sequence[Target], wanted: Wanted) -> int:
    """Rebuild the projects, four at a time; return the exit code."""

    async def one(store: Store, link: Link, chosen: Target) -> str:
        return await _one(store, link, chosen, wanted)

    try:
        return several.run(context, targets, DOING, one, stays=True, quiet=wanted.as_json)
    except KeyboardInterrupt:
        output.note("mnix: rebuilds that were begun go on; mnix ls --refresh shows them")
        raise


async def _one(store: Store, link: Link, chosen: Target, wanted: Wanted) -> str:
    job = await rebuild(
        store,
        link,
        chosen.project,
        dev_shell=wanted.dev_shell,
        override_inputs=wanted.override_inputs,
        impure=wanted.impure,
    )
    views = await store.projects(chosen.server.name)
    project = next(v.project for v in views if v.project.remote_id == job.project_id)
    naming = f" --project {shlex.quote(output.visible(project.ref))}"
    if wanted.as_json:
        click.echo(_event("job", project, job, cause=job.cause or None))
    if wanted.detach:
        if wanted.as_json:
            return ""
        return f"job {job.id}: follow it with mnix logs -f --tree{naming} --job {job.id}"
    build = Build(expected=await store.build_times(project.server))
    following = follow.Following(link, job, build, _Silent())
    async with beside(following.read()) as reading:
        await reading
    ended = await link.agent.job(job.id)
    await follow.remember(store, link, project, job, build)
    worked = ended.exit_code == 0
    if wanted.as_json:
        took = (ended.ended or time.time()) - (ended.started or time.time())
        said = {"ok": worked, "generation": ended.generation, "exit_code": ended.exit_code}
        click.echo(_event("end", project, job, **said, reason=ended.reason, duration=took))
    if not worked:
        raise _failure(ended, build, naming)
    return "" if wanted.as_json else _success(project, ended, build)


def _event(event: str, project: Project, job: Job, **more: object) -> str:
    return output.json_line(event, id=job.id, project=project.name, server=project.server, **more)


def _success(project: Project, ended: Job, build: Build) -> str:
    at = "" if ended.generation is None else f" at generation {ended.generation}"
    ref = output.visible(project.ref)
    if build.summary().changed is False:
        return f"nothing changed: project {ref} stays{at}"
    return f"rebuilt project {ref}{at}"


def _failure(ended: Job, build: Build, naming: str) -> BuildFailed:
    first = build.problems[0].title if build.problems else ""
    why = ended.reason or first or f"it ended with {ended.exit_code}"
    return BuildFailed(
        "the build failed",
        why,
        f"what ran before goes on; see mnix logs --tree{naming} --job {ended.id}",
    )


class _Silent:
    """Shows nothing of a build: it is one of several."""

    @contextmanager
    def held(self, build: Build, project: Project, job: Job, naming: str = "") -> Iterator[None]:
        """Show nothing until the block ends."""
        yield

    async def run(self) -> None:
        """Do nothing."""

    async def take(self, lines: list[Line]) -> None:
        """Drop lines: the log is kept on the server."""

    def trouble(self, text: str) -> None:
        """Say nothing: the link is made again."""

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing is in the way of a question."""
        yield

    def ended(self, job: Job, worked: bool) -> None:
        """Say nothing here: the end is told with those of the others."""
