"""The client's settings (``client.toml``) and a project's (``mnix.toml``).

``load`` and ``load_project`` read them, ``edit`` changes one setting and keeps the comments.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnix_tui.config.client import load
    from mnix_tui.config.editor import edit
    from mnix_tui.config.model import ClientConfig
    from mnix_tui.config.project import load_project

__all__ = ["ClientConfig", "edit", "load", "load_project"]
_HOMES = {
    "ClientConfig": "model",
    "edit": "editor",
    "load": "client",
    "load_project": "project",
}


def __getattr__(name: str) -> Any:
    """Import a part when it is first used."""
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(f"mnix_tui.config.{_HOMES[name]}"), name)
