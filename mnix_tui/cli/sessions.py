"""``mnix sessions``: what runs, where, and who is attached to it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from mnix_tui.cli import output, target
from mnix_tui.cli.begin import begin
from mnix_tui.cli.context import Context, link_options, pass_merged, target_options
from mnix_tui.errors import MnixError, UsageError

if TYPE_CHECKING:
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.servers import Server
    from mnix_tui.link import Link, LinkOptions
    from mnix_tui.store.store import Store

HEAD = (
    "JOB",
    "KIND",
    "NAME",
    "PROJECT",
    "STATE",
    "GEN",
    "HERE",
    "STARTED",
    "OUTPUT",
    "LOG",
    "TITLE",
)

Found = tuple["Server", "Job", str]
"""A job, its server, and the name of its project."""


@click.command()
@click.option("--all", "-a", "everything", is_flag=True, help="Also rebuilds, and what has ended.")
@click.option("--all-servers", is_flag=True, help="Ask every server.")
@click.option("--end", metavar="NAME", help="End a session, a rebuild or a command; or its id.")
@click.option("--rename", nargs=2, metavar="OLD NEW", help="Give a session another name.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@target_options
@link_options
@pass_merged
def sessions(
    context: Context,
    everything: bool,
    all_servers: bool,
    end: str | None,
    rename: tuple[str, str] | None,
    as_json: bool,
) -> int:
    """List what runs on a server: shells, and detached commands.

    The server is that of --server or --project, else the selected project's; --project shows only
    what is the project's. GEN is the generation that a shell runs in (mnix-reenter in it enters the
    current one), HERE counts the clients that are attached, OUTPUT tells when something was printed
    last, and LOG how much was printed. mnix shell --attach NAME comes back to one.
    """
    if all_servers and (context.project or context.server or end or rename):
        raise UsageError("--all-servers lists, and names no server", "leave out the others")
    if not all_servers:
        begin(context, _where(context)[0], "serve")
    from mnix_tui.cli import connect

    if end or rename:
        return connect.run(_change(context, end, rename))
    found, missed = connect.run(_list(context, all_servers))
    shown = [each for each in found if everything or (each[1].live and each[1].kind != "rebuild")]
    if as_json:
        output.print_json([_json(*each) for each in shown])
    elif shown:
        _print(shown, all_servers)
    else:
        where = "" if all_servers else _named_place(context)
        click.echo(_none([each for each in found if each[1].live], where))
    return missed if missed and not shown else 0


async def _change(context: Context, end: str | None, rename: tuple[str, str] | None) -> int:
    from mnix_tui.cli import connect

    server, project = _where(context)
    async with connect.linked(context, server) as (_, link):
        if rename is not None:
            job = _named(await link.agent.jobs(project or None, "session"), rename[0])
            renamed = await link.agent.rename_session(job.id, rename[1])
            click.echo(f"renamed session {renamed.id}: {output.visible(renamed.name)}")
        if end:
            jobs = await link.agent.jobs(project or None)
            if not any(job.id == end for job in jobs):  # a rebuild or a command has no name
                end = _named(jobs, end).id
            job = await link.agent.kill(end)
            click.echo(f"ended {job.kind} {job.id}")
            if job.live:
                output.note(f"mnix: something of it still runs: {output.visible(job.reason)}")
    return 0


def _named(jobs: list[Job], wanted: str) -> Job:
    from mnix_tui.actions.sessions import find_session

    return find_session(jobs, wanted, titles=False)


async def _list(context: Context, all_servers: bool) -> tuple[list[Found], int]:
    """Return the jobs, and the exit code that stands for servers that did not answer."""
    from mnix_tui.cli import connect

    if not all_servers:
        server, project = _where(context)
        async with connect.linked(context, server) as (store, link):
            return await _jobs(store, link, server, project), 0
    from mnix_tui.cli.loop import asyncio
    from mnix_tui.store.store import Store

    options = connect.asking_in_turn(connect.link_options(context))
    async with Store.open(context.database) as store, asyncio.TaskGroup() as tasks:
        servers = await store.servers()
        asked = [tasks.create_task(_ask(store, server, options)) for server in servers]
    found: list[Found] = []
    missed = 0
    for task in asked:
        answer = task.result()
        if isinstance(answer, MnixError):
            missed = answer.exit_code
            output.note(f"mnix: {output.visible(str(answer))}")
        else:
            found += answer
    return found, missed


async def _ask(store: Store, server: Server, options: LinkOptions) -> list[Found] | MnixError:
    from mnix_tui.link import open_link

    try:
        async with open_link(server, options) as link:
            return await _jobs(store, link, server, "")
    except MnixError as error:
        return error


async def _jobs(store: Store, link: Link, server: Server, project: str) -> list[Found]:
    jobs = await link.agent.jobs(project or None)
    views = await store.projects(server.name)
    names = {view.project.remote_id: view.project.name for view in views}
    return [(server, job, names.get(job.project_id, "")) for job in jobs]


def _where(context: Context) -> tuple[Server, str]:
    """Return the server that is meant, and the id there of the project if one was named."""
    if context.project:
        chosen = target.project(context)
        return chosen.server, chosen.project.remote_id
    return target.server_or_projects(context), ""


def _named_place(context: Context) -> str:
    if context.project:
        project = target.project(context).project
        return f" of {output.visible(project.name)} on {output.visible(project.server)}"
    return f" on {output.visible(_where(context)[0].name)}"


def _none(rebuilds: list[Found], where: str = "") -> str:
    """Say that no session runs; rebuilds may."""
    if not rebuilds:
        return f"Nothing runs{where}."
    if len(rebuilds) > 1:
        return f"{len(rebuilds)} rebuilds run, and nothing else: --all lists them"
    ((server, job, project),) = rebuilds
    of = f" of {output.visible(project)}" if project else ""
    where = f"--job {job.id} --server {output.visible(server.name)}"
    return f"1 rebuild runs{of}, and nothing else: mnix logs -f --tree {where}"


def _print(found: list[Found], with_server: bool) -> None:
    rows = [_row(job, project) for _, job, project in found]
    if with_server:
        servers = [server.name for server, _, _ in found]
        output.table(("SERVER", *HEAD), [(a, *b) for a, b in zip(servers, rows, strict=True)])
    else:
        output.table(HEAD, rows)


def _row(job: Job, project: str) -> tuple[str, ...]:
    state = str(job.state)
    if job.exit_code is not None:
        state += f" {job.exit_code}"
    return (
        job.id,
        job.kind,
        job.name or "-",
        project or job.project_id,
        state,
        str(job.generation or "-"),
        str(job.clients) if job.live else "-",
        output.age(job.started),
        output.age(job.active or None),
        output.size(job.log_size),
        " · ".join(filter(None, (job.title, job.reason))),
    )


def _json(server: Server, job: Job, project: str) -> dict[str, Any]:
    known = {"state": str(job.state), "project": project or None, "server": server.name}
    return {**asdict(job), **known}
