"""``server.toml``: what this server's user decided for all projects."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, fields
from typing import Any

from server_agent.protocol.errors import AgentError

_WORD = re.compile(r"[!-~]{1,2048}")

OLD_WARMUP = "nix --extra-experimental-features 'nix-command flakes' develop -c true"
"""The warm-up that older versions ran by default: what a rebuild does anyway."""


@dataclass(frozen=True)
class ServerConfig:
    """The settings, with their defaults; the keys of the file are the fields' names."""

    podman_binary: str = "podman"
    """The program that runs containers."""
    base_image: str = "docker.io/nixos/nix:latest"
    """The image of projects whose mnix.toml names none."""
    workspace_root: str = ""
    """A folder that holds the workspaces; "": each is in its project's own folder."""
    warmup_command: str = ""
    """A shell command that runs in the new environment before a rebuild switches to it."""
    container_command: str = "sleep infinity"
    """What keeps a container running, as a shell command."""
    nix_conf: tuple[str, ...] = ()
    """Lines of nix.conf for the rebuilds' nix."""
    mount_roots: tuple[str, ...] = ()
    """The folders below which a project's mnix.toml may mount folders."""
    substituters: tuple[str, ...] = ()
    """Binary caches that the rebuilds' nix asks too."""
    trusted_public_keys: tuple[str, ...] = ()
    """The keys with which those caches sign."""
    keep_generations: int = 5
    """How many of a project's newest generations are kept."""
    keep_days: float = 30
    """Younger generations than this are kept as well."""
    warm_up: bool = True
    """Whether projects that wish it are built by themselves when this server was restarted."""
    warnings: tuple[str, ...] = ()
    """What is odd about the file: unknown keys."""


def path() -> str:
    """Return where ``server.toml`` is, or would be."""
    explicit = os.environ.get("MNIX_SERVER_CONFIG")
    if explicit:
        return os.path.expanduser(explicit)
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(base, "mnix", "server.toml")


def load() -> ServerConfig:
    """Read the configuration; raise ``AgentError`` ``usage`` that names file and key."""
    where = path()
    try:
        with open(where, "rb") as file:
            text = file.read()
    except FileNotFoundError:
        return ServerConfig()
    except OSError as error:
        raise AgentError("usage", f"{where} can't be read: {error.strerror}") from error
    from server_agent.core import toml
    from server_agent.protocol.suggest import nearest

    known = {item.name for item in fields(ServerConfig)} - {"warnings"}
    values: dict[str, Any] = {}
    warnings = []
    for key, value in toml.loads(text, where).items():
        if key in known:
            values[key] = _check(where, key, value)
        else:
            warnings.append(f"{where}: the key {key!r} is unknown{nearest(key, known)}")
    if values.get("warmup_command", "").strip() == OLD_WARMUP:
        values["warmup_command"] = ""
    return ServerConfig(**values, warnings=tuple(warnings))


def nix_lines(settings: ServerConfig) -> str:
    """Return the lines of nix.conf that the settings amount to."""
    # After those lines, which may set the whole list.
    lines = list(settings.nix_conf)
    if settings.substituters:
        lines.append(f"extra-substituters = {' '.join(settings.substituters)}")
    if settings.trusted_public_keys:
        lines.append(f"extra-trusted-public-keys = {' '.join(settings.trusted_public_keys)}")
    return "\n".join(lines)


def _check(where: str, key: str, value: Any) -> Any:
    if key == "warm_up":
        if not isinstance(value, bool):
            raise _bad(where, key, "true or false", value)
        return value
    if key in ("keep_generations", "keep_days"):
        return _number(where, key, value)
    if key in ("substituters", "trusted_public_keys"):
        return _words(where, key, value)
    if key in ("nix_conf", "mount_roots"):
        lines = value.splitlines() if isinstance(value, str) and key == "nix_conf" else value
        if not isinstance(lines, list) or not all(isinstance(item, str) for item in lines):
            raise _bad(where, key, "a list of texts", value)
        if key == "mount_roots":
            lines = [os.path.expanduser(item) for item in lines]
            if not all(item.startswith("/") for item in lines):
                raise _bad(where, key, "a list of absolute paths", value)
        return tuple(lines)
    if not isinstance(value, str) or "\0" in value:
        raise _bad(where, key, "text", value)
    if not value and key in ("podman_binary", "base_image", "container_command"):
        raise _bad(where, key, "not empty", value)
    if key == "workspace_root" and value:
        value = os.path.expanduser(value)
        if not value.startswith("/"):
            raise _bad(where, key, "an absolute path", value)
    return value


def _number(where: str, key: str, value: Any) -> Any:
    whole = key == "keep_generations"
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise _bad(where, key, "a number", value)
    if not (1 if whole else 0) <= value <= 100_000:
        raise _bad(where, key, "at least 1" if whole else "not negative", value)
    return value


def _words(where: str, key: str, value: Any) -> tuple[str, ...]:
    words = value.split() if isinstance(value, str) else value
    if not isinstance(words, list) or not all(
        isinstance(word, str) and _WORD.fullmatch(word) for word in words
    ):
        raise _bad(where, key, "a list of texts without blanks", value)
    return tuple(words)


def _bad(where: str, key: str, wanted: str, value: Any) -> AgentError:
    return AgentError(
        "usage", f"{where}: {key} must be {wanted}, it is {value!r}", "correct that line"
    )
