"""Loading ``client.toml``."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from mnix_tui.config import paths, read
from mnix_tui.config.model import CHOICES, LIMITS, UNUSED, ClientConfig

_TYPES: dict[str, type] = {"str": str, "bool": bool, "int": int, "float": float, "Path": Path}


def client_keys() -> dict[str, type]:
    """Return the keys of ``client.toml`` with their types."""
    return {
        item.name: _TYPES[str(item.type)]
        for item in fields(ClientConfig)
        if item.metadata.get("key", True)
    }


def load(path: Path | None = None) -> ClientConfig:
    """Load the client's settings; a missing file means all defaults. Raises ``ConfigError``."""
    path = path or paths.client_config_path()
    data = read.read_toml(path)
    kinds = client_keys()
    chosen: dict[str, Any] = {}
    warnings = read.unknown_keys(path, data, kinds)
    for key, raw in data.items():
        if key not in kinds:
            continue
        chosen[key] = _one(path, key, raw, kinds[key])
        if key in UNUSED and chosen[key] not in ("", UNUSED[key][0]):
            warnings.append(f"{path}: {key} has no effect any more: {UNUSED[key][1]}")
    return ClientConfig(**chosen, path=path, warnings=tuple(warnings))


def _one(path: Path, key: str, raw: object, kind: type) -> object:
    if kind is Path and raw == "":  # PyPI mnix took an empty path for the default one
        return paths.default_database_path()
    found = read.value(path, key, raw, kind)
    if kind is Path:
        return paths.expand(found, f"{path}: {key}")
    if key == "leader":
        return read.leader(path, key, found)
    if key in CHOICES:
        read.check_choice(path, key, found, CHOICES[key])
    if key in LIMITS:
        read.check_range(path, key, found, *LIMITS[key])
    return found
