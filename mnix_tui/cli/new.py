"""``mnix new``: a project of a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mnix_tui.cli import output, target
from mnix_tui.cli.context import Context, link_options, pass_merged, server_option
from mnix_tui.domain import names
from mnix_tui.errors import MnixError, UsageError

if TYPE_CHECKING:
    from mnix_tui.cli.connect import ProgressLine
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project
    from mnix_tui.domain.servers import Server
    from mnix_tui.link import Link
    from mnix_tui.store.store import Store


@dataclass(frozen=True)
class Wanted:
    """What the command line says of the project."""

    name: str
    folder: Path | None
    flake: str | None
    isolation: str | None
    copy: bool
    dev_shell: str | None
    warm_up: bool
    detach: bool
    git: str = ""
    """A repository that the server clones; "": the files come from the folder."""
    ref: str = ""
    forward_agent: bool = False


@click.command(short_help="Make a project of a folder or a repository, and build its environment.")
@click.argument("name")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option(
    "--flake",
    "-f",
    help="The project's flake.nix, counted from FOLDER (or this folder). Default: the likeliest.",
)
@click.option(
    "--isolation",
    type=click.Choice(["container", "host"]),
    help="Where it runs. Default: a container.",
)
@click.option("--copy", is_flag=True, help="On local: work on a copy, not in the folder itself.")
@click.option(
    "--dev-shell",
    metavar="NAME",
    help="Build this devShell of the flake first; dev_shell in mnix.toml is for good.",
)
@click.option("--git", "url", metavar="URL", help="Have the server clone this; no folder here.")
@click.option("--ref", metavar="REF", help="With --git: this branch or tag.")
@click.option(
    "--forward-agent", is_flag=True, help="With --git: lend your SSH agent to the clone, only."
)
@click.option("--detach", "-d", is_flag=True, help="Let it build, and don't follow that.")
@click.option(
    "--no-warm-up", "--no-build", "no_warm_up", is_flag=True, help="Build no environment yet."
)
@server_option
@link_options
@pass_merged
def new(
    context: Context,
    name: str,
    folder: Path | None,
    flake: str | None,
    isolation: str | None,
    copy: bool,
    dev_shell: str | None,
    url: str | None,
    ref: str | None,
    forward_agent: bool,
    detach: bool,
    no_warm_up: bool,
) -> int:
    """Make project NAME of FOLDER on a server, send the files, and build the environment.

    With --flake and no FOLDER, the whole repository around the flake is the project's folder.
    With --git the server clones URL itself, with its own git and keys, and the project has no
    folder here; mnix adopt NAME FOLDER brings its files here later.

    The build (the warm-up) needs no connection and goes on when this command is interrupted.
    warm_up = false in client.toml or in the project's mnix.toml leaves it out.
    """
    from mnix_tui.cli import connect

    names.check(name)
    _check(url, ref, forward_agent, folder, copy)
    server = target.server(context)
    if folder is None and flake is None and not url:
        folder = Path.cwd()
    warm_up = context.config.warm_up and not no_warm_up
    wanted = Wanted(
        name, folder, flake, isolation, copy, dev_shell, warm_up, detach,
        url or "", ref or "", forward_agent,
    )  # fmt: skip
    return connect.run(_new(context, server, wanted))


def _check(
    url: str | None, ref: str | None, forward_agent: bool, folder: Path | None, copy: bool
) -> None:
    if url and (folder or copy):
        raise UsageError(
            "--git has the server clone the files",
            "a folder here is not part of it",
            "leave out FOLDER and --copy; mnix adopt NAME FOLDER brings the files here later",
        )
    if not url and (ref or forward_agent or url is not None):
        raise UsageError("--ref and --forward-agent go with --git", hint="add --git URL")


async def _new(context: Context, server: Server, wanted: Wanted) -> int:
    from mnix_tui.cli import connect, follow
    from mnix_tui.cli.loop import asyncio

    name = wanted.name
    with connect.ProgressLine() as line:
        async with connect.linked(context, server, stays=True) as (store, link):
            try:
                project, job = await _made(store, link, wanted, line)
            except asyncio.CancelledError:
                line.clear()
                output.note(f"mnix: stopped before {name} was made")
                raise
            finally:
                line.clear()
            await store.select(project.ref)
            where = f"{server.name}, in {project.folder}" if project.in_place else server.name
            click.echo(f"made project {name} on {output.visible(where)}")
            if job is None:
                output.note(f"mnix: {name} has no environment yet: mnix rebuild-switch")
                return 0
            if wanted.detach:
                click.echo(f"job {job.id}: follow it with mnix logs -f --tree --job {job.id}")
                return 0
            display = follow.display_for()
            after = context.config.notify_after
            code = await follow.rebuild(store, link, project, job, display, notify_after=after)
            if code == 1:
                output.note(f"mnix: {name} is there without an environment: mnix rebuild-switch")
            return code


async def _made(
    store: Store, link: Link, wanted: Wanted, line: ProgressLine
) -> tuple[Project, Job | None]:
    """Make the project; return it, and the job that builds its environment, if one does."""
    from mnix_tui.actions.create import new_project
    from mnix_tui.cli import connect

    jobs: list[Job] = []
    if wanted.git:
        return await _cloned(store, link, wanted, line)
    project = await new_project(
        store,
        link,
        name=wanted.name,
        folder=wanted.folder,
        flake=wanted.flake,
        isolation=wanted.isolation,
        copy=wanted.copy,
        progress=line,
        warn=connect.warns(line),
        pushed=lambda report: connect.say_notes(line, report),
        warm_up=wanted.warm_up and not wanted.dev_shell,
        warming=jobs.append,
    )
    if wanted.warm_up and wanted.dev_shell:
        job = await link.agent.rebuild(
            project.remote_id, dev_shell=wanted.dev_shell, cause="warm-up"
        )
        jobs.append(job)
    return project, jobs[0] if jobs else None


async def _cloned(
    store: Store, link: Link, wanted: Wanted, line: ProgressLine
) -> tuple[Project, Job | None]:
    """Make the project from a repository; return it, and the job that builds its environment."""
    from mnix_tui.actions.sync import clone_project
    from mnix_tui.actions.warming import CAUSE

    project = await clone_project(
        store,
        link,
        name=wanted.name,
        url=wanted.git,
        ref=wanted.ref,
        isolation=wanted.isolation,
        flake=wanted.flake,
        forward_agent=wanted.forward_agent,
        progress=line,
    )
    if not wanted.warm_up:
        return project, None
    try:
        job = await link.agent.rebuild(project.remote_id, dev_shell=wanted.dev_shell, cause=CAUSE)
    except MnixError as error:  # the clone is there, and that was the long part
        line(f"not warmed up: {error}", 0, None)
        return project, None
    return project, job
