"""What the jobs' side asks of projects: the argv to start, and how to end what runs inside.

Each ``…_argv`` returns ``(argv, cwd, env)``: what a holder runs, where, and its whole environment.
"""

from __future__ import annotations

from typing import Optional

Launch = tuple[list[str], str, dict[str, str]]


def shell_argv(
    project_id: str, term: str, argv: Optional[list[str]], bare: bool, job_id: str
) -> Launch:
    """Return what opens a shell (or runs ``argv``) on a PTY in the project's environment.

    Starts the project if it is stopped. Raises ``AgentError``.
    """
    from server_agent.core import running

    return running.launch(project_id, argv, job_id, tty=True, bare=bare, term=term)


def inlet(project_id: str, job_id: str) -> str:
    """Make the FIFO that a session's command reads in place of its terminal; return its path."""
    import os

    from server_agent.core import projects

    path = os.path.join(projects.load(project_id).run, f"{job_id}.in")
    os.mkfifo(path)
    # Inside it may be another user's; others can't enter the project's folder.
    os.chmod(path, 0o666)  # noqa: S103
    return path


def exec_argv(project_id: str, argv: list[str], bare: bool, job_id: str) -> Launch:
    """Return what runs a command with pipes in the project's environment."""
    from server_agent.core import running

    return running.launch(project_id, argv, job_id, tty=False, bare=bare)


def rebuild_argv(project_id: str, job_id: str) -> Launch:
    """Return what rebuilds a project, as the body of a job."""
    import os

    from server_agent.core import paths, selfcmd

    return selfcmd.argv("_rebuild", project_id, job_id), paths.project(project_id), dict(os.environ)


def end_inside(project_id: str, job_id: str, signal: int) -> bool:
    """Signal all processes of a job's session inside; return whether any is still alive."""
    from server_agent.core import running

    return running.end_inside(project_id, job_id, signal)


def end_rebuild(project_id: str, job_id: str) -> list[str]:
    """End what a killed rebuild left running inside; return what still runs."""
    from server_agent.core import stopping

    return stopping.end_rebuild(project_id, job_id)


def rebuild_lost(project_id: str, job_id: str, reason: str) -> bool:
    """Note with a project that its last rebuild was cut off, where it could not do so itself.

    Return whether there is nothing more to note.
    """
    import os

    from server_agent import jobs
    from server_agent.core import environment, paths, projects
    from server_agent.protocol.errors import AgentError

    try:
        newest = jobs.listing(project_id, "rebuild")[:1]
        if not newest or newest[0]["id"] != job_id:
            return True
        with projects.locked(project_id, "recovery", wait=2.0) as project:
            if os.path.exists(os.path.join(paths.job(job_id), "result.json")):
                return True
            now = environment.current(project)
            if now is not None and environment.meta(project, now).get("job") == job_id:
                return True  # it had switched, and only not told so yet
            project.failure = reason
            return projects.save_if_possible(project)
    except AgentError as error:
        return error.code == "not-found"
    except OSError:
        return False
