"""A project's folder: its description, its lock, and the list of all of them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from typing import Any, Optional

from server_agent.core import paths
from server_agent.protocol.errors import AgentError

Box = dict[str, Any]
"""A container as it was made: ``id``, ``name``, ``image``, ``digest``, ``volume``, ``network``…"""

PASSING = ("clearing up", "recovery", "sync")
"""What is soon done with a project's lock; while somebody watches, nobody asked for it."""
PATIENCE = 5.0
"""Seconds for which what people ask for waits for that."""


class Project:
    """What ``project.json`` says. Whether something runs is never in it: that is looked up.

    No dataclass: importing those takes longer than all else that a sync needs to begin.
    """

    def __init__(
        self,
        id: str,  # noqa: A002 - as it is in the file
        name: str,
        isolation: str = "container",
        flake: str = "flake.nix",
        created: float = 0.0,
        in_place: str = "",
        root: str = "",
        pushed: Optional[float] = None,
        box: Optional[Box] = None,
        replaced: Optional[list[str]] = None,
        switch: int = 0,
        failure: str = "",
        notes: Optional[list[str]] = None,
    ) -> None:
        self.id = id
        self.name = name
        self.isolation = isolation
        self.flake = flake
        self.created = created
        self.in_place = in_place
        """The folder that is the workspace, for a project that uses one of this machine's."""
        self.root = root
        """Where workspace, incoming and trash are, when not in the project's own folder."""
        self.pushed = pushed
        self.box: Box = {} if box is None else box
        """The container that runs the project; empty: none yet."""
        self.replaced = [] if replaced is None else replaced
        """Containers that ``box`` took over from and that may still have sessions."""
        self.switch = switch
        """The generation that belongs to ``box``, until ``env/current`` says so too; 0: it does."""
        self.failure = failure
        """Why the last rebuild failed; "" when it did not."""
        self.notes = [] if notes is None else notes
        """What is not as it should be: shown with the project."""

    @property
    def folder(self) -> str:
        """The project's own folder."""
        return paths.project(self.id)

    @property
    def files(self) -> str:
        """The folder that holds workspace, incoming and trash: all on one file system."""
        return self.root or self.folder

    @property
    def workspace(self) -> str:
        """The workspace on this machine."""
        return self.in_place or os.path.join(self.files, "workspace")

    @property
    def incoming(self) -> str:
        """Where uploads wait until they are whole."""
        return os.path.join(self.files, "incoming")

    @property
    def clone(self) -> str:
        """Where a clone waits until it is whole: not where uploads look for their own."""
        return os.path.join(self.files, "clone")

    @property
    def trash(self) -> str:
        """Where what an upload replaced is kept, by date."""
        return os.path.join(self.files, "trash")

    @property
    def env(self) -> str:
        """The generations, and the scripts that start shells and commands."""
        return os.path.join(self.folder, "env")

    @property
    def run(self) -> str:
        """The pid files of what runs inside."""
        return os.path.join(self.folder, "run")


_KNOWN = frozenset(vars(Project("", "")))


def load(project_id: str) -> Project:
    """Read a project; raise ``AgentError`` ``not-found``, or ``error`` when it can't be read."""
    path = os.path.join(paths.project(project_id), "project.json")
    try:
        with open(path, "rb") as file:
            found = json.loads(file.read())
        return Project(**{key: value for key, value in found.items() if key in _KNOWN})
    except FileNotFoundError as error:
        raise AgentError(
            "not-found", f"there is no project {project_id}", "see: mnix ls --refresh"
        ) from error
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise AgentError(
            "error", f"{path} can't be read: {error}", "restore it, or remove its folder"
        ) from error


def save(project: Project, folder: str = "") -> None:
    """Write a project's description, whole or not at all."""
    data = json.dumps(vars(project), indent=1, sort_keys=True).encode()
    paths.write_atomic(os.path.join(folder or project.folder, "project.json"), data)


def every() -> list[Project]:
    """Return all projects that can be read, by name."""
    try:
        names = os.listdir(paths.projects())
    except FileNotFoundError:
        return []
    found = []
    for name in names:
        if paths.is_id(name):
            with contextlib.suppress(AgentError):
                found.append(load(name))
    return sorted(found, key=lambda project: project.name)


def by_name(name: str) -> Optional[Project]:
    """Return the project with this name, if there is one."""
    return next((project for project in every() if project.name == name), None)


@contextlib.contextmanager
def naming() -> Iterator[None]:
    """Hold the lock under which names are taken; waits for the moment that another has it."""
    paths.private_dir(paths.projects())
    with open(os.path.join(paths.projects(), "names.lock"), "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def save_if_possible(project: Project) -> bool:
    """Save what is worth noting, but not worth failing for on a full disk; say if it worked."""
    try:
        save(project)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def locked(
    project_id: str,
    what: str,
    *,
    job: Optional[str] = None,
    wait: float = 0.0,
    finish: bool = True,
) -> Iterator[Project]:
    """Hold a project's lock; raise ``AgentError`` ``busy`` that says who does, since when.

    Whatever an interrupted operation left half done is finished first, unless ``finish`` is false.
    """
    folder = paths.project(project_id)
    if not os.path.isdir(folder):
        load(project_id)
    handle = os.open(os.path.join(folder, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _flock(handle, project_id, what, wait)
        _describe(handle, {"what": what, "since": time.time(), "pid": os.getpid(), "job": job})
        from server_agent.core import recovery

        project = load(project_id)
        yield recovery.finish(project) if finish else project
        _describe(handle, {})
    finally:
        os.close(handle)


def holder(project_id: str) -> Optional[dict[str, Any]]:
    """Say who holds a project's lock: ``what``, ``since``, ``pid``, ``job``; ``None``: nobody."""
    path = os.path.join(paths.project(project_id), "lock")
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _described(handle)
    finally:
        os.close(handle)
    return None


def busy(project_id: str, held: dict[str, Any]) -> AgentError:
    """Return the error for a project that another operation works on."""
    since = time.strftime("%H:%M:%S", time.localtime(held.get("since") or time.time()))
    what = held.get("what") or "another operation"
    hint = "wait for it, or follow it: mnix logs" if held.get("job") else "try again in a moment"
    try:
        name = load(project_id).name
    except AgentError:
        name = project_id
    return AgentError("busy", f"{name} is busy: {what}, since {since}", hint, held.get("job") or "")


def _flock(handle: int, project_id: str, what: str, wait: float) -> None:
    import threading

    began = time.monotonic()
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            held = _described(handle)
            # Nobody asked for that, so nobody should be refused because of it.
            passing = held.get("what") in PASSING and what not in PASSING
            if time.monotonic() - began >= (max(wait, PATIENCE) if passing else wait):
                raise busy(project_id, held) from None
            threading.Event().wait(0.05)


def _describe(handle: int, value: dict[str, Any]) -> None:
    data = json.dumps(value).encode()
    try:
        os.pwrite(handle, data, 0)
        os.ftruncate(handle, len(data))
    except OSError:
        pass  # a full disk: the lock itself needs no room


def _described(handle: int) -> dict[str, Any]:
    try:
        found = json.loads(os.pread(handle, 4096, 0))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
