"""``mnix gc``: free what nothing needs in the stores of a server."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from mnix_tui.cli import output, target
from mnix_tui.cli.context import link_options, pass_merged, target_options
from mnix_tui.errors import MnixError, NotFound, UsageError

if TYPE_CHECKING:
    from mnix_tui.cli.context import Context
    from mnix_tui.domain.generations import Collected
    from mnix_tui.domain.projects import Project, ProjectView
    from mnix_tui.domain.servers import Server
    from mnix_tui.link import Link

Freed = tuple["Project", "Collected | MnixError"]


@click.command("gc", short_help="Free what no kept generation needs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--yes", "-y", is_flag=True, help="Don't ask about a machine's own store.")
@target_options
@link_options
@pass_merged
def collect(context: Context, as_json: bool, yes: bool) -> int:
    """Collect what nothing needs in the store of a project, or in all stores of --server.

    The generations that are kept (keep_generations and keep_days in the server's server.toml)
    lose nothing, whichever project they belong to. While something builds in a store it is left
    alone (exit code 75). A project on the host, or with store = "daemon", uses the machine's own
    store: what nothing there is rooted for goes as well, as with nix store gc, so it asks first.
    """
    from mnix_tui.cli import connect

    if context.server and not context.project:
        server = target.server(context)
        found = connect.run(_all(context, server, yes))
    else:
        chosen = target.project(context)
        found = connect.run(_one(context, chosen.server, chosen.project, yes))
    if as_json:
        output.print_json([_json(*each) for each in found])
    code = 0
    for project, answer in found:
        if isinstance(answer, MnixError):
            code = code or answer.exit_code
            if not as_json:
                from mnix_tui.cli.run import show

                show(answer)
        elif not as_json:
            name = output.visible(project.ref)
            paths = "1 path" if answer.paths == 1 else f"{answer.paths} paths"
            click.echo(f"{name}: freed {output.size(answer.bytes)} in {paths} of its store")
    return code


async def _one(context: Context, server: Server, project: Project, yes: bool) -> list[Freed]:
    from mnix_tui.cli import connect

    async with connect.linked(context, server) as (_, link):
        return [(project, await _collect(link, project, yes))]


async def _collect(link: Link, project: Project, yes: bool) -> Collected:
    from mnix_tui.actions.environments import gc
    from mnix_tui.actions.rebuilding import require_id
    from mnix_tui.cli import connect

    info = await link.agent.project(require_id(project))
    if info.get("store") in ("host", "daemon") and not yes:
        name = output.visible(project.ref)
        left = UsageError(
            f"{name} uses its machine's own nix store, which was left alone",
            "all that nothing there is rooted for would go, not only what is mnix's",
            "add --yes to collect there",
        )
        if not output.on_terminal():
            raise left
        question = f"{name} uses its machine's own nix store. Collect all that has no root there? "
        if (await connect.ask(f"{question}[y/N] ")).lower() not in ("y", "yes"):
            raise left
    return await gc(link, project)


async def _all(context: Context, server: Server, yes: bool) -> list[Freed]:
    """Collect in each store of a server once: most projects share one."""
    from mnix_tui.cli import connect

    found: list[Freed] = []
    async with connect.linked(context, server) as (store, link):
        shared: set[str] = set()
        for view in await store.projects(server.name):
            if not view.project.remote_id or not _first(view, shared):
                continue
            try:
                found.append((view.project, await _collect(link, view.project, yes)))
            except MnixError as error:
                found.append((view.project, error))
    if not found:
        raise NotFound(f"{server.name} has no projects", hint="mnix new NAME makes one")
    return found


def _first(view: ProjectView, shared: set[str]) -> bool:
    """Say whether a project's store was not collected in yet; its own is always its own."""
    kind = view.status.store or ("host" if view.status.isolation == "host" else "")
    if kind not in ("daemon", "host"):
        return True  # volumes differ by their images, which only the server knows
    first = kind not in shared
    shared.add(kind)
    return first


def _json(project: Project, answer: Collected | MnixError) -> dict[str, object]:
    told = {"project": project.name, "server": project.server}
    if isinstance(answer, MnixError):
        return {**told, "error": answer.title, "hint": answer.hint}
    return {**told, **asdict(answer)}
