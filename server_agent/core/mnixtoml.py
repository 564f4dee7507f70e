"""``mnix.toml`` in a project's folder: what it asks for around its environment."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

from server_agent.core import toml
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError

MAX_BYTES = 1 << 20
STORES = ("volume", "private")
_MEMORY = re.compile(r"[1-9][0-9]*[bkmgBKMG]?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Mount:
    """A folder of the server's that is seen inside."""

    source: str
    target: str
    readonly: bool = True


@dataclass(frozen=True)
class Settings:
    """What ``mnix.toml`` says; the defaults are those of a project without one."""

    isolation: str = ""
    image: str = ""
    dev_shell: str = "default"
    env: dict[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    memory: str = ""
    cpus: float = 0.0
    store: str = "volume"
    warmup_command: str = ""
    flake: str = ""


def load(project: Project, warn: Callable[[str], None] = lambda line: None) -> Settings:
    """Read the project's ``mnix.toml``; warn of unknown keys, raise ``usage`` for bad values."""
    path = os.path.join(project.workspace, "mnix.toml")
    try:
        # O_NONBLOCK: a FIFO of that name must not hold up a rebuild.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise _bad(f"it can't be read: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise _bad("it is not a file")
        text = file.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise _bad(f"it is longer than {MAX_BYTES} bytes")
    return parse(text, warn)


def parse(text: bytes, warn: Callable[[str], None] = lambda line: None) -> Settings:
    """Check the text of a ``mnix.toml``; raise ``AgentError`` ``usage`` that names the key."""
    table = toml.loads(text, "mnix.toml")
    known = set(Settings.__dataclass_fields__)
    aliases = {"devShell": "dev_shell", "warmup": "warmup_command", "mount": "mounts"}
    found: dict[str, Any] = {}
    for key, value in table.items():
        name = aliases.get(key, key)
        if name in known:
            found[name] = _CHECKS[name](name, value)
        else:
            warn(f"mnix.toml: the key {key!r} is unknown{toml.nearest(key, known)}")
    return Settings(**found)


def _bad(what: str, hint: str = "") -> AgentError:
    return AgentError("usage", f"mnix.toml: {what}", hint or "correct mnix.toml and push again")


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or "\0" in value or "\n" in value:
        raise _bad(f"{key} must be one line of text")
    return value


def _command(key: str, value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise _bad(f"{key} must be text")
    return value


def _isolation(key: str, value: Any) -> str:
    if value not in ("container", "host"):
        raise _bad(f'{key} must be "container" or "host"')
    return str(value)


def _image(key: str, value: Any) -> str:
    name = _text(key, value)
    if not name or name.startswith("-") or any(char.isspace() for char in name):
        raise _bad(f"{key} must be the name of an image, it is {name!r}")
    return name


def _store(key: str, value: Any) -> str:
    if value not in STORES:
        raise _bad(f"{key} must be one of {', '.join(STORES)}")
    return str(value)


def _memory(key: str, value: Any) -> str:
    if isinstance(value, str) and _MEMORY.fullmatch(value):
        return value.lower()
    raise _bad(f'{key} must be a size such as "4g" or "512m"')


def _cpus(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 4096:
        raise _bad(f"{key} must be a number of processors, such as 2 or 1.5")
    return float(value)


def _env(key: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _bad(f"{key} must be a table of variables")
    for name, text in value.items():
        if not _VARIABLE.fullmatch(name):
            raise _bad(f"{key}: {name!r} can't be a variable's name")
        if not isinstance(text, str) or "\0" in text or "\n" in text:
            raise _bad(f"{key}.{name} must be one line of text")
    return dict(value)


def _mounts(key: str, value: Any) -> tuple[Mount, ...]:
    if not isinstance(value, list):
        raise _bad(f"{key} must be a list of tables with source and target")
    return tuple(_mount(f"{key}[{index}]", item) for index, item in enumerate(value))


def _mount(key: str, value: Any) -> Mount:
    if not isinstance(value, dict):
        raise _bad(f"{key} must be a table with source and target")
    source, target = (_text(f"{key}.{part}", value.get(part)) for part in ("source", "target"))
    source = os.path.expanduser(source)
    for part, path in (("source", source), ("target", target)):
        if not path.startswith("/") or ".." in path.split("/"):
            raise _bad(f"{key}.{part} must be an absolute path without ..")
    # normpath keeps two leading slashes.
    source, inside = ("/" + os.path.normpath(path).lstrip("/") for path in (source, target))
    taken = next((root for root in ("/nix", "/mnix") if (inside + "/").startswith(root + "/")), "")
    if taken or inside in ("/", "/workspace"):
        raise _bad(f"{key}.target can't be {target}: mnix has its own there")
    readonly = value.get("readonly", True)
    if not isinstance(readonly, bool):
        raise _bad(f"{key}.readonly must be true or false")
    return Mount(source, inside, readonly)


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


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "isolation": _isolation,
    "image": _image,
    "dev_shell": _text,
    "env": _env,
    "mounts": _mounts,
    "memory": _memory,
    "cpus": _cpus,
    "store": _store,
    "warmup_command": _command,
    "flake": _text,
}
