"""Where the agent keeps its things, and the checks on ids and shared folders."""

from __future__ import annotations

import os
import stat

from server_agent.protocol.errors import AgentError

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
"""What ids are made of: eight of these, so that a socket's path stays short."""


ENGINE = "engine"
"""The file beside the sockets whose time is that of the container engine's last event."""


def new_id() -> str:
    """Return a fresh random id."""
    return "".join(ALPHABET[byte & 31] for byte in os.urandom(8))


def is_id(text: object) -> bool:
    """Say whether ``text`` has the form of an id (so it is safe in a path)."""
    return isinstance(text, str) and len(text) == 8 and all(char in ALPHABET for char in text)


def data() -> str:
    """Return the agent's data folder."""
    return _xdg("XDG_DATA_HOME", ".local/share", "mnix")


def agents() -> str:
    """Return the folder of delivered agents."""
    return os.path.join(data(), "agent")


def projects() -> str:
    """Return the folder of all projects."""
    return os.path.join(data(), "projects")


def project(project_id: str) -> str:
    """Return a project's folder; raise ``AgentError`` when the id is none."""
    if not is_id(project_id):
        raise AgentError("not-found", f"there is no project {project_id!r}", "see: mnix ls")
    return os.path.join(projects(), project_id)


def jobs() -> str:
    """Return the folder of all jobs."""
    return _xdg("XDG_STATE_HOME", ".local/state", os.path.join("mnix-server", "jobs"))


def job(job_id: str) -> str:
    """Return a job's folder; raise ``AgentError`` when the id is none."""
    if not is_id(job_id):
        raise AgentError("not-found", f"there is no job {job_id!r}", "see: mnix sessions")
    return os.path.join(jobs(), job_id)


def runtime() -> str:
    """Return the folder of sockets, made if it is missing, and ours alone.

    Others can write to /tmp, so a link or a folder of someone else's is an error, never used.
    """
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    if base and os.path.isdir(base) and os.access(base, os.W_OK):
        path = os.path.join(base, "mnix")
    else:
        path = f"/tmp/mnix-{os.getuid()}"  # noqa: S108 - checked below, whoever made it
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    except OSError as error:
        raise AgentError("error", f"{path} can't be made: {error.strerror}") from error
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise AgentError(
            "refused",
            f"{path} belongs to someone else",
            "it should be a folder of yours: ask whoever made it to remove it",
        )
    if found.st_mode & 0o077:
        os.chmod(path, 0o700)
    return path


def private_dir(path: str) -> str:
    """Make a folder that only its owner can look into, with its parents; return its path."""
    os.makedirs(path, mode=0o700, exist_ok=True)
    return path


def write_atomic(path: str, data: bytes, mode: int = 0o600) -> None:
    """Write a whole file or leave the old one: temporary name, fsync, rename."""
    temporary = f"{path}.{os.getpid()}.{new_id()}"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def replace_link(path: str, target: str, folder: int | None = None) -> None:
    """Point a symbolic link at ``target`` by one rename: there is always one, old or new.

    ``folder``: an open one that ``path`` is below.
    """
    temporary = f"{path}.{os.getpid()}.{new_id()}"
    os.symlink(target, temporary, dir_fd=folder)
    os.rename(temporary, path, src_dir_fd=folder, dst_dir_fd=folder)


def _xdg(variable: str, default: str, name: str) -> str:
    base = os.environ.get(variable, "")
    if not os.path.isabs(base):  # the specification: a relative one is to be ignored
        base = os.path.join(os.path.expanduser("~"), default)
    return os.path.join(base, name)
