"""``mnix.toml`` in a project's folder: what it can say, checked in one way on both sides. Pure."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import Any, Callable

from server_agent.protocol.errors import AgentError
from server_agent.protocol.suggest import nearest

FILE_NAME = "mnix.toml"
STORES = ("volume", "private", "daemon")
_MEMORY = r"[1-9][0-9]*[bkmgBKMG]?"
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
_ATTRIBUTE = r"(?:[A-Za-z0-9_][A-Za-z0-9_'+-]*|\"[^\"\\\\$\x00-\x1f]+\")"
_ATTRIBUTES = rf"\.?{_ATTRIBUTE}(?:\.{_ATTRIBUTE})*"
_INPUT = r"[A-Za-z_][A-Za-z0-9_'-]*(?:/[A-Za-z_][A-Za-z0-9_'-]*)*"
_REFERENCE = r"[!-,.-~][!-~]{0,2047}"
_MOST_OVERRIDES = 100


@dataclass(frozen=True)
class Mount:
    """A folder of the server's that is seen inside."""

    source: str
    target: str
    readonly: bool = True


@dataclass(frozen=True)
class Sync:
    """How the files of a project are kept alike here and on its server."""

    git: bool = True
    """Whether ``.git`` comes along, so that git works in the workspace."""
    both_ways: bool = False
    """Whether what changes on the server is fetched by whatever pushes."""


@dataclass(frozen=True)
class Settings:
    """What ``mnix.toml`` can say; every key is optional."""

    isolation: str = ""
    """``container`` or ``host``; empty: a container."""
    image: str = ""
    """The container's image; empty: the server's base image."""
    flake: str = ""
    """The flake's path below the folder; empty: the likeliest one."""
    dev_shell: str = "default"
    """The flake's ``devShells`` attribute (also spelled ``devShell``), or a whole attribute path
    such as ``packages.x86_64-linux.default``."""
    override_inputs: dict[str, str] = field(default_factory=dict)
    """Flake references that take the place of the flake's inputs, by the input's name."""
    impure: bool = False
    """Whether the evaluation may look at what is outside the flake, as ``nix --impure`` does."""
    env: dict[str, str] = field(default_factory=dict)
    """Environment variables of shells, commands and rebuilds."""
    mounts: tuple[Mount, ...] = ()
    """Folders of the server in the container: ``[[mounts]]`` with ``source``, ``target`` and
    ``readonly`` (default true), below the server's ``mount_roots``."""
    memory: str = ""
    """The container's memory limit: bytes, or with ``k``, ``m`` or ``g``."""
    cpus: float = 0.0
    """The container's processors; 0: all."""
    store: str = "volume"
    """``volume`` (one ``/nix`` for all of the user's projects), ``private`` (one of its own) or
    ``daemon`` (the server's own, through its nix daemon)."""
    warm_up: bool = True
    """Whether the environment is built by itself after the project was created, and when the server
    was restarted."""
    warmup_command: str = ""
    """A shell command to run in a new environment before it is switched to."""
    sync: Sync = field(default_factory=Sync)
    """How files move: ``[sync]`` with ``git`` (default true: ``.git`` comes along) and ``both_ways``
    (default false: what changes on the server is only fetched by ``mnix pull``)."""


def check(table: dict[str, Any], warn: Callable[[str], None] = lambda line: None) -> Settings:
    """Check what a ``mnix.toml`` holds; raise ``AgentError`` ``usage`` that names the key.

    ``warn`` is called with a line for each unknown key.
    """
    known = set(Settings.__dataclass_fields__)
    aliases = {"devShell": "dev_shell", "warmup": "warmup_command", "mount": "mounts"}
    found: dict[str, Any] = {}
    for key, value in table.items():
        name = aliases.get(key, key)
        if name in known:
            found[name] = _CHECKS[name](name, value)
        else:
            warn(f"mnix.toml: the key {key!r} is unknown{nearest(key, known)}")
    return Settings(**found)


def bad(what: str, hint: str = "") -> AgentError:
    """Return the error for a ``mnix.toml`` that can't be used."""
    return AgentError("usage", f"mnix.toml: {what}", hint or "correct mnix.toml and push again")


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or "\0" in value or "\n" in value:
        raise bad(f"{key} must be one line of text")
    return value


