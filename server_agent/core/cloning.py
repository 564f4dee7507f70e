"""``mnix-server clone``: a git repository becomes a project's workspace, cloned on the server."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Generator, Iterator
from typing import Any, Optional

from server_agent.core import git_clone, paths, projects
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError

_WHOLE = "whole"
"""A file that says that the clone is complete: from then on it goes to the workspace."""
_REF = re.compile(r"(?!.*(?:\.\.|@\{|//|\.lock(?:/|$)))[\w.+=@%/][\w.+=@%/,#-]{0,254}")


def run(project_id: str, url: str, ref: str) -> Generator[dict[str, Any], None, None]:
    """Clone into an empty workspace; give what the client gets, a line each.

    Raises ``AgentError``: ``usage``, ``exists``, ``busy``, ``no-space``, ``error``. Then the
    workspace is as it was.
    """
    protocol = git_clone.protocol(url)
    if ref and not _REF.fullmatch(ref):
        raise AgentError("usage", f"{ref[:80]!r} can't be a branch, a tag or a commit")
    project = projects.load(project_id)
    if project.in_place:
        raise AgentError(
            "usage", f"{project.name} uses its folder in place", "clone there with git itself"
        )
    _check_empty(project)
    with _claimed(project) as place:
        tree = os.path.join(place, "tree")
        with git_clone.Git(protocol) as git:
            yield from git.clone(url, ref, tree)
            found = git.head(tree)
        with projects.locked(project_id, "clone", wait=10.0, finish=False) as project:
            _check_empty(project)
            paths.write_atomic(os.path.join(place, _WHOLE), b"")
            _move(project, place)
            if project.box.get("daemon"):
                from server_agent.adapters import daemon

                daemon.own(project)
    yield {"done": found}


def interrupted(project: Project) -> bool:
    """Say whether a clone is left that nobody works on."""
    handle = _claim(project.clone)
    if handle is None:
        return False
    os.close(handle)
    return True


def recover(project: Project) -> None:
    """Finish the move of a whole clone, and remove one that never was whole.

    The project's lock is held.
    """
    place = project.clone
    handle = _claim(place)
    if handle is None:
        return
    try:
        if os.path.exists(os.path.join(place, _WHOLE)):
            _move(project, place)
        _remove(place)
    finally:
        os.close(handle)


def _check_empty(project: Project) -> None:
    if os.path.isdir(project.workspace) and not os.listdir(project.workspace):
        return
    raise AgentError(
        "exists",
        f"the workspace of {project.name} is not empty",
        "clone into a new project: mnix new --git URL NAME",
    )


@contextlib.contextmanager
def _claimed(project: Project) -> Iterator[str]:
    place = project.clone
    handle = None
    try:
        if os.path.isdir(place):
            with projects.locked(project.id, "clone"):
                pass  # what is left of an earlier one goes
        fresh = f"{place}.{paths.new_id()}"
        os.mkdir(fresh, 0o700)
        os.mkdir(os.path.join(fresh, "tree"), 0o755)  # what is not empty, no rename replaces
        handle = _claim(fresh)
        try:
            os.rename(fresh, place)  # nobody sees it before it is claimed
        except OSError as error:
            _remove(fresh)
            raise AgentError(
                "busy", f"{project.name} is being cloned already", "wait for it"
            ) from error
        try:
            yield place
        finally:
            if not os.path.exists(os.path.join(place, _WHOLE)):
                _remove(place)
    except OSError as error:
        raise translated(error, "the clone") from error
    finally:
        if handle is not None:
            os.close(handle)


def _claim(place: str) -> Optional[int]:
    # None: it is not there, or somebody works on it.
    try:
        handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _move(project: Project, place: str) -> None:
    # The workspace itself stays the folder it is: containers have it mounted. What is there already
    # was moved before an interruption, or came since: it stays.
    tree = os.path.join(place, "tree")
    with contextlib.suppress(FileNotFoundError):
        for name in sorted(os.listdir(tree), key=lambda name: (name == ".git", name)):
            target = os.path.join(project.workspace, name)
            if not os.path.lexists(target):
                os.rename(os.path.join(tree, name), target)
    _remove(place)


def _remove(place: str) -> None:
    # The tree first: without the word that it is whole, what is left of it is thrown away.
    shutil.rmtree(os.path.join(place, "tree"), ignore_errors=True)
    shutil.rmtree(place, ignore_errors=True)


def translated(error: OSError, what: str) -> AgentError:
    """Return the error for what the file system said."""
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return AgentError(
            "no-space", "the server's disk is full", "make room there; nothing was changed"
        )
    return AgentError("error", f"{what} can't be written: {error}", "nothing was changed")


def main(project_id: str, nonce: str, url: str, ref: str) -> int:
    """Answer one client on stdout; return the exit code."""
    from server_agent.control.hello import write_all
    from server_agent.jobs import faults
    from server_agent.protocol import PROTOCOL, lines

    write_all(1, lines.preface(nonce, {"protocol": PROTOCOL}))
    try:
        with contextlib.closing(run(project_id, url, ref)) as progress:
            for line in progress:
                write_all(1, lines.encode(line))
        return 0
    except BrokenPipeError:
        return 1  # nobody is left to tell
    except git_clone.Gone:
        return 1
    except Exception as error:
        known = faults.as_agent_error(error, "clone")
        write_all(1, lines.encode({"error": known.to_wire()}))
        return 75 if known.code == "busy" else 1
