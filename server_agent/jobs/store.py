"""The folders of jobs: what was started (meta.json), how it ended (status.json), what it printed.

A job is what its files and ``/proc`` say: one whose holder or machine went away is ``lost``, with
the reason, and stays so.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any, Optional

from server_agent.core import paths
from server_agent.jobs import log, procs
from server_agent.protocol.errors import AgentError

Json = dict[str, Any]
LIVE = ("starting", "running")
HOLDER_KILLED = "its holder was killed"
START_LIMIT = 15.0
"""Seconds after which a job whose holder never reported is ``lost``."""
_STATUS_ROOM = 2048  # bytes of a status.json: it can be written over on a full disk

_ended: dict[str, Json] = {}  # infos of ended jobs, which don't change any more
_lost: set[str] = set()  # lost jobs, of which something may still run


def new_id() -> str:
    """Return a fresh job id."""
    return paths.new_id()


def create(job_id: str, meta: Json) -> str:
    """Make a job's folder; return its path."""
    paths.private_dir(paths.jobs())
    folder = paths.job(job_id)
    os.mkdir(folder, 0o700)
    write_meta(folder, meta)
    return folder


def write_meta(folder: str, meta: Json) -> None:
    """Replace meta.json."""
    _write(os.path.join(folder, "meta.json"), json.dumps(meta).encode())


def read_meta(folder: str) -> Json:
    """Return meta.json; empty when there is none."""
    return _read(os.path.join(folder, "meta.json"))


def write_status(folder: str, status: Json) -> None:
    """Replace status.json; on a full disk write over the one that is there."""
    path = os.path.join(folder, "status.json")
    data = json.dumps(status).encode().ljust(_STATUS_ROOM)
    try:
        _write(path, data)
    except OSError:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(handle, data, 0)
            os.ftruncate(handle, len(data))
        finally:
            os.close(handle)


def read_status(folder: str) -> Json:
    """Return status.json; empty when there is none."""
    return _read(os.path.join(folder, "status.json"))


def write_clients(folder: str, count: int) -> None:
    """Note how many are attached."""
    _write(os.path.join(folder, "clients"), b"%d" % count)


def get(job_id: str) -> Json:
    """Return a job's JobInfo; raise ``AgentError`` ``not-found``."""
    info = _info(paths.job(job_id), job_id)
    if info is None:
        raise AgentError("not-found", f"there is no job {job_id}", "see: mnix sessions")
    return info


def listing(
    project_id: Optional[str] = None, kind: Optional[str] = None, *, live: bool = False
) -> list[Json]:
    """Return JobInfos, newest first."""
    found = []
    for job_id in ids():
        info = _info(os.path.join(paths.jobs(), job_id), job_id)
        if (
            info is not None
            and project_id in (None, info["project_id"])
            and kind in (None, info["kind"])
            and (not live or info["state"] in LIVE)
        ):
            found.append(info)
    return sorted(found, key=lambda info: (-info["started"], info["id"]))


def ids() -> list[str]:
    """Return the ids of all jobs that have a folder."""
    try:
        return [name for name in os.listdir(paths.jobs()) if paths.is_id(name)]
    except OSError:
        return []


def lost() -> list[str]:
    """Return the ids of the jobs that were found lost and not cleared up yet."""
    return list(_lost)


def remove(job_id: str) -> None:
    """Delete a job's folder."""
    import shutil

    _ended.pop(job_id, None)
    _lost.discard(job_id)
    shutil.rmtree(paths.job(job_id), ignore_errors=True)


def describe(folder: str, job_id: str, meta: Json, status: Json, log_size: int) -> Json:
    """Return the JobInfo that a job's files amount to."""
    state = status.get("state", "starting")
    name = meta.get("name", "")
    result = _read(os.path.join(folder, "result.json")) if meta.get("kind") == "rebuild" else {}
    return {
        "id": job_id,
        "kind": meta.get("kind", "exec"),
        "project_id": meta.get("project", ""),
        "state": state,
        "name": name,
        "title": name or meta.get("title", ""),
        "pty": bool(meta.get("pty")),
        "started": meta.get("started", 0.0),
        "ended": status.get("ended"),
        "exit_code": status.get("exit_code"),
        "reason": status.get("reason", ""),
        "socket": meta.get("socket", "") if state in LIVE else "",
        "clients": _clients(folder) if state in LIVE else 0,
        "log_size": log_size,
        "active": _active(folder),
        "generation": result.get("generation"),
        "replaced": False,
        **(_inside(meta.get("project"), job_id) if _is_live_session(meta, state) else {}),
        "cause": str(meta.get("cause") or "rebuild") if meta.get("kind") == "rebuild" else "",
    }


