"""Running things in a project: making sure that its box runs, and ending what runs in it."""

from __future__ import annotations

import contextlib
import os
import re
import time
from typing import Optional

from server_agent import __version__
from server_agent.core import inner, isolations, projects, scripts
from server_agent.core.ports import Isolation
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError

KEPT_PIDFILES = 7 * 86400.0
"""Seconds after which the pid file of whatever was never ended properly goes."""
KEPT = ("COLORTERM", "LANG", "LC_ALL", "LC_CTYPE", "TZ")
"""Variables that say how a terminal and its person read: they go along into a shell."""
_COLOURFUL = re.compile(r"-256color|-direct|kitty|ghostty|alacritty|wezterm|foot")
_OTHERS = re.compile(
    r"TMUX|STY$|WINDOW(ID)?$|VTE_VERSION|(KITTY|GHOSTTY|WEZTERM|ALACRITTY|KONSOLE|ZELLIJ|ITERM)_"
    r"|(TERM|LC)_(PROGRAM|SESSION_ID|TERMINAL)|TERMCAP$|COLUMNS$|LINES$"
)


def ready(project_id: str) -> tuple[Project, Isolation]:
    """Return a project whose box runs, started if it was not. Raises ``AgentError``."""
    project = projects.load(project_id)
    isolation = isolations.of(project.isolation)
    if project.box:
        scripts.install(project.env)
        lines = inner.read_box(project.folder)
        if not lines or (lines[0] == "podman" and lines[2] != project.box["id"]):
            isolation.start(project)
        return project, isolation
    with projects.locked(project_id, "start", wait=2.0) as project:
        make(project, isolation)
    return project, isolation


def make(project: Project, isolation: Isolation) -> None:
    """Give a project its first box, with what is on the server already; the lock is held."""
    from server_agent.core import mnixtoml

    if project.box:
        return isolation.start(project)
    scripts.install(project.env)
    box = isolation.ensure(project, mnixtoml.load(project), lambda line: None, pull=False)
    isolation.adopt(project, box)
    return projects.save(project)


def launch(
    project_id: str,
    argv: Optional[list[str]],
    job_id: str,
    *,
    tty: bool,
    bare: bool = False,
    term: str = "",
    cwd: str = "",
) -> tuple[list[str], str, dict[str, str]]:
    """Return argv, folder and environment of what runs a shell or a command inside."""
    if argv is not None and not (argv and all(isinstance(part, str) for part in argv)):
        raise AgentError("usage", "a command is needed", "for example: mnix exec -- make test")
    project, isolation = ready(project_id)
    workspace, env_dir, run_dir = isolation.places(project)
    mode = "bare" if bare else "shell" if tty else "run"
    command = inner.entry(
        env_dir, f"{run_dir}/{job_id}.pid", project.box["id"], mode, list(argv or [])
    )
    env = {**project.box.get("env", {}), "MNIX_PROJECT": project.name}
    if tty:
        env = {**terminal_env(term), **env}
    inside = isolation.argv(
        project, command, tty=tty, cwd=os.path.join(workspace, cwd) if cwd else workspace, env=env
    )
    outside = dict(os.environ)
    if tty:
        # What another terminal said of itself is not true of ours.
        outside = {name: value for name, value in outside.items() if not _OTHERS.match(name)}
    return inside, "/", outside


def terminal_env(term: str) -> dict[str, str]:
    """Return the variables that tell programs which terminal they run in."""
    term = term or "xterm-256color"
    env = {name: os.environ[name] for name in KEPT if name in os.environ}
    env.update(TERM=term, MNIX_TTY="1", TERM_PROGRAM="mnix", TERM_PROGRAM_VERSION=__version__)
    if _COLOURFUL.search(term):
        env["COLORTERM"] = "truecolor"
    return env


def end_inside(project_id: str, job_id: str, signal: int) -> bool:
    """Signal all processes of a job's session inside; return whether any is still alive."""
    project = projects.load(project_id)
    return isolations.of(project.isolation).end(project, f"{job_id}.pid", signal)


def in_use(project: Project, isolation: Isolation, box: str) -> bool:
    """Say whether something that was started in a box still runs there."""
    try:
        names = os.listdir(project.run)
    except FileNotFoundError:
        return False
    for name in names:
        found = (
            inner.read_pidfile(os.path.join(project.run, name)) if name.endswith(".pid") else None
        )
        if found is not None and found[2] == box and isolation.end(project, name, 0):
            return True
    return False


def tidy(project: Project, job_id: str) -> None:
    """Remove the pid file of a job that ended, and those that killed processes left long ago."""
    for name in os.listdir(project.run):
        path = os.path.join(project.run, name)
        old = os.lstat(path).st_mtime < time.time() - KEPT_PIDFILES
        if name == f"{job_id}.pid" or (old and not _lives(project, name)):
            os.unlink(path)


def _lives(project: Project, name: str) -> bool:
    # A shell may be open for weeks, and go on without its holder.
    from server_agent import jobs

    if not name.endswith(".pid"):
        return False
    with contextlib.suppress(AgentError):  # the folder of a job that ended may be gone
        if jobs.get(name[: -len(".pid")])["state"] in ("starting", "running"):
            return True
    try:
        return isolations.of(project.isolation).end(project, name, 0)
    except AgentError:
        return True  # nobody knows
