"""Names of sessions: chosen by people, unique among those of a project that run."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

from server_agent.core import paths
from server_agent.jobs import procs, store
from server_agent.protocol.errors import AgentError

LONGEST = 64
_START = 2.0  # seconds in which a session that starts gets ready to be renamed


def checked(name: str) -> str:
    """Return a name without blanks around it; raise ``usage`` for one that can't be shown."""
    name = name.strip()
    if len(name) > LONGEST or not name.isprintable():
        raise AgentError(
            "usage",
            f"a session can't be called {name[:80]!r}",
            f"a name has at most {LONGEST} printable characters",
        )
    return name


@contextlib.contextmanager
def free(project_id: str, name: str, but: str = "") -> Iterator[None]:
    """Keep everybody else from taking a name meanwhile; raise ``exists`` if somebody has it."""
    if not name:
        yield
        return
    with _alone():
        for info in store.listing(project_id, "session", live=True):
            if info["name"] == name and info["id"] != but:
                raise AgentError(
                    "exists",
                    f"there is a session {name} already",
                    f"take another name, or go to that one: mnix shell --attach {info['id']}",
                )
        yield


def rename(job_id: str, name: str) -> store.Json:
    """Give a running session another name, or none; return its JobInfo."""
    name = checked(name)
    info = store.get(job_id)
    folder = paths.job(job_id)
    if info["kind"] != "session":
        raise AgentError("usage", f"{job_id} is no session", "see: mnix sessions")
    # Its holder writes meta.json once, when it is ready: only after that may we.
    ready = info["state"] not in store.LIVE or procs.wait_until(
        lambda: "holder" in store.read_meta(folder), _START
    )
    if store.get(job_id)["state"] not in store.LIVE:
        raise AgentError("not-found", f"the session {job_id} has ended", "see: mnix sessions")
    if not ready:
        raise AgentError("busy", f"the session {job_id} is still starting", "try again")
    with free(info["project_id"], name, but=job_id):
        store.write_meta(folder, {**store.read_meta(folder), "name": name})
    return store.get(job_id)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    paths.private_dir(paths.jobs())
    path = os.path.join(paths.jobs(), "names.lock")
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
