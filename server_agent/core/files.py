"""One file of a workspace, for whoever wants to look at it beside another."""

from __future__ import annotations

import json
import os
import stat
from typing import Any, Optional

from server_agent.core import owner, projects, within
from server_agent.protocol.errors import AgentError
from server_agent.trees import digest, model
from server_agent.trees.model import FILE, FOLDER, LINK, State

MAX_TEXT = 512 << 10
"""Bytes of the longest text; a longer file is none."""
MAX_HASHED = 256 << 20
"""Bytes of the largest file that is read for its digest: somebody waits for the answer."""
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ANSWER = 900_000  # below what a line of the control channel can hold


def look(project_id: str, path: str) -> dict[str, Any]:
    """Return a path's ``text`` (``None``: it is none), ``size`` and ``state`` (``None``: absent).

    Nothing on the way to it may be a link. Raises ``AgentError``.
    """
    project = projects.load(project_id)
    path = model.clean_path(path)
    try:
        return _look(project.workspace, path)
    except PermissionError as error:
        said = owner.ask(project, "_file", project_id, path)
        if said is None:
            raise AgentError("error", f"{path} can't be read there: {error.strerror}") from error
        return dict(said)
    except OSError as error:
        raise AgentError("error", f"{path} can't be read there: {error.strerror}") from error


def look_here(project_id: str, path: str) -> int:
    """Print what ``look`` returns, as whoever this process runs as."""
    print(json.dumps(_look(projects.load(project_id).workspace, model.clean_path(path))))
    return 0


def _look(workspace: str, path: str) -> dict[str, Any]:
    *folders, name = path.split("/")
    try:
        with within.opened(workspace, *folders) as folder:
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISLNK(found.st_mode):
                target = os.readlink(name, dir_fd=folder)
                return _answer(State(LINK, 0, 0, found.st_mtime_ns, target))
            if stat.S_ISDIR(found.st_mode):
                return _answer(State(FOLDER, 0, 0, 0, ""))
            if not stat.S_ISREG(found.st_mode):
                return _answer(None)
            handle = os.open(name, _READ, dir_fd=folder)
    except (FileNotFoundError, NotADirectoryError):
        return _answer(None)
    try:
        return _file(handle)
    finally:
        os.close(handle)


def _file(handle: int) -> dict[str, Any]:
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode):
        return _answer(None)
    value = digest.hash_file(handle, found.st_size)[0] if found.st_size <= MAX_HASHED else ""
    mode = stat.S_IMODE(found.st_mode) & 0o777
    state = State(FILE, mode, found.st_size, found.st_mtime_ns, value)
    return _answer(state, _text(handle) if found.st_size <= MAX_TEXT else None)


def _text(handle: int) -> Optional[str]:
    data = os.pread(handle, MAX_TEXT + 1, 0)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if len(data) > MAX_TEXT or "\0" in text or len(json.dumps(text)) > _ANSWER:
        return None
    return text


def _answer(state: Optional[State], text: Optional[str] = None) -> dict[str, Any]:
    wire = None if state is None else model.to_wire(state)
    return {"text": text, "size": state.size if state else 0, "state": wire}
