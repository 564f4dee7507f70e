"""``mnix push`` and ``pull``: move a project's files, and nothing else."""

from __future__ import annotations

import functools
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from mnix_tui.cli import output, own_terminal, sync_report, target
from mnix_tui.cli.begin import begin
from mnix_tui.cli.lifecycle import one_project

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mnix_tui.cli.context import Context
    from mnix_tui.cli.target import Target
    from mnix_tui.domain.projects import Project
    from mnix_tui.store.store import Store
    from mnix_tui.sync.model import SyncReport

    Move = Callable[..., Awaitable[SyncReport]]

STOPPED = "each side is as it was, or has all of it; large files go on where they stopped"
"""What holds after a transfer that was ended in its midst."""
LISTED = 10
"""Lines of one kind that a preview shows on a terminal."""


def transfer(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that moves files."""

    @click.option("--dry-run", "-n", is_flag=True, help="Only show what would move, and why.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @click.option(
        "--allow-empty", is_flag=True, help="Even if a side is suddenly empty, or nearly so."
    )
    @one_project
    @functools.wraps(command)
    def inner(*args: Any, **options: Any) -> Any:
        return command(*args, **options)

    return inner


@click.command(short_help="Send what changed here.")
@transfer
def push(context: Context, name: str, dry_run: bool, as_json: bool, allow_empty: bool) -> int:
    """Send what changed in a project's folder to its server.

    Without NAME it is the project whose folder you are in, else the selected one (but not in a
    repository, or beside a flake.nix, that is no project's): so for all that moves files only.

    What was changed only on the server stays (mnix pull fetches it); what was changed on both
    sides is a conflict, and stays on both until mnix resolve. What is replaced or deleted there
    goes to the project's trash: mnix trash. With sync.both_ways in mnix.toml, what changed on the
    server is fetched as well.

    What git ignores is left out, and what .mnixignore names. The exit code is 1 while there are
    conflicts.
    """
    chosen = target.of_files(context, name)
    return _run(context, chosen, "sync_project", dry_run, as_json, allow_empty)


@click.command(short_help="Fetch what changed on the server.")
@transfer
def pull(context: Context, name: str, dry_run: bool, as_json: bool, allow_empty: bool) -> int:
    """Fetch what changed on a project's server into its folder here.

    Without NAME it is the project whose folder you are in, else the selected one.

    What was changed only here stays; what was changed on both sides is a conflict, and stays on
    both until mnix resolve. What is replaced or deleted here goes to the folder's own trash: mnix
    trash --here. The exit code is 1 while there are conflicts.
    """
    chosen = target.of_files(context, name)
    return _run(context, chosen, "pull", dry_run, as_json, allow_empty)


def _run(
    context: Context, chosen: Target, verb: str, dry_run: bool, as_json: bool, allow_empty: bool
) -> int:
    talk = ("sync", "--project", chosen.project.remote_id)
    begin(context, chosen.server, *(talk if chosen.project.remote_id else ()))
    from mnix_tui.cli import connect  # which has the loop imported without TLS

    # isort: split
    from mnix_tui.actions import sync
    from mnix_tui.store.store import Store

    move: Move = getattr(sync, verb)
    project, server, began = chosen.project, chosen.server, time.monotonic()

    async def work() -> SyncReport:
        with connect.ProgressLine() as line:
            line(f"connecting to {server.name}", 0, None)
            async with (
                Store.open(context.database) as store,
                sync.ahead(store, project, line) as begun,  # it looks here while we connect
                connect.joined(context, server, store) as link,
            ):
                report = await move(
                    store,
                    link,
                    project,
                    line,
                    dry_run=dry_run,
                    allow_empty=allow_empty,
                    begun=begun,
                    warn=None if as_json else connect.warns(line),
                )
                if report.sent or report.deleted_there:
                    await _note_arrival(store, project)
                return report

    try:
        report = connect.run(work())
    except KeyboardInterrupt:
        if not dry_run:
            output.note(f"mnix: stopped: {STOPPED}")
        raise
    if as_json:
        output.print_json(sync_report.to_json(report, chosen.project))
    else:
        naming = target.naming(context.database, project)
        if report.preview is None:
            from mnix_tui.cli import said

            notes = sync_report.unsaid(report)
            new, again = said.fresh(context.database, project, report.direction, notes)
            report = replace(report, notes=tuple(new))
        else:
            again = 0
        _print(report, project, naming, time.monotonic() - began, again)
    return 1 if report.conflicts else 0


async def _note_arrival(store: Store, project: Project) -> None:
    """Note that files arrived just now: mnix ls shows it without asking the server."""
    for view in await store.projects(project.server):
        if view.project.ref == project.ref:
            status = replace(view.status, pushed=time.time())
            await store.put_status(project.server, {project.remote_id: status})


def _print(report: SyncReport, project: Project, naming: str, took: float, again: int) -> None:
    if report.preview is None:
        click.echo(sync_report.line(report, project, took))
        sync_report.say(sync_report.beside(report, project.server, naming))
        if again:
            command = "pull" if report.direction == "pull" else "push"
            notes = output.count(again, "note")
            output.note(f"mnix: {notes} as before: mnix {command}{naming} --dry-run")
        return
    from mnix_tui.cli import sync_plan

    terminal = sys.stdout.isatty()
    paper = sync_plan.Paper(
        width=own_terminal.size()[0] if terminal else None,
        most=LISTED if terminal else None,
        colour=own_terminal.colours(),
    )
    click.echo("\n".join(sync_plan.lines(report.preview, project, naming, paper)))
