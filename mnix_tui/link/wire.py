"""The agent's JSON as the domain's objects. Pure, and lenient with what a newer agent adds."""

from __future__ import annotations

import dataclasses
from typing import Any

from mnix_tui.domain.drift import DIGEST, FILES
from mnix_tui.domain.jobs import Job
from mnix_tui.domain.projects import Inputs, ProjectStatus
from mnix_tui.domain.states import JobState, ProjectState
from mnix_tui.domain.sync import Trashed
from mnix_tui.domain.text import plain
from mnix_tui.errors import AlreadyExists, Busy, MnixError, NotFound, RemoteError
from mnix_tui.link import readings
from mnix_tui.link.model import StateSnapshot

MAX_TRASH = 5000
MAX_TEXT = 512 << 10
"""Characters of a flake's file that are taken."""


def job(wire: dict[str, Any]) -> Job:
    """Return the ``Job`` that a JobInfo object describes."""
    fields: dict[str, Any] = {
        name: wire[name] for name in _JOB_FIELDS if wire.get(name) is not None
    }
    fields["state"] = _state(JobState, wire.get("state"), JobState.LOST)
    fields["cause"] = plain(wire.get("cause") or "")
    fields["replaced"] = wire.get("replaced") is True
    fields["generation"] = wire.get("generation") or None  # a shell without an environment says 0
    try:
        return Job(**fields)
    except TypeError as error:
        raise RemoteError("The agent described a job badly", str(error), code="protocol") from error


def project_status(wire: dict[str, Any], seen: float) -> ProjectStatus:
    """Return what a ProjectInfo object, observed at ``seen``, says of a project."""
    return ProjectStatus(
        state=_state(ProjectState, wire.get("state"), ProjectState.UNKNOWN),
        isolation=str(wire.get("isolation") or ""),
        generation=wire.get("generation"),
        detail=str(wire.get("detail") or ""),
        sessions=int(wire.get("sessions") or 0),
        pushed=wire.get("pushed"),
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
    for each in (wire.get("trash") or [])[:MAX_TRASH]:
        try:
            texts = [str(each[name]) for name in ("id", "by", "path", "kind")]
            when, size = float(each["time"]), int(each["size"])
            of = int(each.get("of") or 0)
        except (KeyError, TypeError, ValueError):
            continue
        found.append(Trashed(texts[0], when, plain(texts[1]), texts[2], texts[3], size, of))
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


def snapshot(wire: dict[str, Any], seen: float) -> StateSnapshot:
    """Return the ``StateSnapshot`` of a ``state`` event or of ``state.get``."""
    return StateSnapshot(
        projects=tuple(item for item in wire.get("projects", ()) if isinstance(item, dict)),
        jobs=tuple(job(item) for item in wire.get("jobs", ()) if isinstance(item, dict)),
        seen=seen,
    )


def error(wire: Any, what: str = "") -> MnixError:
    """Return the exception that stands for an error of the agent's."""
    fields = wire if isinstance(wire, dict) else {"message": str(wire)}
    code = str(fields.get("code") or "error")
    title = str(fields.get("message") or what or "The agent failed")
    detail, hint = str(fields.get("detail") or ""), str(fields.get("hint") or "")
    kind = {"busy": Busy, "not-found": NotFound, "exists": AlreadyExists}.get(code)
    found = kind(title, detail, hint) if kind else RemoteError(title, detail, hint, code=code)
    found.fix = plain(fields.get("fix") or "")
    return found


def _state(kind: Any, value: Any, default: Any) -> Any:
    try:
        return kind(value)
    except ValueError:
        return default


stats = readings.stats
"""Returns the ``Stats`` of a ``stats`` event or of ``server.info``."""

_JOB_FIELDS = [field.name for field in dataclasses.fields(Job)]
