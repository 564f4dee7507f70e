"""Unexpected exceptions: a line for the client, the traceback for the agent's own log."""

from __future__ import annotations

import os
import time

from server_agent.core import paths
from server_agent.protocol.errors import AgentError

_LIMIT = 1 << 20


def log_path() -> str:
    """Return the agent's log, beside the folder of jobs."""
    return os.path.join(os.path.dirname(paths.jobs()), "agent.log")


def orphaned() -> bool:
    """Say whether the agent's own files are gone: what was not imported yet never will be."""
    import server_agent

    path = os.path.abspath(server_agent.__file__)
    archive = os.path.dirname(os.path.dirname(path))  # of a zipapp, that is the file
    return not os.path.isfile(path) and not os.path.isfile(archive)


def as_agent_error(error: BaseException, doing: str) -> AgentError:
    """Return what to tell of an exception; log it when nobody expected it."""
    if isinstance(error, AgentError):
        return error
    if isinstance(error, OSError) and error.errno in (28, 122):  # ENOSPC, EDQUOT
        return AgentError(
            "no-space", f"{doing}: the server's disk is full", "free some space and try again"
        )
    if orphaned():
        return AgentError(
            "error",
            f"{doing}: the agent was removed from the server meanwhile",
            "try again: mnix installs it anew",
        )
    note(error, doing)
    text = " ".join(str(error).split())[:300]
    return AgentError(
        "error",
        f"the agent failed at {doing}: {type(error).__name__}: {text}",
        f"its log on the server has the details: {log_path()}",
    )


def note(error: BaseException, doing: str) -> None:
    """Write a traceback to the agent's log, which is kept to two files of a megabyte."""
    if orphaned():
        return  # whoever removed the agent has removed its log, too
    import traceback

    path = log_path()
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    text = f"{time.strftime('%Y-%m-%d %H:%M:%S')} [{os.getpid()}] {doing}\n{''.join(lines)}"
    try:
        paths.private_dir(os.path.dirname(path))
        if os.path.exists(path) and os.path.getsize(path) > _LIMIT:
            os.replace(path, path + ".1")
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            os.write(handle, text.encode("utf-8", "replace"))
        finally:
            os.close(handle)
    except OSError:
        pass  # there is nowhere left to complain
