"""What transfers replaced or deleted in a workspace: listed, and put back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Optional

from server_agent.core import owner, projects
from server_agent.core.known import Known
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError

MOST = 2000
"""Entries of one answer."""
_ANSWER = 900_000  # below what a line of the control channel can hold
_ASKED = 20  # paths of one command: a word of it may have 128 KiB


def listing(project_id: str, batch: str = "", paths: Sequence[str] = ()) -> dict[str, Any]:
    """Return ``trash`` (newest first), whether there is ``more``, and the ``bytes`` of all.

    With how the id of a batch begins, and paths, what is there at or below them.
    """
    project = projects.load(project_id)
    found: Optional[dict[str, Any]] = None
    if Known(project).needs_owner():
        found = owner.ask(project, "_trash", project_id, "list", batch, json.dumps(paths))
    return found or _listing(project, batch, paths)


def restore(project_id: str, batch: str, paths: Sequence[str]) -> int:
    """Put files back; return how many. What is there now goes to the trash itself.

    Without a batch it is the newest copy of each path. Raises ``AgentError``.
    """
    from server_agent.trees import trash

    with projects.locked(project_id, "restore", wait=10.0) as project, Known(project).locked():
        chosen = trash.choose(project.trash, batch, paths)
        try:
            for name, some in chosen.items():
                _restore(project, name, some)
        except OSError as error:
            from server_agent.trees import staging

            raise staging.translated(error) from error
        if project.box.get("daemon"):
            from server_agent.adapters import daemon

            daemon.own(project)
    return sum(map(len, chosen.values()))


def here(project_id: str, what: str = "list", batch: str = "", paths: str = "[]") -> int:
    """Do either as whoever this process runs as, and print the result; locks are held."""
    from server_agent.trees import trash

    project = projects.load(project_id)
    if what == "list":
        print(json.dumps(_listing(project, batch, json.loads(paths))))
        return 0
    answer: dict[str, Any] = {}
    for path in json.loads(paths):
        try:
            trash.restore(project.trash, batch, [path], project.workspace)
        except AgentError as error:
            if error.code != "not-found":
                answer = {"error": error.to_wire()}
    print(json.dumps(answer))
    return 0


def _listing(project: Project, batch: str, paths: Sequence[str]) -> dict[str, Any]:
    from server_agent.trees import trash

    found: list[dict[str, Any]] = []
    size = 0
    entries = trash.entries(project.trash, MOST + 1, batch=batch, paths=paths)
    for entry in entries[:MOST]:
        row = entry._asdict()
        size += len(json.dumps(row))
        if size > _ANSWER:
            break
        found.append(row)
    more = len(found) < len(entries)
    return {"trash": found, "more": more, "bytes": trash.size(project.trash)}


def _restore(project: Project, batch: str, paths: list[str]) -> None:
    from server_agent.trees import trash

    try:
        trash.restore(project.trash, batch, paths, project.workspace)
    except PermissionError as error:
        # What could be was put back before, and is not in the trash any more.
        for at in range(0, len(paths), _ASKED):
            some = json.dumps(paths[at : at + _ASKED])
            said = owner.ask(project, "_trash", project.id, "restore", batch, some)
            if said is None:
                raise AgentError("error", f"it can't be put back: {error}") from error
            if "error" in said:
                raise AgentError(**said["error"]) from error
