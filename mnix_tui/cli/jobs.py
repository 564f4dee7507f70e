"""``mnix sessions`` and ``mnix logs``: what runs, and what it said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mnix_tui.cli import output, target
from mnix_tui.cli.context import Context, link_options, pass_merged, target_options
from mnix_tui.errors import NotFound

if TYPE_CHECKING:
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project
    from mnix_tui.domain.servers import Server
    from mnix_tui.link import Link

HEAD = ("JOB", "KIND", "PROJECT", "STATE", "STARTED", "TITLE")


@click.command()
@click.option("--all", "-a", "everything", is_flag=True, help="Also rebuilds, and what has ended.")
@click.option("--end", "end", metavar="JOB", help="End a session, a rebuild or a command.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@target_options
@link_options
@pass_merged
def sessions(context: Context, everything: bool, end: str | None, as_json: bool) -> int:
    """List what runs on a server: shells, and detached commands."""
    server, project = _where(context)
    from mnix_tui.cli import connect

    async def work() -> int:
        async with connect.linked(context, server) as (store, link):
            if end:
                job = await link.agent.kill(end)
                click.echo(f"ended {job.kind} {job.id}")
                if job.live:
                    output.note(f"mnix: something of it still runs: {output.visible(job.reason)}")
                return 0
            jobs = await link.agent.jobs(project.remote_id if project else None)
            names = {
                view.project.remote_id: view.project.name
                for view in await store.projects(server.name)
            }
        shown = [job for job in jobs if everything or (job.live and job.kind != "rebuild")]
        _print(shown, names, as_json)
        return 0

    return connect.run(work())


@click.command(short_help="Print the log of a rebuild, or of any job.")
@click.option("--job", metavar="JOB", help="The log of this job.")
@click.option("--rebuild", type=int, metavar="N", help="The log of the rebuild of generation N.")
@click.option("--follow", "-f", is_flag=True, help="Go on until the job ends.")
@target_options
@link_options
@pass_merged
def logs(context: Context, job: str | None, rebuild: int | None, follow: bool) -> int:
    """Print a job's log; without --job, that of the project's last rebuild."""
    from mnix_tui.cli import connect

    server, project = _where(context) if job else _project(context)

    async def work() -> int:
        async with connect.kept(context, server) as (_, link):
            if job:
                chosen = await link.agent.job(job)
            else:
                assert project is not None
                chosen = await _rebuild_job(link, project, rebuild)
            await _print_log(link, chosen, follow)
        return 0

    return connect.run(work())


async def _rebuild_job(link: Link, project: Project, number: int | None) -> Job:
    from mnix_tui.actions.rebuild import require_id

    found = await link.agent.jobs(require_id(project), "rebuild")
    for job in found:
        if number is None or job.generation == number:
            return job
    what = f"of generation {number}" if number is not None else "yet"
    raise NotFound(
        f"There is no rebuild {what} of {project.name}",
        hint="mnix sessions --all lists the jobs whose logs are kept",
    )


async def _print_log(link: Link, job: Job, follow: bool) -> None:
    from mnix_tui.cli import stdio
    from mnix_tui.cli.follow import Printer
    from mnix_tui.sessions import Attachment, Live, Output

    printer = Printer()
    async with Attachment(link, job, cols=80, rows=24, fresh=False) as attachment:
        async for event in attachment:
            if isinstance(event, Output):
                if job.kind == "rebuild":
                    printer.feed(event.data)
                else:
                    await stdio.write_fd(1, event.data)
            elif isinstance(event, Live) and not follow:
                break
    printer.rest()


def _where(context: Context) -> tuple[Server, Project | None]:
    """Return the server that is meant, and the project if one was named."""
    if context.project:
        return _project(context)
    return target.server_or_projects(context), None


def _project(context: Context) -> tuple[Server, Project | None]:
    chosen = target.project(context)
    return chosen.server, chosen.project


def _print(jobs: list[Job], names: dict[str, str], as_json: bool) -> None:
    if as_json:
        output.print_json([_json(job, names) for job in jobs])
        return
    if not jobs:
        click.echo("Nothing runs.")
        return
    rows = []
    for job in jobs:
        state = str(job.state)
        if job.exit_code is not None:
            state += f" {job.exit_code}"
        project = names.get(job.project_id, job.project_id)
        rows.append((job.id, job.kind, project, state, output.age(job.started), job.title))
    output.table(HEAD, rows)


def _json(job: Job, names: dict[str, str]) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(job), "state": str(job.state), "project": names.get(job.project_id)}
