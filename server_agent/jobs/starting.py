"""Starting a job: its folder, and a holder that belongs to nobody."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from typing import Any, Optional

from server_agent.core import paths, selfcmd
from server_agent.jobs import naming, procs, store
from server_agent.protocol.errors import AgentError

READY = b"ready\n"
"""What a holder says once its socket can be connected to."""
TIMEOUT = 5.0
"""Seconds that a holder has to say so."""
LOG_LIMIT = 256 << 20


def start(
    kind: str,
    project_id: str,
    argv: list[str],
    cwd: str,
    env: Optional[dict[str, str]],
    *,
    pty: bool,
    cols: int = 80,
    rows: int = 24,
    title: str = "",
    name: str = "",
    job_id: Optional[str] = None,
    inlet: str = "",
    log_limit: int = LOG_LIMIT,
    options: Optional[dict[str, Any]] = None,
) -> dict[str, Any]:
    """Start a job and wait until its holder can be attached to; see ``server_agent.jobs``.

    ``inlet`` is a FIFO that the command reads in place of its terminal. ``log_limit`` is how many bytes of its output are kept. ``options`` are there for the command as
    ``options.json`` in the job's folder; of them ``cause`` is told with the job.
    """
    job_id = job_id or store.new_id()
    name = naming.checked(name)
    meta = {
        "kind": kind,
        "project": project_id,
        "argv": argv,
        "name": name,
        "title": title or " ".join(argv)[:200],
        "pty": pty,
        "started": time.time(),
        "boot_id": procs.boot_id(),
        "socket": os.path.join(paths.runtime(), job_id),
        "cause": (options or {}).get("cause", ""),
    }
    with naming.free(project_id, name):
        folder = store.create(job_id, meta)
    # The environment may hold secrets: it goes through a pipe and is never written.
    spec = {
        "argv": argv,
        "cwd": cwd,
        "env": dict(os.environ) if env is None else env,
        "cols": cols,
        "rows": rows,
        "inlet": inlet,
        "log_limit": log_limit,
    }
    try:
        if options is not None:
            _write_options(folder, options)
        _start_holder(folder, json.dumps(spec).encode())
    except (AgentError, OSError):
        store.remove(job_id)
        raise
    return store.get(job_id)


def _write_options(folder: str, options: dict[str, Any]) -> None:
    paths.write_atomic(os.path.join(folder, "options.json"), json.dumps(options).encode())


def _start_holder(folder: str, spec: bytes) -> None:
    command = selfcmd.argv("_hold", folder)
    said = b""
    for prefix in (_scope(), []):
        said = _spawn([*prefix, *command], spec)
        if said == READY or _reported(folder):
            return
        if not prefix:
            break
    text = said.decode("utf-8", "replace").strip() or "it ended without a word"
    raise AgentError(
        "error",
        f"the process that should hold the job did not start: {text.splitlines()[-1][:300]}",
        "try again; if it stays so, look at the free memory and disk of the server",
        text[-2000:],
    )


def _spawn(command: list[str], spec: bytes) -> bytes:
    # The holder forks once more by itself, so that what we wait for here ends at once. Its stdout
    # stays open until it is ready.
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return str(error).encode()
    try:
        said, _ = process.communicate(spec, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return b"it said nothing for 5 seconds"
    return said


def _reported(folder: str) -> bool:
    # A wrapper may have closed the pipe; then the holder's own entry says whether it is there.
    return "holder" in store.read_meta(folder)


def _scope() -> list[str]:
    # In a scope of the user's systemd, a job is not ended with the login that started it.
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if not runtime or not os.path.exists(os.path.join(runtime, "systemd", "private")):
        return []
    program = shutil.which("systemd-run")
    return [program, "--user", "--scope", "--quiet", "--collect", "--"] if program else []
