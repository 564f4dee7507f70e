"""What transfers replaced or deleted in a workspace: listed, and put back."""

from __future__ import annotations

import json
from typing import Any, Optional

from server_agent.core import owner, projects
from server_agent.core.known import Known
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError

MOST = 2000
"""Entries of one answer."""
_ANSWER = 900_000  # below what a line of the control channel can hold


def listing(project_id: str) -> dict[str, Any]:
    """Return ``trash`` (newest first), whether there is ``more``, and the ``bytes`` of all."""
    project = projects.load(project_id)
    found: Optional[dict[str, Any]] = None
    if Known(project).needs_owner():
        found = owner.ask(project, "_trash", project_id)
    return found or _listing(project)


def restore(project_id: str, batch: str, paths: list[str]) -> None:
    """Put files back; what is there now goes to the trash itself. Raises ``AgentError``."""
    with projects.locked(project_id, "restore", wait=10.0) as project, Known(project).locked():
        try:
            _restore(project, batch, paths)
        except PermissionError as error:
            # What could be was put back before, and is not in the trash any more.
            said = owner.ask(project, "_trash", project_id, batch, json.dumps(paths))
            if said is None:
                raise AgentError("error", f"it can't be put back: {error}") from error
            if "error" in said:
                raise AgentError(**said["error"]) from error
        except OSError as error:
            from server_agent.trees import staging

            raise staging.translated(error) from error
        if project.box.get("daemon"):
            from server_agent.adapters import daemon

            daemon.own(project)


def here(project_id: str, batch: str = "", paths: str = "[]") -> int:
    """Do either as whoever this process runs as, and print the result; locks are held."""
    project = projects.load(project_id)
    if not batch:
        print(json.dumps(_listing(project)))
        return 0
    answer: dict[str, Any] = {}
    for path in json.loads(paths):
        try:
            _restore(project, batch, [path])
        except AgentError as error:
            if error.code != "not-found":
                answer = {"error": error.to_wire()}
    print(json.dumps(answer))
    return 0


def _listing(project: Project) -> dict[str, Any]:
    from server_agent.trees import trash

    found: list[dict[str, Any]] = []
    size = 0
    entries = trash.entries(project.trash, MOST + 1)
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

    trash.restore(project.trash, batch, paths, project.workspace)
