"""The states that a server, a project and a job can be in, each with its shape for the screen."""

from __future__ import annotations

from enum import StrEnum


class ServerState(StrEnum):
    """What is known of the link to a server."""

    UNKNOWN = "unknown"  # never asked since start
    CONNECTING = "connecting"
    ONLINE = "online"
    RECONNECTING = "reconnecting"  # was online; being retried
    OFFLINE = "offline"  # unreachable; being retried in the background
    REFUSED = "refused"  # login or host key; waits for the user


class ProjectState(StrEnum):
    """What a server last said of a project."""

    RUNNING = "running"
    STOPPED = "stopped"
    BUILDING = "building"
    FAILED = "failed"  # the container is gone or broken; the detail says why
    CREATED = "created"  # exists, never built
    UNKNOWN = "unknown"  # known only from the store
    MISSING = "missing"  # the store has it, the server has not


class JobState(StrEnum):
    """Where a job is in its life."""

    STARTING = "starting"
    RUNNING = "running"
    EXITED = "exited"
    LOST = "lost"  # its holder or machine went away


GLYPHS: dict[str, str] = {
    ServerState.UNKNOWN: "○",
    ServerState.CONNECTING: "◐",
    ServerState.ONLINE: "●",
    ServerState.RECONNECTING: "◐",
    ServerState.OFFLINE: "✕",
    ServerState.REFUSED: "✕",
    ProjectState.RUNNING: "●",
    ProjectState.STOPPED: "○",
    ProjectState.BUILDING: "◐",
    ProjectState.FAILED: "✕",
    ProjectState.CREATED: "○",
    ProjectState.MISSING: "✕",
}
"""State is shape as well as colour: ● live, ◐ in between, ○ idle or unknown, ✕ broken."""
