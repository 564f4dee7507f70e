"""What the store knows and what a server says, as one list of projects. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mnix_tui.domain.drift import compare
from mnix_tui.domain.projects import Project, ProjectStatus, ProjectView
from mnix_tui.domain.states import ProjectState
from mnix_tui.link import StateSnapshot, project_status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mnix_tui.domain.servers import Server

MOST_LEARNED = 1000
"""Projects of one server that are saved without anybody's asking: what it invents stays there."""


def merge(
    server: Server,
    stored: Iterable[ProjectView],
    said: StateSnapshot | None,
    seen: float,
    *,
    live: bool = True,
) -> tuple[list[ProjectView], list[Project]]:
    """Return a server's projects, and those of them that the store should learn of.

    The server is the truth about what exists and how it is; the store knows the local folder.
    ``seen`` is when what it ``said`` was last known to hold. Where that is no longer so, as it is
    not ``live``, the store may know better: another process goes on writing to it.
    """
    known = [view for view in stored if view.project.server == server.name]
    if said is None:
        return known, []
    infos = {str(info.get("id")): info for info in said.projects if info.get("id")}
    matches = _match([view.project for view in known], infos)
    views: list[ProjectView] = []
    learn: list[Project] = []
    for view, id_ in zip(known, matches, strict=True):
        project = view.project
        if not live and _newer(view, seen):
            infos.pop(id_, None)
            views.append(view)
            continue
        if not id_:
            views.append(ProjectView(project, _absent(view, seen), sync=view.sync))
            continue
        info = infos.pop(id_)
        name = _name(info, project.name) if live else project.name
        current = replace(project, remote_id=id_, name=name)
        if current != project:
            learn.append(current)
        views.append(ProjectView(current, project_status(info, seen), sync=view.sync))
    names = {view.project.name for view in views}
    for info in infos.values():
        project = _unknown(server, info)
        if len(views) < MOST_LEARNED and project.name not in names:
            learn.append(project)
        names.add(project.name)
        views.append(ProjectView(project, project_status(info, seen)))
    return sorted(views, key=lambda view: view.project.name), learn if live else []


def with_drift(view: ProjectView, local: Mapping[str, str]) -> ProjectView:
    """Return a project with what differs, given the digests of its files here."""
    status = view.status
    drift = compare(local, dict(status.workspace_inputs), dict(status.generation_inputs))
    return replace(view, drift=drift) if drift != view.drift else view


def _match(known: list[Project], infos: dict[str, dict[str, Any]]) -> list[str]:
    """Return for each known project the server's id of it, or "".

    By its id; then one whose id is unknown, or gone from the server, by its name.
    """
    found = [project.remote_id if project.remote_id in infos else "" for project in known]
    named = {info.get("name"): id_ for id_, info in infos.items() if id_ not in found}
    return [id_ or named.pop(project.name, "") for project, id_ in zip(known, found, strict=True)]


def _newer(view: ProjectView, seen: float) -> bool:
    """Say whether the store tells of a project as it was after ``seen``."""
    return view.status.seen is not None and view.status.seen > seen


def _absent(view: ProjectView, seen: float) -> ProjectStatus:
    if not view.project.remote_id:
        return view.status  # of an older mnix, never built with this one: nothing to miss yet
    return ProjectStatus(
        state=ProjectState.MISSING,
        isolation=view.status.isolation,
        detail="the server does not have it",
        pushed=view.status.pushed,
        seen=seen,
    )


def _unknown(server: Server, info: dict[str, Any]) -> Project:
    return Project(
        name=_name(info, str(info["id"])),
        server=server.name,
        remote_id=str(info["id"]),
        flake=str(info.get("flake") or "flake.nix"),
        in_place=bool(info.get("in_place")),
    )


def _name(info: dict[str, Any], otherwise: str) -> str:
    name = info.get("name")
    return name if isinstance(name, str) and name else otherwise