def _command(key: str, value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise bad(f"{key} must be text")
    return value


def _isolation(key: str, value: Any) -> str:
    if value not in ("container", "host"):
        raise bad(f'{key} must be "container" or "host"')
    return str(value)


def _image(key: str, value: Any) -> str:
    name = _text(key, value)
    if not name or name.startswith("-") or any(char.isspace() for char in name):
        raise bad(f"{key} must be the name of an image, it is {name!r}")
    return name


def _store(key: str, value: Any) -> str:
    if value not in STORES:
        raise bad(f"{key} must be one of {', '.join(STORES)}")
    return str(value)


def _memory(key: str, value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(_MEMORY, value):
        return value.lower()
    raise bad(f'{key} must be a size such as "4g" or "512m"')


def _cpus(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 4096:
        raise bad(f"{key} must be a number of processors, such as 2 or 1.5")
    return float(value)


def _env(key: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise bad(f"{key} must be a table of variables")
    for name, text in value.items():
        if not re.fullmatch(_VARIABLE, name):
            raise bad(f"{key}: {name!r} can't be a variable's name")
        if not isinstance(text, str) or "\0" in text or "\n" in text:
            raise bad(f"{key}.{name} must be one line of text")
    return dict(value)


def _mounts(key: str, value: Any) -> tuple[Mount, ...]:
    if not isinstance(value, list):
        raise bad(f"{key} must be a list of tables with source and target")
    return tuple(_mount(f"{key}[{index}]", item) for index, item in enumerate(value))


def _mount(key: str, value: Any) -> Mount:
    if not isinstance(value, dict):
        raise bad(f"{key} must be a table with source and target")
    source, target = (_text(f"{key}.{part}", value.get(part)) for part in ("source", "target"))
    source = os.path.expanduser(source)
    for part, path in (("source", source), ("target", target)):
        if not path.startswith("/") or ".." in path.split("/"):
            raise bad(f"{key}.{part} must be an absolute path without ..")
    # normpath keeps two leading slashes.
    source, inside = ("/" + os.path.normpath(path).lstrip("/") for path in (source, target))
    taken = next((root for root in ("/nix", "/mnix") if (inside + "/").startswith(root + "/")), "")
    if taken or inside in ("/", "/workspace"):
        raise bad(f"{key}.target can't be {target}: mnix has its own there")
    readonly = value.get("readonly", True)
    if not isinstance(readonly, bool):
        raise bad(f"{key}.readonly must be true or false")
    return Mount(source, inside, readonly)


def dev_shell(key: str, value: Any) -> str:
    """Check a shell's name or attribute path; return it as nix takes it after ``#``."""
    if not isinstance(value, str) or not (value == "" or re.fullmatch(_ATTRIBUTES, value)):
        raise bad(f"{key} must be an attribute such as default or packages.x86_64-linux.tool")
    return value.lstrip(".")[:1000]


def override_inputs(key: str, value: Any) -> dict[str, str]:
    """Check a table of inputs and flake references, none of which nix takes for an option."""
    if not isinstance(value, dict) or len(value) > _MOST_OVERRIDES:
        raise bad(f"{key} must be a table of inputs and flake references")
    for name, reference in value.items():
        if not isinstance(name, str) or not re.fullmatch(_INPUT, name):
            raise bad(f"{key}: {str(name)[:80]!r} can't be an input's name")
        if not isinstance(reference, str) or not re.fullmatch(_REFERENCE, reference):
            raise bad(f"{key}.{name} must be a flake reference such as github:owner/repo")
    return dict(value)


def _sync(key: str, value: Any) -> Sync:
    if not isinstance(value, dict):
        raise bad(f"{key} must be a table with git and both_ways")
    known = Sync.__dataclass_fields__
    for name, answer in value.items():
        if name not in known:
            raise bad(f"{key}.{name} is unknown{nearest(name, known)}")
        _yes_or_no(f"{key}.{name}", answer)
    return Sync(**value)


def _yes_or_no(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise bad(f"{key} must be true or false")
    return value


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "isolation": _isolation,
    "image": _image,
    "dev_shell": dev_shell,
    "override_inputs": override_inputs,
    "impure": _yes_or_no,
    "warm_up": _yes_or_no,
    "env": _env,
    "mounts": _mounts,
    "memory": _memory,
    "cpus": _cpus,
    "store": _store,
    "warmup_command": _command,
    "flake": _text,
    "sync": _sync,
}
