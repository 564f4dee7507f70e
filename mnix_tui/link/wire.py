"""The agent's JSON as the domain's objects. Pure, and lenient with what a newer agent adds."""

from __future__ import annotations

from typing import Any

from mnix_tui.domain.drift import DIGEST, FILES
from mnix_tui.domain.jobs import Job
from mnix_tui.domain.projects import Inputs, ProjectStatus
from mnix_tui.domain.servers import LOCAL
from mnix_tui.domain.states import JobState, ProjectState
from mnix_tui.domain.sync import Trashed
from mnix_tui.domain.text import plain
from mnix_tui.errors import AlreadyExists, Busy, MnixError, NotFound, RemoteError
from mnix_tui.link import readings
from mnix_tui.link.checked import count, exact, lines, moment, objects
from mnix_tui.link.model import StateSnapshot

MAX_PROJECTS = 10_000
MAX_JOBS = 10_000
MAX_TRASH = 5000
MAX_TEXT = 512 << 10
"""Characters of a flake's file that are taken."""
_LONGEST_ID = 64
_LONGEST_NAME = 255
_LARGEST_EXIT = 1 << 32


def job(wire: Any, server: str = "") -> Job:
    """Return the ``Job`` that a JobInfo object of ``server`` describes."""
    fields = wire if isinstance(wire, dict) else {}
    id_, kind, project = (exact(fields.get(n), _LONGEST_ID) for n in ("id", "kind", "project_id"))
    if not id_ or not kind or not (id_ + kind + project).isprintable():
        raise RemoteError("The agent described a job badly", plain(wire), code="protocol")
    code = fields.get("exit_code")
    return Job(
        id=id_,
        kind=kind,
        project_id=project,
        state=_state(JobState, fields.get("state"), JobState.LOST),
        title=plain(fields.get("title") or ""),
        pty=fields.get("pty") is True,
        started=moment(fields.get("started")) or 0.0,
        ended=moment(fields.get("ended")),
        exit_code=code if type(code) is int and abs(code) <= _LARGEST_EXIT else None,
        reason=plain(fields.get("reason") or ""),
        socket=exact(fields.get("socket")),
        log_size=count(fields.get("log_size")) or 0,
        active=moment(fields.get("active")) or 0.0,
        name=plain(fields.get("name") or "", 80),
        clients=count(fields.get("clients")) or 0,
        generation=count(fields.get("generation")) or None,  # a shell without one says 0
        cause=plain(fields.get("cause") or ""),
        replaced=fields.get("replaced") is True,
        server=server,
    )


def project_status(wire: dict[str, Any], seen: float) -> ProjectStatus:
    """Return what a ProjectInfo object, observed at ``seen``, says of a project."""
    return ProjectStatus(
        state=_state(ProjectState, wire.get("state"), ProjectState.UNKNOWN),
        isolation=plain(wire.get("isolation") or "", 40),
        generation=count(wire.get("generation")),
        detail=lines(wire.get("detail")),
        sessions=count(wire.get("sessions")) or 0,
        pushed=moment(wire.get("pushed")),
        seen=seen,
        workspace_inputs=inputs(wire.get("inputs"), "workspace"),
        generation_inputs=inputs(wire.get("inputs"), "generation"),
        warm=wire.get("warm") is True,
        store=plain(wire.get("store") or ""),
    )


def inputs(wire: Any, place: str) -> Inputs:
    """Return the digests of a ProjectInfo's ``inputs`` in one place; empty when it says none."""
    found = wire.get(place) if isinstance(wire, dict) else None
    if not isinstance(found, dict):
        return ()
    return tuple((name, plain(found[name], DIGEST)) for name in FILES if found.get(name))


def trashed(wire: Any) -> list[Trashed]:
    """Return what a trash holds; what is described badly is left out."""
    found = []
    for each in objects(wire.get("trash") if isinstance(wire, dict) else None, MAX_TRASH):
        id_, path = exact(each.get("id"), _LONGEST_NAME), exact(each.get("path"))
        if not id_ or not id_.isprintable() or not path:
            continue
        when, by = moment(each.get("time")) or 0.0, plain(each.get("by") or "")
        size, of = (count(each.get(name)) or 0 for name in ("size", "of"))
        found.append(Trashed(id_, when, by, path, plain(each.get("kind") or "", 1), size, of))
    return found


def flake_texts(wire: Any, place: str) -> dict[str, str | None]:
    """Return the texts of a ``project.flake`` reply in one place; ``None`` for a missing file.

    A place without any of the files is one where nothing was built, or sent, yet: it is empty.
    """
    found = wire.get(place) if isinstance(wire, dict) else None
    if not isinstance(found, dict):
        return {}
    texts = {
        name: text[:MAX_TEXT] if isinstance(text := found.get(name), str) else None
        for name in FILES
    }
    return texts if any(text is not None for text in texts.values()) else {}


def snapshot(wire: Any, seen: float, server: str = "") -> StateSnapshot:
    """Return the ``StateSnapshot`` of a ``state`` event or of ``state.get``.

    Raises ``RemoteError`` where the lists are missing: that is not the same as empty ones.
    """
    found = wire if isinstance(wire, dict) else {}
    if not all(isinstance(found.get(name), list) for name in ("projects", "jobs")):
        raise RemoteError("The agent described its state badly", plain(wire), code="protocol")
    return StateSnapshot(
        projects=tuple(map(project, objects(found["projects"], MAX_PROJECTS))),
        jobs=tuple(job(item, server) for item in objects(found["jobs"], MAX_JOBS)),
        seen=seen,
    )


def project(info: dict[str, Any]) -> dict[str, Any]:
    """Return a ProjectInfo whose id, name and flake are what they look like."""
    ids = {
        "id": plain(info.get("id") or "", _LONGEST_ID),
        "name": plain(info.get("name") or "", 80),
        "flake": _flake(info.get("flake")),
    }
    return info | ids


def _flake(value: Any) -> str:
    """Return where a flake lies below its project's folder."""
    path = exact(value)
    below = path.isprintable() and not path.startswith("/") and ".." not in path.split("/")
    return path if path and below else "flake.nix"


def error(wire: Any, what: str = "", *, server: str = "") -> MnixError:
    """Return the exception that stands for an error of the agent's on ``server``."""
    fields = wire if isinstance(wire, dict) else {"message": str(wire)}
    code = plain(fields.get("code") or "error", 40)
    title = plain(fields.get("message") or what or "The agent failed")
    detail, hint = lines(fields.get("detail")), lines(fields.get("hint"))
    kind = {"busy": Busy, "not-found": NotFound, "exists": AlreadyExists}.get(code)
    found = kind(title, detail, hint) if kind else RemoteError(title, detail, hint, code=code)
    found.fix = plain(fields.get("fix") or "")
    found.fix_on = elsewhere(server)
    return found


def elsewhere(server: str) -> str:
    """Return a server's name, "" for this machine."""
    return "" if server == LOCAL else server


def _state(kind: Any, value: Any, default: Any) -> Any:
    try:
        return kind(value)
    except ValueError:
        return default


stats = readings.stats
"""Returns the ``Stats`` of a ``stats`` event or of ``server.info``."""
