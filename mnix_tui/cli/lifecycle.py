"""``mnix start``, ``stop``, ``rm`` and ``rename``."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from mnix_tui.cli import complete, output, target
from mnix_tui.cli.context import (
    Context,
    link_options,
    pass_merged,
    several_options,
    target_options,
)
from mnix_tui.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mnix_tui.cli.target import Target
    from mnix_tui.domain.projects import Project
    from mnix_tui.link import Link
    from mnix_tui.store.store import Store


def one_project(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add an optional NAME, and the target and link options."""

    @click.argument("name", required=False, shell_complete=complete.projects)
    @target_options
    @link_options
    @pass_merged
    @functools.wraps(command)
    def inner(context: Context, name: str | None, **options: Any) -> Any:
        return command(context, name or "", **options)

    return inner


@dataclass(frozen=True)
class Chosen:
    """The projects that a command is about."""

    targets: list[Target]
    many: bool = True
    named: bool = True
    """Whether each was named; else they are all, or those with a tag."""


def some_projects(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add any number of NAMEs, ``--all`` and ``--tag``, and the target and link options."""

    @click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete.projects)
    @several_options
    @target_options
    @link_options
    @pass_merged
    @functools.wraps(command)
    def inner(
        context: Context, names: tuple[str, ...], every: bool, tag: str | None, **options: Any
    ) -> Any:
        if every or tag is not None or len(names) > 1:
            found = target.several(context, names, every=every, tag=tag)
            return command(context, Chosen(found, named=bool(names)), **options)
        return command(context, Chosen([target.project(context, *names)], many=False), **options)

    return inner


@click.command(short_help="Start projects' containers.")
@some_projects
def start(context: Context, chosen: Chosen) -> int:
    """Start projects' containers: the named ones, else the selected one."""
    from mnix_tui.actions import lifecycle

    async def begin(store: Store, link: Link, project: Project) -> str:
        await lifecycle.start(store, link, project)
        return ""

    return _each(context, chosen, ("start", "starting", "started"), begin)


@click.command(short_help="Stop projects' containers, and what runs in them.")
@click.option("--yes", "-y", is_flag=True, help="With --all and --tag: don't ask.")
@some_projects
def stop(context: Context, chosen: Chosen, yes: bool) -> int:
    """Stop projects' containers, and what runs in them: the named ones, else the selected one."""
    if not (chosen.named or yes or _may_stop(chosen.targets)):
        click.echo("Aborted.", err=True)
        return 1
    return _each(context, chosen, ("stop", "stopping", "stopped"), end)


async def end(store: Store, link: Link, project: Project) -> str:
    """Stop a project; return what to say of all that ended with it."""
    from mnix_tui.actions import lifecycle

    known = await link.agent.jobs(project.remote_id) if project.remote_id else []
    await lifecycle.stop(store, link, project)
    kinds = [job.kind for job in known if job.live and job.kind != "rebuild"]
    shells = kinds.count("session")
    counted = ((shells, "shell"), (len(kinds) - shells, "command"))
    ended = " and ".join(output.count(number, what) for number, what in counted if number)
    return f", and with it {ended}" if ended else ""


def _may_stop(targets: list[Target]) -> bool:
    """Ask before more than what was named one by one is stopped."""
    servers = len({each.server.name for each in targets})
    what = f"{output.count(len(targets), 'project')} on {output.count(servers, 'server')}"
    if not output.on_terminal():
        raise UsageError(f"Nobody can be asked whether to stop {what}", hint="add --yes")
    return click.confirm(f"Stop {what}, with all that runs in them?", err=True)


def _each(
    context: Context,
    chosen: Chosen,
    words: tuple[str, str, str],
    action: Callable[[Store, Link, Project], Awaitable[str]],
) -> int:
    # ``action`` returns what else there is to say.
    verb, gerund, past = words
    if not chosen.many:
        (only,) = chosen.targets
        said = _do(context, only, lambda store, link: action(store, link, only.project))
        click.echo(f"{past} project {output.visible(only.project.name)}{said}")
        return 0
    from mnix_tui.cli import several

    async def one(store: Store, link: Link, each: Target) -> str:
        said = await action(store, link, each.project)
        return f"{past} project {output.visible(each.project.ref)}{said}"

    return several.run(context, chosen.targets, several.Doing(verb, gerund), one)


@click.command()
@click.option("--yes", "-y", is_flag=True, help="Don't ask.")
@one_project
def rm(context: Context, name: str, yes: bool) -> int:
    """Remove a project, with its files on the server."""
    from mnix_tui.actions import lifecycle
    from mnix_tui.cli.select import pick

    chosen = target.project(context, name or context.project or pick(context))
    project = chosen.project
    shown = output.visible(project.ref)
    if not yes:
        if not output.on_terminal():
            raise UsageError(f"Nobody can be asked whether to remove {shown}", hint="add --yes")
        files = (
            f"Its folder {output.visible(project.folder)} stays."
            if project.in_place
            else f"Its files on {output.visible(project.server)} go with it."
        )
        if not click.confirm(f"Remove project {shown}? {files}", err=True):
            click.echo("Aborted.", err=True)
            return 1
    if not project.remote_id:  # an older mnix's, never rebuilt: nothing of ours is there
        from mnix_tui.cli import connect
        from mnix_tui.store.store import Store

        async def forget() -> None:
            async with Store.open(context.database) as store:
                await store.remove_project(project.ref)

        connect.run(forget())
        left = output.visible(project.legacy_workspace)
        output.note(f"mnix: what an older mnix made stays on {project.server}: {left}")
    else:
        _do(context, chosen, lambda store, link: lifecycle.remove(store, link, project))
    click.echo(f"removed project {output.visible(project.name)}")
    return 0


@click.command()
@click.argument("name", shell_complete=complete.projects)
@click.argument("new_name")
@target_options
@link_options
@pass_merged
def rename(context: Context, name: str, new_name: str) -> int:
    """Give a project another name."""
    from mnix_tui.actions import lifecycle

    chosen = target.project(context, name)
    _do(
        context, chosen, lambda store, link: lifecycle.rename(store, link, chosen.project, new_name)
    )
    click.echo(f"renamed project {output.visible(chosen.project.name)} to {new_name}")
    return 0


def _do(context: Context, chosen: Target, action: Callable[[Store, Link], Awaitable[Any]]) -> Any:
    from mnix_tui.cli import connect

    async def work() -> Any:
        async with connect.linked(context, chosen.server) as (store, link):
            return await action(store, link)

    return connect.run(work())
