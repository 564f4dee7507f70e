"""Which method calls what, and with which parameters. Everything is imported when it is called."""

from __future__ import annotations

from typing import Any, Callable, Optional

from server_agent.protocol.errors import AgentError

Params = dict[str, Any]
_MOST_JOBS = 1000  # in one answer
STATS = 5.0
"""Seconds between two stats, unless a subscriber wants another pace."""

# Parameters by method; a "?" marks those that may be missing or null.
_USECASES = {
    "server.info": ("server_info", ()),
    "server.check": ("server_check", ("what",)),
    "server.purge": ("purge", ("dry_run?", "force?")),
    "project.create": (
        "create",
        ("name", "isolation?", "flake?", "in_place?", "legacy_workspace?"),
    ),
    "project.get": ("get", ("project",)),
    "project.start": ("start", ("project",)),
    "project.stop": ("stop", ("project",)),
    "project.remove": ("remove", ("project",)),
    "project.rename": ("rename", ("project", "name")),
    "project.rebuild": (
        "rebuild",
        ("project", "flake?", "dev_shell?", "override_inputs?", "impure?", "cause?"),
    ),
    "project.rollback": ("rollback", ("project", "generation?")),
    "project.flake": ("flake", ("project",)),
    "project.file": ("file", ("project", "path")),
    "trash.list": ("trash", ("project", "id?", "paths?")),
    "trash.restore": ("restore", ("project", "id?", "paths?")),
    "generation.list": ("generations", ("project",)),
    "generation.diff": ("diff", ("project", "a", "b")),
    "store.gc": ("gc", ("project",)),
}
_OWN = {
    "state.get": (),
    "subscribe": ("stats?",),
    "session.open": ("project", "cols", "rows", "name?", "argv?", "bare?", "term?", "piped?"),
    "session.rename": ("job", "name"),
    "job.start": ("project", "argv", "bare?", "title?"),
    "job.list": ("project?", "kind?"),
    "job.get": ("job",),
    "job.kill": ("job", "grace?"),
}
_TYPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "a": ("a number", lambda v: type(v) is int),
    "b": ("a number", lambda v: type(v) is int),
    "argv": (
        "a list of words",
        lambda v: isinstance(v, list) and bool(v) and all(_is_word(word) for word in v),
    ),
    "bare": ("true or false", lambda v: isinstance(v, bool)),
    "cause": ("rebuild or warm-up", lambda v: v in ("rebuild", "warm-up")),
    "impure": ("true or false", lambda v: isinstance(v, bool)),
    "paths": (
        "a list of paths",
        lambda v: (
            isinstance(v, list) and 0 < len(v) <= 10_000 and all(_is_word(path) for path in v)
        ),
    ),
    "override_inputs": (
        "a table of inputs and flake references",
        lambda v: (
            isinstance(v, dict)
            and len(v) <= 100
            and all(_is_word(name) and _is_word(ref) for name, ref in v.items())
        ),
    ),
    "piped": ("true or false", lambda v: isinstance(v, bool)),
    "cols": ("a number from 1 to 1000", lambda v: type(v) is int and 0 < v <= 1000),
    "rows": ("a number from 1 to 1000", lambda v: type(v) is int and 0 < v <= 1000),
    "dry_run": ("true or false", lambda v: isinstance(v, bool)),
    "force": ("true or false", lambda v: isinstance(v, bool)),
    "generation": ("a number", lambda v: type(v) is int),
    "stats": (
        "0, or seconds from 2 to 60",
        lambda v: type(v) in (int, float) and (v == 0 or 2 <= v <= 60),
    ),
    "grace": ("seconds", lambda v: type(v) in (int, float) and 0 <= v <= 600),
}
_READS = {
    "server.info",
    "server.check",
    "project.get",
    "project.flake",
    "project.file",
    "trash.list",
    "generation.list",
    "generation.diff",
}
CHANGES = (set(_USECASES) - _READS) | {
    "session.open",
    "session.rename",
    "job.start",
    "job.kill",
}
"""The methods after which subscribers want a new state at once."""
LOOKS = ("state.get", "job.list", "job.get")
"""The methods that may find a job lost."""


