"""Changing one setting in a TOML file, with the user's comments and order kept."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from mnix_tui.config import read
from mnix_tui.config.client import client_keys
from mnix_tui.errors import ConfigError


def edit(path: Path, key: str, value: str | float | bool | None) -> None:
    """Set ``key`` in the ``client.toml`` at ``path``, or remove it (``None``)."""
    kinds = client_keys()
    if key not in kinds:
        raise ConfigError(*read.unknown_keys(path, {key: value}, kinds))
    if value is not None:
        read.value(path, key, value, kinds[key])
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        document = tomlkit.document()
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise ConfigError(f"{path} can't be edited", str(error), "repair it by hand") from error
    if value is None:
        document.pop(key, None)
    else:
        document[key] = value
    _write(path, tomlkit.dumps(document))


def _write(path: Path, text: str) -> None:
    """Replace a file by rename, so that it is whole at any moment; a link's target is kept."""
    path = Path(os.path.realpath(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
        handle, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)
        Path(name).replace(path)
    except OSError as error:
        raise ConfigError(f"{path} can't be written", error.strerror or str(error)) from error
