"""``mnix.toml`` in a project's folder: what it asks for around its environment."""

from __future__ import annotations

import os
import stat
from typing import Callable, Optional

from server_agent.core import toml
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError
from server_agent.protocol.mnixtoml import FILE_NAME, Mount, Settings, bad, check

MAX_BYTES = 1 << 20


def load(project: Project, warn: Callable[[str], None] = lambda line: None) -> Settings:
    """Read the project's ``mnix.toml``; warn of unknown keys, raise ``usage`` for bad values."""
    path = os.path.join(project.workspace, FILE_NAME)
    try:
        # O_NONBLOCK: a FIFO of that name must not hold up a rebuild.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise bad(f"it can't be read: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise bad("it is not a file")
    with os.fdopen(handle, "rb") as file:
        text = file.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise bad(f"it is longer than {MAX_BYTES} bytes")
    return parse(text, warn)


def parse(text: bytes, warn: Callable[[str], None] = lambda line: None) -> Settings:
    """Check the text of a ``mnix.toml``; raise ``AgentError`` ``usage`` that names the key."""
    return check(toml.loads(text, FILE_NAME), warn)


def allowed(mounts: tuple[Mount, ...], roots: tuple[str, ...]) -> None:
    """Raise ``refused`` unless every mount's source is below one of the allowed roots.

    Links are resolved first: a link below a root that points elsewhere does not open it.
    """
    real = [os.path.realpath(root) for root in roots]
    for mount in mounts:
        source = os.path.realpath(mount.source)
        if not any((source + "/").startswith(root.rstrip("/") + "/") for root in real):
            listed = ", ".join(roots) or "none are"
            raise AgentError(
                "refused",
                f"mnix.toml: this server does not allow to mount {mount.source}",
                f"allowed (mount_roots in the server's server.toml): {listed}",
            )
        if not os.path.exists(source):
            raise AgentError(
                "usage",
                f"mnix.toml: {mount.source} does not exist on the server",
                "create it there",
            )


def isolation_conflict(project: Project, wanted: str) -> Optional[AgentError]:
    """Return the error for a project that runs with less isolation than its file asks for."""
    if wanted == "container" and project.isolation == "host":
        return AgentError(
            "refused",
            f"mnix.toml asks for a container, and {project.name} runs without one",
            "remove the project and create it again, or change isolation in mnix.toml",
        )
    return None