def call(method: str, params: Params) -> Any:
    """Answer one request; raise ``AgentError``."""
    if method in _USECASES:
        from server_agent.core import usecases

        name, names = _USECASES[method]
        return getattr(usecases, name)(**_checked(method, names, params))
    if method in _OWN:
        function: Callable[..., Any] = _FUNCTIONS[method]
        return function(**_checked(method, _OWN[method], params))
    raise AgentError("usage", f"the agent has no method {method!r}", "update mnix on both sides")


def state() -> dict[str, Any]:
    """Return the whole state: projects, live jobs and each project's last rebuild."""
    from server_agent import jobs
    from server_agent.core import usecases

    # Before the projects: one whose rebuild has ended is as that left it.
    found = jobs.listing()
    projects = usecases.state()
    stopped = {project["id"] for project in projects if project["state"] == "stopped"}
    if any(job["project_id"] in stopped and _lives(job) for job in found):
        # An engine was asked, which takes its time: what ran inside has ended meanwhile.
        now = {job["id"]: job for job in jobs.listing()}
        found = [now.get(job["id"], job) if job["project_id"] in stopped else job for job in found]
    shown = []
    rebuilt = set()
    for job in found:
        last = job["kind"] == "rebuild" and job["project_id"] not in rebuilt
        if job["kind"] == "rebuild":
            rebuilt.add(job["project_id"])
        if last or _lives(job):
            shown.append(job)
    return {"projects": projects, "jobs": shown}


def _lives(job: dict[str, Any]) -> bool:
    return job["state"] in ("starting", "running")


def _pace(stats: float = STATS) -> float:
    # How often a subscriber gets its stats: who answers the request sees to the rest.
    return stats


def _open_session(
    project: str,
    cols: int,
    rows: int,
    name: Optional[str] = None,
    argv: Optional[list[str]] = None,
    bare: bool = False,
    term: str = "xterm-256color",
    piped: bool = False,
) -> Any:
    from server_agent import jobs
    from server_agent.core import sessions_api
    from server_agent.jobs import naming

    name = naming.checked(name or "")
    job_id = jobs.new_id()
    command, cwd, env = sessions_api.shell_argv(project, term, argv, bare, job_id)
    return jobs.start(
        "session",
        project,
        command,
        cwd,
        env,
        pty=True,
        cols=cols,
        rows=rows,
        title=(" ".join(argv or ()) or "shell")[:200],
        name=name,
        job_id=job_id,
        inlet=sessions_api.inlet(project, job_id) if piped else "",
    )


def _rename_session(job: str, name: str) -> Any:
    from server_agent import jobs

    return jobs.rename(job, name)


def _start_job(
    project: str, argv: list[str], bare: bool = False, title: Optional[str] = None
) -> Any:
    from server_agent import jobs
    from server_agent.core import sessions_api

    job_id = jobs.new_id()
    command, cwd, env = sessions_api.exec_argv(project, argv, bare, job_id)
    title = (title or " ".join(argv))[:200]
    return jobs.start("exec", project, command, cwd, env, pty=False, title=title, job_id=job_id)


def _list_jobs(project: Optional[str] = None, kind: Optional[str] = None) -> Any:
    from server_agent import jobs

    return {"jobs": jobs.listing(project, kind)[:_MOST_JOBS]}


def _get_job(job: str) -> Any:
    from server_agent import jobs

    return jobs.get(job)


def _kill_job(job: str, grace: float = 5.0) -> Any:
    from server_agent import jobs

    return jobs.kill(job, grace)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "state.get": state,
    "subscribe": _pace,
    "session.open": _open_session,
    "session.rename": _rename_session,
    "job.start": _start_job,
    "job.list": _list_jobs,
    "job.get": _get_job,
    "job.kill": _kill_job,
}


def _checked(method: str, names: tuple[str, ...], params: Params) -> Params:
    # A parameter that is null counts as missing, so that the default is in one place only.
    given = {name: value for name, value in params.items() if value is not None}
    known = {name.rstrip("?") for name in names}
    unknown = sorted(set(given) - known)
    if unknown:
        raise AgentError("usage", f"{method} has no parameter {unknown[0]!r}")
    for name in names:
        if not name.endswith("?") and name not in given:
            raise AgentError("usage", f"{method} needs the parameter {name!r}")
    for name, value in given.items():
        what, fits = _TYPES.get(name, ("text", _is_word))
        if not fits(value):
            raise AgentError("usage", f"{method}: {name!r} should be {what}, not {value!r:.100}")
    return given


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value
