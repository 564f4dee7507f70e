"""What a person can do, for commands and screens alike.

Each action takes the store and the link it needs, and of the link only ``agent``, ``command``
and ``server``. They raise ``MnixError``, and what fails leaves nothing half done behind.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnix_tui.actions.comparing import drift
    from mnix_tui.actions.create import new_project
    from mnix_tui.actions.environments import diff, gc, generations
    from mnix_tui.actions.lifecycle import remove, rename, rollback, start, stop
    from mnix_tui.actions.link import ActionLink, Progress
    from mnix_tui.actions.rebuilding import push, rebuild
    from mnix_tui.actions.servers import add_server, choose_server, remove_server
    from mnix_tui.actions.sessions import open_session
    from mnix_tui.actions.warming import warm_up
    from mnix_tui.sync.roots import find_flakes

__all__ = [
    "ActionLink",
    "Progress",
    "add_server",
    "choose_server",
    "diff",
    "drift",
    "find_flakes",
    "gc",
    "generations",
    "new_project",
    "open_session",
    "push",
    "rebuild",
    "remove",
    "remove_server",
    "rename",
    "rollback",
    "start",
    "stop",
    "warm_up",
]
_HOMES = {
    "comparing": ("drift",),
    "create": ("new_project",),
    "environments": ("diff", "gc", "generations"),
    "lifecycle": ("remove", "rename", "rollback", "start", "stop"),
    "link": ("ActionLink", "Progress"),
    "rebuilding": ("push", "rebuild"),
    "servers": ("add_server", "choose_server", "remove_server"),
    "sessions": ("open_session",),
    "warming": ("warm_up",),
}


def __getattr__(name: str) -> Any:
    """Import an action when it is first used: a command needs one or two of them."""
    if name == "find_flakes":
        return import_module("mnix_tui.sync.roots").find_flakes
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"mnix_tui.actions.{home}"), name)
    raise AttributeError(name)
