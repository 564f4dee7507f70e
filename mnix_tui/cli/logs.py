"""``mnix logs``: what a rebuild, or any job, printed; how it went; which rebuilds there were."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from mnix_tui.cli import complete, output, target
from mnix_tui.cli.context import Context, link_options, pass_merged, target_options
from mnix_tui.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project
    from mnix_tui.domain.servers import Server
    from mnix_tui.link import Link
    from mnix_tui.nixlog import Build
    from mnix_tui.store.store import Store


@click.command(short_help="Print the log of a rebuild, or of any job; list the rebuilds.")
@click.option(
    "--list", "-l", "listing", is_flag=True, help="List the rebuilds whose logs are kept."
)
@click.option(
    "--rebuild",
    "-r",
    metavar="N",
    shell_complete=complete.generations,
    help="The rebuild that made generation N, or the one of this job id. Default: the last one.",
)
@click.option("--job", metavar="JOB", help="The log of this job, whatever it is.")
@click.option(
    "--node",
    "-n",
    metavar="NAME",
    shell_complete=complete.nodes,
    help="Only what this derivation printed: its name, part or path.",
)
@click.option("--tree", "-t", is_flag=True, help="What was built and fetched, as a tree.")
@click.option("--follow", "-f", is_flag=True, help="Go on until the job ends.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: events as rebuild-switch does.")
@target_options
@link_options
@pass_merged
def logs(
    context: Context,
    listing: bool,
    rebuild: str | None,
    job: str | None,
    node: str | None,
    tree: bool,
    follow: bool,
    as_json: bool,
) -> int:
    """Print a job's log; without --job, that of the project's last rebuild.

    A rebuild's whole log is read again from the server. --node prints what one derivation
    printed, byte for byte when it goes to a file or a pipe.
    """
    from mnix_tui.cli import connect

    _check(listing, rebuild, job, node, tree)
    server, project = _where(context) if job else _project(context)

    async def work() -> int:
        async with connect.linked(context, server, stays=True) as (store, link):
            if listing:
                assert project is not None
                await _list(store, link, project, as_json)
                return 0
            chosen = await _chosen(store, link, project, job, rebuild)
            return await _show(store, link, server, project, chosen, node, tree, follow, as_json)

    return connect.run(work())


def _check(
    listing: bool, rebuild: str | None, job: str | None, node: str | None, tree: bool
) -> None:
    if listing and (rebuild or job or node or tree):
        raise UsageError("--list lists the rebuilds", "it goes with --json only")
    if rebuild and job:
        raise UsageError("--rebuild and --job both name the log", "leave one out")
    if node is not None and (tree or not node):
        raise UsageError("--node prints one thing's lines", "it takes a name, and no --tree")


async def _chosen(
    store: Store, link: Link, project: Project | None, job: str | None, rebuild: str | None
) -> Job:
    from mnix_tui.cli import rebuilds

    if job:
        return await link.agent.job(job)
    assert project is not None
    naming = target.naming(store.path, project)
    return rebuilds.pick(project, await rebuilds.kept(link, project), rebuild, naming)


async def _show(
    store: Store,
    link: Link,
    server: Server,
    project: Project | None,
    job: Job,
    node: str | None,
    tree: bool,
    follow: bool,
    as_json: bool,
) -> int:
    if job.kind != "rebuild":
        if node or tree or as_json:
            raise UsageError(f"Job {job.id} is no rebuild", "it has a log, and nothing else")
        await _raw(link, job, follow)
        return 0
    if project is None:
        project = await _project_of(store, server, job)
    if node is not None:
        await _node(link, job, node, follow, as_json)
        return 0
    if tree and not (follow and job.live):
        await _tree(store, link, project, job, as_json)
        return 0
    from mnix_tui.cli import follow as following

    display = following.display_for(as_json=as_json, plain=not tree)
    return await following.look(store, link, project, job, display, to_end=follow)


async def _raw(link: Link, job: Job, follow: bool) -> None:
    from mnix_tui.cli import stdio

    async for data in _bytes(link, job, follow):
        await stdio.write_fd(1, data)


async def _node(link: Link, job: Job, wanted: str, follow: bool, as_json: bool) -> None:
    """Print a node's lines: found in one reading of the log, and printed in another."""
    from mnix_tui.cli import own_terminal, stdio
    from mnix_tui.cli.node_log import NodeLines, find_node
    from mnix_tui.nixlog import Build
    from mnix_tui.nixlog.text import clean, plain

    build = Build()
    async for data in _bytes(link, job, follow=False):
        build.feed(data)
    node = find_node(build, wanted)
    lines, count = NodeLines(node.key), 0
    async for data in _bytes(link, job, follow):
        found = lines.feed(data)
        count += len(found)
        if as_json:
            found = [output.json_line("line", text=each, node=node.key) for each in found]
        elif sys.stdout.isatty():
            found = [clean(each) for each in found]
            found = found if own_terminal.colours() else [plain(each) for each in found]
        text = "".join(f"{each}\n" for each in found)
        await stdio.write_fd(1, text.encode(errors="surrogatepass"))
    if not count and not as_json:
        output.note(f"mnix: {output.visible(node.name)} printed nothing ({node.state.value})")