def _is_live_session(meta: Json, state: Any) -> bool:
    return meta.get("kind") == "session" and state in LIVE


def _inside(project_id: Any, job_id: str) -> Json:
    # What its shell wrote when it started, or became another: see core/scripts.py.
    from server_agent.core import inner

    if not paths.is_id(project_id):
        return {}
    project = paths.project(project_id)
    path = os.path.join(project, "run", f"{job_id}.pid")
    found = inner.read_pidfile(path)
    if found is None:
        return {}
    box = str((_read(os.path.join(project, "project.json")).get("box") or {}).get("id") or "")
    return {"generation": inner.read_generation(path) or None, "replaced": found[2] != box != ""}


def _active(folder: str) -> float:
    # When the log last grew: its segments' modification times say so.
    try:
        with os.scandir(os.path.join(folder, "log")) as entries:
            return max((entry.stat().st_mtime for entry in entries), default=0.0)
    except OSError:
        return 0.0


def _info(folder: str, job_id: str) -> Optional[Json]:
    known = _ended.get(job_id)
    if known is not None and os.path.isdir(folder):
        return dict(known)
    meta = read_meta(folder)
    if not meta:
        _ended.pop(job_id, None)
        _lost.discard(job_id)
        return None
    status = read_status(folder)
    if status.get("state") not in ("exited", "lost"):
        reason = _loss(meta)
        if reason:
            status = read_status(folder)  # it may have ended between the two looks
            if status.get("state") not in ("exited", "lost"):
                status = _mark_lost(folder, reason)
    info = describe(folder, job_id, meta, status, log.size(os.path.join(folder, "log")))
    if info["state"] == "lost" and not status.get("reaped"):
        _lost.add(job_id)
    elif info["state"] not in LIVE:
        _ended[job_id] = dict(info)
        _lost.discard(job_id)
    return info


def _clients(folder: str) -> int:
    try:
        with open(os.path.join(folder, "clients"), "rb") as file:
            return int(file.read())
    except (OSError, ValueError):
        return 0


def _loss(meta: Json) -> str:
    # Why a job that has not said how it ended can't be running; "" if it can.
    if meta.get("boot_id") != procs.boot_id():
        return "the server was restarted"
    holder = meta.get("holder")
    if not holder:
        late = time.time() - meta.get("started", 0.0) > START_LIMIT
        return "its holder process did not start" if late else ""
    if procs.alive(holder.get("pid"), holder.get("start")):
        return ""
    return HOLDER_KILLED


def _mark_lost(folder: str, reason: str) -> Json:
    status = {"state": "lost", "ended": _last_change(folder), "exit_code": None, "reason": reason}
    try:
        write_status(folder, status)
    except OSError:
        pass  # a full disk: the next look finds the same
    return status


def _last_change(folder: str) -> float:
    # Nobody saw it end; its last output is the best guess.
    newest = 0.0
    for path in (os.path.join(folder, "meta.json"), os.path.join(folder, "log")):
        try:
            newest = max(newest, os.stat(path).st_mtime)
        except OSError:
            pass
    try:
        with os.scandir(os.path.join(folder, "log")) as entries:
            newest = max([newest, *(entry.stat().st_mtime for entry in entries)])
    except OSError:
        pass
    return newest


def _write(path: str, data: bytes) -> None:
    # Without fsync: a job does not outlive the machine's run, so neither need its files.
    temporary = f"{path}.{os.getpid()}.tmp"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.rename(temporary, path)
    except BaseException:
        try:
            os.unlink(temporary)
        except OSError:
            pass
        raise


def _read(path: str) -> Json:
    try:
        with open(path, "rb") as file:
            value = json.loads(file.read())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
