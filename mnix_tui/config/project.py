"""``mnix.toml`` in a project's folder: what the client needs to know of it.

The agent reads the file itself, on the server; the client reads it to pick the flake and the
isolation of a new project, and to name a mistake before anything is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from mnix_tui.config import read
from mnix_tui.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE_NAME = "mnix.toml"
_MEMORY = re.compile(r"[1-9][0-9]*[bkmgBKMG]?")


@dataclass(frozen=True)
class ProjectConfig:
    """What ``mnix.toml`` can say. Every key is optional."""

    isolation: str = ""
    """``container`` or ``host``; empty: a container."""
    image: str = ""
    """The container's image; empty: the server's base image."""
    dev_shell: str = ""
    """The flake's ``devShells`` attribute; empty: ``default``."""
    flake: str = ""
    """The flake's path below the folder; empty: the likeliest one."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of shells, commands and rebuilds."""
    mounts: tuple[str, ...] = ()
    """Folders of the server in the container, ``/host/path:/container/path[:ro]``."""
    memory: str = ""
    """The container's memory limit: bytes, or with ``k``, ``m`` or ``g``."""
    cpus: float = 0.0
    """The container's processors; 0: all."""
    store: str = ""
    """``shared`` (one ``/nix`` for the user's projects) or ``private``; empty: shared."""
    warmup_command: tuple[str, ...] = ()
    """A command to run in the new environment before it is switched to."""

    path: Path | None = field(default=None, metadata={"key": False})
    """The file that was read; not a key."""
    warnings: tuple[str, ...] = field(default=(), metadata={"key": False})
    """What was odd in the file, one sentence each; not a key."""


_KINDS: dict[str, type] = {"env": dict, "mounts": list, "warmup_command": list, "cpus": float}
_CHOICES = {"isolation": ("container", "host"), "store": ("shared", "private")}
_SPELLINGS = {"devShell": "dev_shell"}


def load_project(folder: Path) -> ProjectConfig:
    """Load ``folder/mnix.toml``; a missing file means all defaults. Raises ``ConfigError``."""
    path = folder / FILE_NAME
    data = {_SPELLINGS.get(key, key): raw for key, raw in read.read_toml(path).items()}
    known = [item.name for item in fields(ProjectConfig) if item.metadata.get("key", True)]
    warnings = read.unknown_keys(path, data, known)
    chosen: dict[str, Any] = {
        key: read.value(path, key, raw, _KINDS.get(key, str))
        for key, raw in data.items()
        if key in known
    }
    _check(path, chosen)
    return ProjectConfig(**chosen, path=path, warnings=tuple(warnings))


def _check(path: Path, chosen: Mapping[str, Any]) -> None:
    for key, choices in _CHOICES.items():
        if key in chosen and chosen[key] not in choices:
            raise ConfigError(f"{path}: {key} is {chosen[key]!r}", f"it can be {_or(choices)}")
    if chosen.get("memory") and not _MEMORY.fullmatch(chosen["memory"]):
        raise ConfigError(f"{path}: memory is {chosen['memory']!r}", "write it as 512m or 4g")
    if "cpus" in chosen:
        read.check_range(path, "cpus", chosen["cpus"], 0, 4096)


def _or(choices: tuple[str, ...]) -> str:
    return " or ".join(repr(choice) for choice in choices)