async def _tree(store: Store, link: Link, project: Project, job: Job, as_json: bool) -> None:
    from mnix_tui.cli import outcome, own_terminal
    from mnix_tui.nixlog import Build, render, to_json

    build = Build(expected=await store.build_times(project.server) if job.live else {})
    await _into(build, link, job)
    if as_json:
        output.print_json(to_json(build))
        return
    colour = own_terminal.colours()
    cols = own_terminal.size()[0] if sys.stdout.isatty() else 1000
    naming = target.naming(store.path, project)
    lines = outcome.problems(build, colour, job=job.id, folder=project.folder, naming=naming)
    for line in lines + render(build, width=cols, colour=colour, problems=False):
        click.echo(line)


async def _into(build: Build, link: Link, job: Job) -> None:
    """Read what there is of a log into a build."""
    async for data in _bytes(link, job, follow=False):
        build.feed(data)
    if not job.live:
        build.end()


async def _bytes(link: Link, job: Job, follow: bool) -> AsyncIterator[bytes]:
    """Yield a job's log: what there is, or until the job ends."""
    from mnix_tui.sessions import Attachment, Gap, Live, Output

    async with Attachment(link, job, cols=0, rows=0, fresh=False) as attachment:
        async for event in attachment:
            if isinstance(event, Output):
                yield event.data
            elif isinstance(event, Gap):
                output.note(f"mnix: {event.end - event.start} bytes are no longer kept")
            elif isinstance(event, Live) and not follow:
                break


async def _list(store: Store, link: Link, project: Project, as_json: bool) -> None:
    from mnix_tui.cli import rebuilds

    found = await rebuilds.kept(link, project)
    if as_json:
        output.print_json([rebuilds.as_json(each) for each in found])
    elif found:
        output.table(rebuilds.HEAD, [rebuilds.row(each) for each in found])
    else:
        naming = target.naming(store.path, project)
        click.echo(f"{output.visible(project.name)} was never rebuilt: mnix rebuild-switch{naming}")


async def _project_of(store: Store, server: Server, job: Job) -> Project:
    from mnix_tui.domain.projects import Project

    for view in await store.projects(server.name):
        if view.project.remote_id == job.project_id:
            return view.project
    return Project(job.project_id, server.name, job.project_id)


def _where(context: Context) -> tuple[Server, Project | None]:
    """Return the server that is meant, and the project if one was named."""
    if context.project:
        return _project(context)
    return target.server_or_projects(context), None


def _project(context: Context) -> tuple[Server, Project | None]:
    chosen = target.project(context)
    return chosen.server, chosen.project
