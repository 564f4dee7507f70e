"""``mnix rebuild-switch``: push, build, switch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mnix_tui.cli import target
from mnix_tui.cli.context import (
    Context,
    link_options,
    pass_merged,
    several_options,
    target_options,
)
from mnix_tui.errors import Busy, UsageError

if TYPE_CHECKING:
    from mnix_tui.cli.connect import ProgressLine
    from mnix_tui.cli.target import Target
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project
    from mnix_tui.link import Link
    from mnix_tui.store.store import Store

EPILOG = """\b
--json prints one object a line; "event" says what it is:
  job       id, project, server, cause: the job that builds
  phase     phase: prepare, evaluate, build, download, warm-up, switch, done, failed
  start     node, name, kind (build, download, fetch, other), at
  stop      node, name, kind, state (done, failed, interrupted), seconds, error, at
  progress  fraction and eta (null while unknown), what, builds_done, builds_running,
            builds_waiting, builds_failed, downloads_done, downloads_total, bytes_done,
            bytes_total; at most twice a second
  line      kind (step, message, warning, error, build, text), text, node
  problem   title, lines, node, file, line, column, hint
  link      up, reason: the connection was lost, or is there again
  end       ok, generation, changed, exit_code, reason, duration
Of several projects there are only job and end events, both with id, project and server.
node is a derivation's or a store path, at is the log's time in Unix seconds. Later versions may
add events and keys.

\b
Exit codes: 0 the new environment runs (or nothing changed), 1 the build failed and the old one
runs on, 75 another rebuild runs, 69 the server can't be reached, 130 left with ctrl-c.
"""


@dataclass(frozen=True)
class Wanted:
    """What the command line says of the build."""

    flake: str | None
    dev_shell: str | None
    override_inputs: dict[str, str]
    impure: bool
    detach: bool
    as_json: bool
    plain: bool


@click.command(
    "rebuild-switch",
    short_help="Send the files, build the environment, switch to it.",
    epilog=EPILOG,
)
@click.argument("flake", required=False)
@click.option("--dev-shell", metavar="NAME", help="Build this devShell of the flake, this once.")
@click.option(
    "--override-input",
    nargs=2,
    multiple=True,
    metavar="NAME REF",
    help="Use the flake REF as the input NAME, this once; may be given again.",
)
@click.option("--impure", is_flag=True, help="Let the flake see the machine, this once.")
@click.option("--detach", "-d", is_flag=True, help="Start the build, and don't follow it.")
@click.option("--json", "as_json", is_flag=True, help="Print events, one JSON object a line.")
@click.option("--plain", is_flag=True, help="Print plain lines, also on a terminal.")
@several_options
@target_options
@link_options
@pass_merged
def rebuild_switch(
    context: Context,
    flake: str | None,
    dev_shell: str | None,
    override_input: tuple[tuple[str, str], ...],
    impure: bool,
    detach: bool,
    as_json: bool,
    plain: bool,
    every: bool,
    tag: str | None,
) -> int:
    """Send the files, build the environment, and switch to it if that worked.

    FLAKE is another flake.nix from now on; FLAKE#NAME, or #NAME alone, means the devShell NAME.
    What is for good (a devShell, inputs, impure) stands in the project's mnix.toml.

    The build needs no connection, and goes on when this command is interrupted. Of several
    projects (--all, --tag) four are built at a time, and each is told when it is over.
    """
    from mnix_tui.cli import connect

    flake, dev_shell = split(flake, dev_shell)
    wanted = Wanted(flake, dev_shell, dict(override_input), impure, detach, as_json, plain)
    if every or tag is not None:
        if flake or plain:
            given = "FLAKE" if flake else "--plain"
            raise UsageError(f"{given} is for one project", hint="leave out --all and --tag")
        from mnix_tui.cli import several_builds

        targets = target.several(context, (), every=every, tag=tag)
        return several_builds.run(context, targets, wanted)
    chosen = target.project(context)
    return connect.run(_rebuild(context, chosen, wanted))


def split(flake: str | None, dev_shell: str | None) -> tuple[str | None, str | None]:
    """Return flake and devShell of ``FLAKE#NAME``; a file of that very name is just a file."""
    if not flake or "#" not in flake or Path(flake).exists():
        return flake or None, dev_shell
    path, _, name = flake.partition("#")
    if dev_shell and name and name != dev_shell:
        raise UsageError(f"Which devShell: {name} or {dev_shell}?", hint="name it once")
    return path or None, name or dev_shell


async def _rebuild(context: Context, chosen: Target, wanted: Wanted) -> int:
    from mnix_tui.cli import connect, follow

    with connect.ProgressLine() as line:
        async with connect.linked(context, chosen.server, stays=True) as (store, link):
            try:
                job = await _start(store, link, chosen, wanted, line)
            finally:
                line.clear()
            project = await _renamed(store, chosen, job)
            if wanted.detach:
                _detached(project, job, wanted.as_json, target.naming(store.path, project))
                return 0
            display = follow.display_for(as_json=wanted.as_json, plain=wanted.plain)
            return await follow.rebuild(
                store, link, project, job, display, notify_after=context.config.notify_after
            )


async def _start(
    store: Store, link: Link, chosen: Target, wanted: Wanted, line: ProgressLine
) -> Job:
    from mnix_tui.actions.rebuilding import rebuild
    from mnix_tui.cli import connect

    project = chosen.project
    naming = target.naming(store.path, project)
    try:
        return await rebuild(
            store,
            link,
            project,
            flake=wanted.flake,
            dev_shell=wanted.dev_shell,
            override_inputs=wanted.override_inputs,
            impure=wanted.impure,
            progress=line,
            warn=connect.warns(line),
            pushed=lambda report: connect.say_notes(line, report, project.server, naming),
        )
    except Busy as error:
        error.hint = f"follow it: mnix logs -f --tree --project {chosen.project.ref}"
        raise


async def _renamed(store: Store, chosen: Target, job: Job) -> Project:
    """Return the project as it is called now: an older mnix's may have got another name."""
    from mnix_tui.cli import output

    views = await store.projects(chosen.server.name)
    project = next(v.project for v in views if v.project.remote_id == job.project_id)
    if project.name != chosen.project.name:
        before = output.visible(repr(chosen.project.name))
        output.note(f"mnix: project {before} is called {project.name} from now on")
    return project


def _detached(project: Project, job: Job, as_json: bool, naming: str) -> None:
    from mnix_tui.cli import output

    if as_json:
        click.echo(output.json_line("job", id=job.id, project=project.name, server=project.server))
    else:
        click.echo(f"job {job.id}: follow it with mnix logs -f --tree{naming} --job {job.id}")
