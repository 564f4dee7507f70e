"""What projects are like now: looked up at the engine and in the files, never remembered."""

from __future__ import annotations

import os
from typing import Any

from server_agent.core import environment, inner, inputs, isolations, projects, recovery
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError

Info = dict[str, Any]


def infos(found: list[Project]) -> list[Info]:
    """Return the ProjectInfo of each of these projects."""
    from server_agent import jobs

    states, problems = _states(found)  # what this takes, a session may need to end
    sessions: dict[str, int] = {}
    live = jobs.listing(live=True) if found else []
    for job in live:
        if job["kind"] == "session":
            sessions[job["project_id"]] = sessions.get(job["project_id"], 0) + 1
    for item in found:
        if item.replaced and not problems.get(item.isolation):
            _sweep(item, [job["id"] for job in live if job["project_id"] == item.id])
    return [
        _info(
            item,
            states.get(item.id, ""),
            "" if item.id in states else problems.get(item.isolation, ""),
            sessions.get(item.id, 0),
        )
        for item in found
    ]


def project(project_id: str) -> Info:
    """Return one project's ProjectInfo; raise ``not-found``."""
    return infos([projects.load(project_id)])[0]


def _states(found: list[Project]) -> tuple[dict[str, str], dict[str, str]]:
    # Containers that run can be told without an engine, and without the import of what asks it.
    # Of the others one look for each isolation; an engine that fails is told of in each of them.
    states: dict[str, str] = {}
    problems: dict[str, str] = {}
    asked: dict[str, list[Project]] = {}
    for item in found:
        if item.isolation == "container" and inner.runs(item.folder, item.box):
            states[item.id] = "running"
        elif not item.box:
            states[item.id] = "missing"
        else:
            asked.setdefault(item.isolation, []).append(item)
    for kind, items in asked.items():
        try:
            states.update(isolations.of(kind).states(items))
        except AgentError as error:
            problems[kind] = error.message
    return states, problems


def _info(item: Project, state: str, problem: str, sessions: int) -> Info:
    held = projects.holder(item.id)
    building = held is not None and held.get("what") == "rebuild"
    if held is None and recovery.needed(item):
        _recover(item)
    if held is None and item.isolation == "container" and inner.read_box(item.folder):
        inner.note_boot(item.folder)  # also when an older agent started it
    generation = environment.current(item)
    facts = (problem, _gone(item, state), _failure(item), _network(item), *item.notes)
    detail = [note for note in facts if note]
    return {
        "id": item.id,
        "name": item.name,
        "state": "building" if building else _state(item, state, generation),
        "isolation": item.isolation,
        "generation": generation,
        "flake": item.flake,
        "workspace": item.workspace,
        "in_place": bool(item.in_place),
        "container": item.box.get("name") or None,
        "created": item.created,
        "pushed": item.pushed,
        "detail": "; ".join(detail),
        "sessions": sessions,
        "job": held.get("job") if building and held else None,
        "inputs": {
            "workspace": inputs.workspace_digests(item),
            "generation": inputs.generation_digests(item),
        },
        "warm": state != "missing" and environment.warm(item, generation),
        "store": _store(item),
    }


def _state(item: Project, state: str, generation: Any) -> str:
    if item.failure and generation is None:
        return "failed"
    if not item.box:
        return "created"
    return {"running": "running", "stopped": "stopped"}.get(state, "failed")


def _store(item: Project) -> str:
    if item.isolation == "host":
        return "host"
    if item.box.get("daemon"):
        return "daemon"
    return "private" if item.box.get("private") else "volume"


def _gone(item: Project, state: str) -> str:
    if not item.box or state != "missing":
        return ""
    return "its container is gone: mnix rebuild-switch makes a new one"


def _failure(item: Project) -> str:
    return f"last rebuild failed: {item.failure}" if item.failure else ""


def _network(item: Project) -> str:
    return "the container has no network" if item.box.get("network") == "none" else ""


def _recover(item: Project) -> None:
    try:
        with projects.locked(item.id, "recovery"):
            pass
    except (AgentError, OSError):
        pass  # somebody else is at it, or the disk is full: the next look tries again


def _sweep(item: Project, live: list[str]) -> None:
    # The pid files of live jobs tell most of the time that a replaced box is still needed, without
    # asking in the box itself.
    for job_id in live:
        found = inner.read_pidfile(os.path.join(item.run, f"{job_id}.pid"))
        if found is not None and found[2] in item.replaced:
            return
    from server_agent.core import running

    isolation = isolations.of(item.isolation)
    try:
        with projects.locked(item.id, "clearing up") as current:
            isolation.sweep(current, lambda box: running.in_use(current, isolation, box))
            projects.save(current)
    except (AgentError, OSError):
        pass  # somebody is at work on it: the next look tries again
