"""Jobs: detached processes, each with a folder, a log and a holder that outlives every client.

What the rest of the agent calls. A job is described by a *JobInfo*, a JSON object: ``id``,
``kind`` (session, rebuild, exec), ``project_id``, ``state`` (starting, running, exited, lost),
``name`` (a session's, "" without one), ``title``, ``pty``, ``started``, ``ended``, ``exit_code``,
``reason``, ``socket``, ``clients`` (attached now), ``log_size``, ``active`` (when
it last printed), ``generation`` (what a rebuild made, or what a session runs in), ``cause`` (of a
rebuild) and ``replaced`` (a session in a container that another took over from).
"""

from __future__ import annotations

from typing import Any, Optional

JobInfo = dict[str, Any]


def new_id() -> str:
    """Return a fresh job id: eight characters of a-z2-7."""
    from server_agent.jobs.store import new_id as call

    return call()


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
    options: Optional[dict[str, Any]] = None,
) -> JobInfo:
    """Start a detached job; return once its holder can be attached to.

    ``env`` is the whole environment (``None``: the agent's own), ``inlet`` a FIFO that the command
    reads in place of its terminal, ``options`` what the command finds
    in ``options.json`` in its job's folder. Raises ``AgentError`` when the
    holder does not start; a command that can't be run is a job that ended with 126 or 127.
    """
    from server_agent.jobs.starting import start as call

    return call(
        kind,
        project_id,
        argv,
        cwd,
        env,
        pty=pty,
        cols=cols,
        rows=rows,
        title=title,
        name=name,
        job_id=job_id,
        inlet=inlet,
        options=options,
    )


def listing(
    project_id: Optional[str] = None, kind: Optional[str] = None, *, live: bool = False
) -> list[JobInfo]:
    """Return jobs, newest first; ``live`` leaves the ended ones out."""
    from server_agent.jobs.store import listing as call

    return call(project_id, kind, live=live)


def get(job_id: str) -> JobInfo:
    """Return a job; raise ``AgentError`` ``not-found``."""
    from server_agent.jobs.store import get as call

    return call(job_id)


def rename(job_id: str, name: str) -> JobInfo:
    """Give a running session another name; raise ``AgentError`` ``exists`` if it is taken."""
    from server_agent.jobs.naming import rename as call

    return call(job_id, name)


def kill(job_id: str, grace: float = 5.0) -> JobInfo:
    """End a job: ask, wait for ``grace`` seconds, then force it; return how it is afterwards.

    ``reason`` says so when something of it still runs.
    """
    from server_agent.jobs.killing import kill as call

    return call(job_id, grace)


def remove_project(project_id: str) -> None:
    """End a project's live jobs and forget all its jobs, logs included."""
    from server_agent.jobs.killing import remove_project as call

    call(project_id)
