"""Clearing the store that a project uses of what no generation, shell or root needs any more."""

from __future__ import annotations

import re

from server_agent.adapters import nixstore
from server_agent.core import keeping, live, projects, results, running, storelock
from server_agent.core.ports import Isolation
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError

TIMEOUT = 3600.0
_FREED = re.compile(
    r"(\d[\d,.' ]*?) (?:store )?paths? deleted[,;]? +(-?\d[\d,.]*) ?([KMGTPE]?)(?:i?B|bytes?)\b"
)
_POWERS = {unit: 1024**power for power, unit in enumerate(("", "K", "M", "G", "T", "P", "E"))}


def collect(project_id: str) -> dict[str, int]:
    """Answer ``store.gc``; raise ``busy`` that says who builds there."""
    project, isolation = running.ready(project_id)
    try:
        with storelock.alone() as lock:
            _release_all(project, isolation)
            with live.rooted(project):
                done = nixstore.collect(isolation, project, lock, TIMEOUT)
    except BlockingIOError as error:
        raise _busy() from error
    except OSError as error:
        raise AgentError("error", f"the store can't be cleared: {error}") from error
    if done.code == 127:
        raise AgentError("error", f"{project.name} has no nix, so there is nothing to clear")
    if done.code != 0:
        raise AgentError("error", f"the store can't be cleared: {_reason(done.text)}", "try again")
    return freed(done.text)


def freed(text: str) -> dict[str, int]:
    """Return paths and bytes of the last line in which nix says what it deleted."""
    found = _FREED.findall(text)
    if not found:
        return {"paths": 0, "bytes": 0}
    paths, size, unit = found[-1]
    number = float(size.replace(",", ""))
    return {
        "paths": int(re.sub(r"\D", "", paths)),
        "bytes": max(0, round(number * _POWERS[unit])),
    }


def _release_all(project: Project, isolation: Isolation) -> None:
    volume = project.box.get("volume")
    sharing = [
        other
        for other in projects.every()
        if other.isolation == project.isolation and other.box.get("volume") == volume
    ]
    for other in sharing:
        try:
            results.keep(
                other
            )  # without its lock, which somebody may have: the store is ours alone
        except OSError as error:
            raise AgentError(
                "error",
                f"the store is not cleared: what was built in {other.name} can't be kept: {error}",
            ) from error
    for other in sharing:
        try:
            with projects.locked(other.id, "clearing up", finish=False) as held:
                keeping.release(held, isolation)
        except (AgentError, OSError):
            continue  # somebody is at work on it, or it is stopped


def _busy() -> AgentError:
    for project in projects.every():
        held = projects.holder(project.id)
        if held is not None and held.get("what") in ("rebuild", "warm-up"):
            return projects.busy(project.id, held)
    return AgentError("busy", "the store is being cleared, or built in", "try again in a moment")


def _reason(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if "error:" in line]
    return re.sub(
        r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x1f\x7f]", "", (told or lines or ["no reason"])[-1]
    )[:300]
