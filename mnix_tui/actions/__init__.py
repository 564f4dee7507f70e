"""What a person can do, for commands and screens alike.

Each action takes the store and the link it needs, and of the link only ``agent``, ``command``
and ``server``. They raise ``MnixError``, and what fails leaves nothing half done behind.
"""

from mnix_tui.actions.create import new_project
from mnix_tui.actions.drift import drift
from mnix_tui.actions.generations import diff, gc, generations
from mnix_tui.actions.lifecycle import remove, rename, rollback, start, stop
from mnix_tui.actions.link import ActionLink, Progress
from mnix_tui.actions.rebuild import push, rebuild
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
