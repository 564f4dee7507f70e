"""Reading TOML into settings: types checked, unknown keys named with the nearest known one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnix_tui.errors import ConfigError
from server_agent.protocol.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

KINDS: dict[type, str] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Path: "a path",
}
"""How each type of value is called in messages."""


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file holds, or nothing if there is none; raise ``ConfigError``."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"{path} can't be read", error.strerror or str(error)) from error
    import tomllib

    try:
        return tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML", str(error)) from error


def value(path: Path, key: str, raw: object, kind: type) -> Any:
    """Return ``raw`` as ``kind``; raise ``ConfigError`` that names file, key and both types."""
    if kind is float and isinstance(raw, int) and not isinstance(raw, bool):
        return float(raw)
    if kind is Path and isinstance(raw, str) and raw and "\0" not in raw:
        return raw
    if type(raw) is kind:
        return raw
    raise _wrong(path, key, raw, kind)


def check_range(path: Path, key: str, number: float, low: float, high: float) -> None:
    """Raise ``ConfigError`` unless a number is between two others."""
    if not low <= number <= high:
        raise ConfigError(f"{path}: {key} is {number}", f"it can be {low:g} to {high:g}")


def check_choice(path: Path, key: str, word: str, choices: Sequence[str]) -> None:
    """Raise ``ConfigError`` unless a word is one of a few."""
    if word not in choices:
        said = f"{path}: {key} is {word!r}"
        raise ConfigError(said, f"it can be {' or '.join(choices)}{nearest(word, choices)}")


def leader(path: Path, key: str, name: str) -> str:
    """Return the name of a key that can be the leader; raise ``ConfigError`` for any other."""
    from mnix_tui.domain.leader import parse_leader  # few commands need to know keys

    try:
        return parse_leader(name).name
    except ValueError as error:
        raise ConfigError(f"{path}: {key} is {name!r}", str(error)) from error


def unknown_keys(path: Path, data: Mapping[str, object], known: Iterable[str]) -> list[str]:
    """Return one sentence for each key that nobody knows, with the nearest one that is."""
    known = list(known)
    return [
        f"{path}: {key!r} is not a setting{nearest(key, known)}" for key in data if key not in known
    ]


def _wrong(path: Path, key: str, raw: object, kind: type) -> ConfigError:
    return ConfigError(f"{path}: {key} must be {KINDS[kind]}", f"it is {raw!r}")
