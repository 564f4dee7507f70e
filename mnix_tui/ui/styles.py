"""Where the stylesheets are: beside the packages in a checkout, inside the package in a wheel."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

_UI = Path(__file__).resolve().parent


def folder() -> Path:
    """Return the folder that holds the stylesheets and the themes, absolute."""
    packed = _UI / "styles"
    return packed if packed.is_dir() else _UI.parents[1] / "styles"


def sheets() -> list[Path]:
    """Return every stylesheet, absolute (Textual resolves relative ones against the class's file)."""
    return sorted(folder().glob("*.tcss"))


@cache
def themes() -> dict[str, dict[str, Any]]:
    """Return the themes' colours by name, and ``ansi``, as ``themes.toml`` states them."""
    return tomllib.loads((folder() / "themes.toml").read_text("utf-8"))
