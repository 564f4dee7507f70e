"""The first line: the program's name, and how much there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from mnix_tui.domain.states import ProjectState, ServerState
from mnix_tui.ui import building, words

if TYPE_CHECKING:
    from mnix_tui.fleet import FleetSnapshot


class TitleBar(Static):
    """Counts servers, projects, builds, and what is out of reach."""

    _snapshot: FleetSnapshot | None = None
    _shown: Content | None = None

    def show(self, snapshot: FleetSnapshot) -> None:
        """Show the counts of ``snapshot``."""
        counts = _counts(snapshot)
        gap = max(self.size.width - 4 - sum(len(text) for text, _ in counts), 2)
        shown = Content.assemble(("mnix", "bold $accent"), " " * gap, *counts)
        if shown != self._shown:
            self._shown = shown
            self.update(shown, layout=False)
        self._snapshot = snapshot

    def on_resize(self) -> None:
        """Keep the counts at the right edge."""
        if self._snapshot is not None:
            self.show(self._snapshot)


def _counts(snapshot: FleetSnapshot) -> list[tuple[str, str]]:
    if not snapshot.servers:
        return []
    builds = building.running(snapshot)
    count = len(builds) + sum(
        view.status.state is ProjectState.BUILDING and view.project.remote_id not in builds
        for view in snapshot.projects
    )
    away = sum(
        view.status.state in (ServerState.OFFLINE, ServerState.REFUSED) for view in snapshot.servers
    )
    quiet = "$foreground-muted"
    parts = [
        (words.count(len(snapshot.servers), "server"), quiet),
        (words.count(len(snapshot.projects), "project"), quiet),
    ]
    if count:
        far = building.together(builds.values())
        share = f" {far.percent}" if far is not None and far.count == count else ""
        parts.append((f"◐ {count} building{share}".rstrip(), "$warning"))
    if away:
        parts.append((f"✕ {away} out of reach", "$error"))
    joined: list[tuple[str, str]] = []
    for part in parts:
        joined += [(" · ", quiet), part] if joined else [part]
    return joined
