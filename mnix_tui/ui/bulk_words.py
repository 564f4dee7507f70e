"""What is asked before several projects are told the same, and what is said of it after. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnix_tui.domain.states import ProjectState
from mnix_tui.ui import words
from mnix_tui.ui.dialogs.confirm import Question
from mnix_tui.ui.fleet_rows import AWAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.errors import MnixError
    from mnix_tui.ui.fleet_index import Index
    from mnix_tui.ui.workbench.server_port import Outcome, Verb

NAMED = 4
"""Projects that are named before the rest is only counted."""
_TOLD = 12
_RUNS = (ProjectState.RUNNING, ProjectState.BUILDING)
DONE: dict[str, str] = {"start": "started", "stop": "stopped", "rebuild": "being rebuilt"}


@dataclass(frozen=True)
class Told:
    """Who is told, and who needn't or can't be."""

    verb: Verb
    views: tuple[ProjectView, ...]
    idle: tuple[ProjectView, ...] = ()
    """They are as they shall be already."""
    away: tuple[ProjectView, ...] = ()
    """Their server can't be told anything now."""


def sort_out(verb: Verb, views: Sequence[ProjectView], index: Index) -> Told:
    """Tell apart which of the marked projects can be told, and which needn't."""
    told, idle, away = [], [], []
    for view in views:
        server = index.servers.get(view.project.server)
        builds = index.building(view) is not None
        runs = view.status.state in _RUNS or builds
        if (
            server is None
            or server.status.state in AWAY
            or view.status.state is ProjectState.MISSING
        ):
            away.append(view)
        elif (
            (verb == "start" and runs)
            or (verb == "stop" and not runs)
            or (verb == "rebuild" and builds)
        ):
            idle.append(view)
        else:
            told.append(view)
    return Told(verb, tuple(told), tuple(idle), tuple(away))


def question(told: Told, index: Index) -> Question:
    """Ask before they are told: how many, where, and what ends with it."""
    servers = len({view.project.server for view in told.views})
    many = words.count(len(told.views), "project")
    verb = told.verb.capitalize()
    goes = [named(told.views)]
    if told.verb == "stop":
        goes += _ends(told, index)
        stays = ["the files, the environments, all generations"]
    elif told.verb == "rebuild":
        goes.append("their files are pushed first; 4 are told at a time")
        stays = ["each environment as it is, until the new one is ready"]
    else:
        stays = ["the files, the environments"]
    stays += _left_out(told)
    where = f" on {words.count(servers, 'server')}" if servers > 1 else ""
    heading = {"start": "Starts", "stop": "Stops", "rebuild": "Builds"}[told.verb]
    return Question(f"{verb} {many}{where}?", tuple(goes), tuple(stays), verb, heading)


def _ends(told: Told, index: Index) -> list[str]:
    jobs = [job for view in told.views for job in index.jobs_of(view)]
    live = [job for job in jobs if job.live]
    shells = sum(job.kind == "session" for job in live)
    parts = [words.count(shells, "open shell")] if shells else []
    if others := len(live) - shells:
        parts.append(words.count(others, "running job"))
    return [" and ".join(parts)] if parts else []


def _left_out(told: Told) -> list[str]:
    state = {"start": "run already", "stop": "don't run", "rebuild": "are being rebuilt already"}
    each = ((told.idle, state[told.verb]), (told.away, "out of reach"))
    return [
        f"{named(views) if len(views) <= NAMED else words.count(len(views), 'project')}: {why}"
        for views, why in each
        if views
    ]


def named(views: Sequence[ProjectView]) -> str:
    """Name a few projects, with their servers where there are several, and count the others."""
    several = len({view.project.server for view in views}) > 1
    projects = [view.project for view in views[:NAMED]]
    names = [words.plain(project.ref if several else project.name) for project in projects]
    rest = len(views) - NAMED
    return ", ".join(names) + (f" and {rest:,} more" if rest > 0 else "")


def nothing(told: Told) -> str:
    """Say why there is nobody to tell."""
    return "; ".join(_left_out(told)) or "nothing is marked"


def failures(outcomes: Sequence[Outcome]) -> list[tuple[str, MnixError]]:
    """Return which projects could not be told, and why."""
    return [(project.ref, error) for project, error in outcomes if error is not None]


def summary(verb: Verb, outcomes: Sequence[Outcome]) -> str:
    """Say what came of it: ``10 of 12 projects started``."""
    failed = len(failures(outcomes))
    many = words.count(len(outcomes), "project")
    if failed:
        many = f"{len(outcomes) - failed:,} of {many}"
    are = "" if verb != "rebuild" else " is" if len(outcomes) == 1 else " are"
    return f"{many}{are} {DONE[verb]}"


def reasons(outcomes: Sequence[Outcome]) -> str:
    """List what failed, the same reason once."""
    found: dict[str, list[str]] = {}
    for ref, error in failures(outcomes):
        found.setdefault(words.plain(error.title), []).append(words.plain(ref))
    lines = []
    for title, refs in list(found.items())[:_TOLD]:
        more = f" and {len(refs) - NAMED:,} more" if len(refs) > NAMED else ""
        lines.append(f"{', '.join(refs[:NAMED])}{more}: {title}")
    if len(found) > _TOLD:
        lines.append(f"… and {len(found) - _TOLD} other reasons")
    return "\n".join(lines)
