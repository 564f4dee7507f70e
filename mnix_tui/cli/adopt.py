"""``mnix adopt``: take a project that another client made."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnix_tui.cli import complete, output, sync_report, target
from mnix_tui.cli.context import Context, link_options, pass_merged, server_option
from mnix_tui.errors import AlreadyExists, NotFound
from mnix_tui.store import listing, refs

if TYPE_CHECKING:
    from mnix_tui.domain.projects import Project
    from mnix_tui.domain.servers import Server
    from mnix_tui.sync.model import SyncReport


@click.command(short_help="Take a project that another client made.")
@click.argument("name", shell_complete=complete.unadopted)
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@server_option
@link_options
@pass_merged
def adopt(context: Context, name: str, folder: Path | None, as_json: bool) -> int:
    """Take project NAME, which another client made, and bring its files to FOLDER.

    FOLDER is made if it is not there. If it is, nothing in it is overwritten: what is equal agrees,
    what only the server has is fetched, what only FOLDER has stays for the next push, and what
    differs is a conflict (exit code 1; mnix conflicts). Without FOLDER the project has no folder
    here: shells, commands and rebuilds work, a push does not.

    A project whose folder was moved is told so in the same way: FOLDER is where it is now.
    """
    from mnix_tui.cli import connect

    server, name = find(context, name)
    if folder is not None:
        folder = Path(os.path.abspath(folder.expanduser()))  # noqa: PTH100 links in it stay
    project, report = connect.run(_adopt(context, server, name, folder))
    naming = target.naming(context.database, project)
    if as_json:
        told = {"project": project.name, "server": project.server, "folder": project.folder}
        output.print_json({**told, "report": None if report is None else report.to_json()})
    else:
        _print(project, report, naming)
    return 1 if report is not None and report.conflicts else 0


def find(context: Context, ref: str) -> tuple[Server, str]:
    """Return the server that is meant, and the project's name there."""
    found = listing.read(context.database)
    servers = [server for server, _ in found.servers]
    if context.server:
        return refs.find_server(servers, context.server), ref.removesuffix(f"@{context.server}")
    name, _, after = ref.rpartition("@")
    if name and after in [server.name for server in servers]:
        return refs.find_server(servers, after), name
    try:
        project = refs.find_project(found.projects, ref).project
    except NotFound:
        return target.server(context), ref
    return refs.find_server(servers, project.server), project.name


async def _adopt(
    context: Context, server: Server, name: str, folder: Path | None
) -> tuple[Project, SyncReport | None]:
    from mnix_tui.actions import sync
    from mnix_tui.cli import connect

    with connect.ProgressLine() as line:
        async with connect.linked(context, server) as (store, link):
            info = chosen((await link.agent.state()).projects, name, server.name)
            for view in await store.projects(server.name):
                if view.project.remote_id == info["id"]:
                    _check_free(view.project, folder)
            return await sync.adopt(store, link, info, folder, line)


def chosen(projects: tuple[dict[str, Any], ...], name: str, server: str) -> dict[str, Any]:
    """Return the project that is called so, or has this id; raise ``NotFound`` with the nearest."""
    for info in projects:
        if name in (info.get("name"), info.get("id")):
            return info
    import difflib

    names = sorted(str(info.get("name")) for info in projects)
    near = difflib.get_close_matches(name, names, n=1)
    there = f"it has {', '.join(names)}" if names else "it has no projects"
    hint = f"did you mean {near[0]}?" if near else f"mnix new {name} makes one"
    raise NotFound(f"{server} has no project {name!r}", there, hint)


def _check_free(project: Project, folder: Path | None) -> None:
    """Raise unless a project can be given a folder: it has none, or that is gone."""
    if not project.folder:
        return
    there = project.in_place or Path(project.folder).is_dir()
    if folder is not None and not there:
        return
    name = shlex.quote(output.visible(project.ref))
    hint = f"fetch its files: mnix pull --project {name}"
    if not there:
        hint = f"it is gone; if it moved: mnix adopt {name} FOLDER, where it is now"
    raise AlreadyExists(f"{project.ref} has a folder here already", project.folder, hint)


def _print(project: Project, report: SyncReport | None, naming: str) -> None:
    name, server = output.visible(project.name), output.visible(project.server)
    if report is None:
        click.echo(f"adopted project {name} of {server}; it has no folder here")
        output.note(f"  → bring its files here: mnix adopt {output.visible(project.ref)} FOLDER")
        return
    click.echo(f"adopted project {name} of {server} for {output.visible(project.folder)}")
    click.echo(sync_report.line(report, project))
    sync_report.say(sync_report.beside(report, project.server, naming))
