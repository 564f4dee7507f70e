"""``mnix logs``: what a rebuild, or any job, printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mnix_tui.cli import target
from mnix_tui.cli.context import Context, link_options, pass_merged, target_options
from mnix_tui.errors import NotFound

if TYPE_CHECKING:
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project
    from mnix_tui.domain.servers import Server
    from mnix_tui.link import Link


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
    async with Attachment(link, job, cols=0, rows=0, fresh=False) as attachment:
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
