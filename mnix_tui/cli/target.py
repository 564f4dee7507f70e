"""Which project and which server a command means. Read without an event loop, to be quick."""

from __future__ import annotations

import os
import shlex
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnix_tui.cli import output
from mnix_tui.domain.text import few
from mnix_tui.errors import MnixError, NotFound, UsageError
from mnix_tui.store import listing, refs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnix_tui.cli.context import Context
    from mnix_tui.domain.projects import Project
    from mnix_tui.domain.servers import Server


_OWN = {
    "flake.nix": "has a flake.nix",
    ".mnix": "has a trash of mnix's",
    ".git": "is a git repository",
}
"""What makes a folder one that somebody works in."""


@dataclass(frozen=True)
class Target:
    """A project and its server."""

    project: Project
    server: Server


def project(context: Context, ref: str = "", *, files: bool = False) -> Target:
    """Return the project that is named, else the selected one, else this folder's.

    For what only moves ``files`` this folder's comes before the selected one, and where this folder
    has files of its own and is no project's, none is meant. Raises ``NotFound``, and ``UsageError``
    when nothing says which one is meant.
    """
    found = listing.read(context.database)
    servers = [server for server, _ in found.servers]
    if context.server:
        refs.find_server(servers, context.server)
    ref = ref or context.project
    if ref:
        chosen = refs.find_project(found.projects, ref, context.server).project
    else:
        chosen = _unnamed(found, context.server, files=files)
    return Target(chosen, refs.find_server(servers, chosen.server))


def several(
    context: Context, names: Sequence[str], *, every: bool, tag: str | None
) -> list[Target]:
    """Return the projects that are named, or all, or those on servers with a tag.

    ``--server`` narrows them down. Raises ``NotFound`` where there are none.
    """
    found = listing.read(context.database)
    if context.project:
        raise UsageError("--project is for one project", hint="leave it out")
    if every + bool(names) + (tag is not None) > 1:
        raise UsageError(
            "Which projects?", "NAME, --tag and --all are ways to say it", "choose one"
        )
    servers = refs.narrow((each for each, _ in found.servers), context.server, tag)
    if names:
        chosen = [refs.find_project(found.projects, each, context.server).project for each in names]
    else:
        chosen = [view.project for view in found.projects]
    known = {each.name: each for each in servers}
    wanted = [
        Target(each, known[each.server]) for each in dict.fromkeys(chosen) if each.server in known
    ]
    if not wanted:
        raise NotFound("There are no such projects", hint="see mnix ls")
    return wanted


def server(context: Context) -> Server:
    """Return the server that is named, else the default one, else the only one."""
    from mnix_tui.actions.servers import choose_server

    servers = [each for each, _ in listing.read(context.database).servers]
    default = context.config.default_server
    if default and not context.server and default not in [each.name for each in servers]:
        output.note(f"mnix: default_server is {output.visible(default)!r}, and there is none")
    return choose_server(servers, context.server, default)


def server_or_projects(context: Context) -> Server:
    """Return the server of the project that is named, the named server, or the selected one's."""
    if context.project or not context.server:
        try:
            return project(context).server
        except (NotFound, UsageError):
            if context.project:
                raise
    return server(context)


def of_files(context: Context, ref: str = "") -> Target:
    """Return the project whose files are meant: named, else this folder's, else the selected."""
    return project(context, ref, files=True)


def naming(database: Path, project: Project) -> str:
    """Return the options that make any command mean this project: "" where all do without."""
    try:
        found = listing.read(database)
        if all(_unnamed(found, "", files=files).ref == project.ref for files in (False, True)):
            return ""
    except MnixError:
        pass
    return f" --project {shlex.quote(output.visible(project.ref))}"


def _unnamed(found: listing.Listing, server: str, *, files: bool) -> Project:
    projects = [view.project for view in found.projects if server in ("", view.project.server)]
    if not projects:
        where = f" on {server}" if server else ""
        raise NotFound(f"There are no projects{where} yet", hint="mnix new NAME makes one")
    selected = next((each for each in projects if each.ref == found.selected), None)
    if selected is not None and not files:
        return selected
    mine = _around(projects)
    if files and not _around([view.project for view in found.projects]):
        _refuse_another(selected or (projects[0] if len(projects) == 1 else None))
    if selected is not None and (not mine or selected in mine):
        return selected
    if len(mine) == 1:
        return mine[0]
    if len(projects) == 1:
        return projects[0]
    listed = few([each.ref for each in mine or projects])
    raise UsageError("Which project?", listed, "name it with --project, or mnix select NAME")


def _refuse_another(project: Project | None) -> None:
    """Refuse to move another project's files where somebody stands among files of their own."""
    top, what = _own_files()
    if project is None or not top:
        return
    raise UsageError(
        "This folder is no project's",
        f"{top} {what}, and none of your projects is there",
        "mnix new NAME makes one of it, mnix adopt NAME says that it is a project's; for the files "
        f"of another folder: --project {shlex.quote(output.visible(project.ref))}",
    )


def _own_files() -> tuple[str, str]:
    """Return the folder around this one that somebody works in, and what says so; "" for none.

    The home folder, and what is above it, is nobody's project for being under version control.
    """
    try:
        here = Path.cwd()
    except OSError:
        return "", ""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - it may be unknown
    for folder in (here, *here.parents):
        if folder == home or folder in home.parents:
            break
        for name, what in _OWN.items():
            if os.path.lexists(folder / name):  # false, too, where that may not be looked at
                return str(folder), what
    return "", ""


def _around(projects: list[Project]) -> list[Project]:
    """Return the projects whose folder holds the current one; of nested folders the innermost."""
    try:
        places = {Path.cwd()}
    except OSError:  # it was removed
        return []
    shell = Path(os.environ.get("PWD", ""))  # as somebody came here, through links
    with suppress(OSError):
        if shell.is_absolute() and shell.samefile("."):
            places.add(shell)
    around: dict[int, list[Project]] = {}
    for each in projects:
        if each.folder and any(place.is_relative_to(each.folder) for place in places):
            around.setdefault(len(Path(each.folder).parts), []).append(each)
    return around[max(around)] if around else []
