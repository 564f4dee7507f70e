"""Finds any project on any server as you type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.ui import words
from mnix_tui.ui.fleet_rows import glyph, project_key, server_key, tone
from mnix_tui.ui.screens.picker import Pick, Picker

if TYPE_CHECKING:
    from mnix_tui.fleet import FleetSnapshot


def places(snapshot: FleetSnapshot) -> list[Pick]:
    """Return all projects, and then all servers."""
    found = [
        Pick(
            project_key(view),
            f"{words.plain(view.project.name)} @ {words.plain(view.project.server)}",
            view.status.state.value,
            glyph(view.status.state),
            tone(view.status.state),
        )
        for view in sorted(snapshot.projects, key=lambda view: view.project.ref)
    ]
    found += [
        Pick(
            server_key(view.server.name),
            words.plain(view.server.name),
            f"server · {view.status.state.value}",
            glyph(view.status.state),
            tone(view.status.state),
        )
        for view in snapshot.servers
    ]
    return found


class FindScreen(Picker):
    """Dismisses with the row's key of the place to go to."""

    HEADING = "Find"
    PLACEHOLDER = "a project or a server; letters may be left out"
    NOTHING = "Nothing is called like that."

    def __init__(self, snapshot: FleetSnapshot) -> None:
        super().__init__(places(snapshot))
