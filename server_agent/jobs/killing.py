"""Ending jobs: inside their isolation first, since killing `podman exec` leaves what it runs."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any, Callable

from server_agent.jobs import procs, store
from server_agent.protocol.errors import AgentError

_KILL_WAIT = 3.0
_REAPING = threading.Lock()
_GRACE = 0.5  # seconds that what a lost job left has to end
_reaped: set[str] = set()
_REBUILD_GRACE = 4.5
"""Seconds that a rebuild has at least: in them it ends nix, then whatever nix left."""
_SETTLE = 0.3  # seconds that a command's own exit code has to come out of a container


def kill(job_id: str, grace: float) -> dict[str, Any]:
    """End a job; see ``server_agent.jobs``."""
    info = store.get(job_id)
    folder = _folder(job_id)
    if info["state"] == "starting":
        procs.wait_until(lambda: "holder" in store.read_meta(folder), 2.0)
    meta = store.read_meta(folder)
    if info["state"] in store.LIVE:
        escalate(job_id, meta, grace, lambda: _now(info)["state"] in store.LIVE)
        info = _now(info)
        if info["state"] in store.LIVE:
            left = procs.session_members(_child(meta)[0])
            info["reason"] = f"still running after SIGKILL: {left or 'its command'}"
    if info["state"] == "lost":
        reap(job_id)
    return info


def _now(known: dict[str, Any]) -> dict[str, Any]:
    # A job whose log is given up for want of room, as it ends, is gone at once.
    try:
        return store.get(known["id"])
    except AgentError as error:
        if error.code != "not-found":
            raise
        return {**known, "state": "exited", "reason": "ended; its log was too long to be kept"}


def remove_project(project_id: str) -> None:
    """End a project's live jobs and forget all its jobs."""
    for info in store.listing(project_id):
        if info["state"] in store.LIVE:
            kill(info["id"], 2.0)
        elif info["state"] == "lost":
            reap(info["id"])
        store.remove(info["id"])


def escalate(job_id: str, meta: dict[str, Any], grace: float, alive: Callable[[], bool]) -> None:
    """Ask a job to end, then make it."""
    if meta.get("kind") == "rebuild":
        grace = max(grace, _REBUILD_GRACE)
    # An interactive shell ignores TERM, and passes HUP on to its own jobs.
    polite = (signal.SIGHUP, signal.SIGTERM) if meta.get("pty") else (signal.SIGTERM,)
    for numbers, wait in ((polite, grace), ((signal.SIGKILL,), _KILL_WAIT)):
        for number in numbers:
            if alive():
                signal_job(job_id, meta, number, alive)
        if procs.wait_until(lambda: not alive(), wait):
            return
    pid, start = _child(meta)
    if procs.alive(pid, start):
        _kill_session(pid, start, job_id)
        procs.wait_until(lambda: not alive(), _KILL_WAIT)


def signal_job(
    job_id: str, meta: dict[str, Any], number: int, alive: Callable[[], bool] = lambda: True
) -> None:
    """Signal what a job runs: inside, or where there is nothing inside, its own process group."""
    if meta.get("kind") != "rebuild":  # a rebuild is the agent itself, which ends what it started
        if _end_inside(meta.get("project", ""), job_id, number):
            return
        if procs.wait_until(lambda: not alive(), _SETTLE):
            return
    pid, start = _child(meta)
    if procs.alive(pid, start):
        procs.send(pid, number, group=True)


def reap_new() -> None:
    """End what jobs left running that were found lost since the last call."""
    with _REAPING:
        new = set(store.lost()) - _reaped
        _reaped.update(new)
    for job_id in new:
        try:
            reap(job_id)
        except (AgentError, OSError):
            pass  # it was removed meanwhile


def reap(job_id: str) -> None:
    """End what one lost job left running, once."""
    folder = _folder(job_id)
    status = store.read_status(folder)
    if status.get("reaped") or status.get("state") != "lost":
        return
    meta = store.read_meta(folder)
    if meta.get("boot_id") == procs.boot_id():
        if meta.get("kind") == "rebuild":
            told = _reap_rebuild(job_id, meta)
        else:
            _reap_command(job_id, meta)
            told = f"{'the shell' if meta.get('kind') == 'session' else 'its command'} was ended"
        _unlink(meta.get("socket", ""))
        if status.get("reason") == store.HOLDER_KILLED:
            status["reason"] += f"; {told}"
    # Last of all: who finds it without that tries again.
    settled = meta.get("kind") != "rebuild" or _note_lost(job_id, meta, status)
    try:
        store.write_status(folder, {**status, "reaped": True} if settled else status)
    except OSError:
        pass


def _note_lost(job_id: str, meta: dict[str, Any], status: dict[str, Any]) -> bool:
    from server_agent.core import sessions_api

    return sessions_api.rebuild_lost(meta.get("project", ""), job_id, status.get("reason", ""))


def _reap_command(job_id: str, meta: dict[str, Any]) -> None:
    project = meta.get("project", "")
    _end_inside(project, job_id, signal.SIGHUP)
    if _end_inside(project, job_id, signal.SIGTERM):
        procs.wait_until(lambda: not _end_inside(project, job_id, 0), _GRACE, step=0.1)
        _end_inside(project, job_id, signal.SIGKILL)
    _kill_session(*_child(meta), job_id)


def _reap_rebuild(job_id: str, meta: dict[str, Any]) -> str:
    # It ends by itself what it runs, if it can: it knows of builders that bear nobody's name.
    from server_agent.jobs import clearing

    pid, start = _child(meta)
    if procs.alive(pid, start):
        procs.send(pid, signal.SIGTERM, group=True)
        procs.wait_until(lambda: not procs.alive(pid, start), _REBUILD_GRACE)
    _kill_session(pid, start, job_id)
    return clearing.told(clearing.end(meta.get("project", ""), job_id))


def _kill_session(leader: int, started: str, job_id: str) -> None:
    if leader:
        procs.signal_session(leader, started, job_id, signal.SIGKILL)


def _end_inside(project_id: str, job_id: str, number: int) -> bool:
    from server_agent.core import sessions_api

    try:
        return sessions_api.end_inside(project_id, job_id, number)
    except (AgentError, OSError, ImportError):
        return False  # its project, or this agent, is gone, or its container can't be asked


def _child(meta: dict[str, Any]) -> tuple[int, str]:
    child = meta.get("child") or {}
    return int(child.get("pid") or 0), str(child.get("start") or "")


def _folder(job_id: str) -> str:
    from server_agent.core import paths

    return paths.job(job_id)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
