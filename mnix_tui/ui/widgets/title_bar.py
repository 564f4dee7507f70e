"""The first line: the program's name, and how much there is."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from mnix_tui.domain.states import ProjectState, ServerState
from mnix_tui.ui import building, words

if TYPE_CHECKING:
    from mnix_tui.ui.fleet_index import Index


class TitleBar(Static):
    """Counts servers, projects, builds, and what is out of reach."""

    _index: Index | None = None
    _shown: Content | None = None

    def show(self, index: Index) -> None:
        """Show the counts of a snapshot."""
        if index is not self._index:
            self._index = index
            self._show()

    def on_resize(self) -> None:
        """Keep the counts at the right edge."""
        self._show()

    def _show(self) -> None:
        if self._index is None:
            return
        counts = _counts(self._index)
        gap = max(self.size.width - 4 - sum(len(text) for text, _ in counts), 2)
        shown = Content.assemble(("mnix", "bold $accent"), " " * gap, *counts)
        if shown != self._shown:
            self._shown = shown
            self.update(shown, layout=False)


def _counts(index: Index) -> list[tuple[str, str]]:
    snapshot, builds = index.snapshot, index.builds
    if not snapshot.servers:
        return []
    building_ = len(builds) + sum(
        view.status.state is ProjectState.BUILDING and view.project.remote_id not in builds
        for view in snapshot.projects
    )
    states = Counter(view.status.state for view in snapshot.servers)
    away = states[ServerState.OFFLINE] + states[ServerState.REFUSED]
    quiet = "$foreground-muted"
    parts = [
        (words.count(len(snapshot.servers), "server"), quiet),
        (words.count(len(snapshot.projects), "project"), quiet),
    ]
    if trying := states[ServerState.CONNECTING] + states[ServerState.RECONNECTING]:
        parts.append((f"◐ {trying:,} connecting", quiet))
    if building_:
        far = building.together(builds.values())
        share = f" {far.percent}" if far is not None and far.count == building_ else ""
        parts.append((f"◐ {building_:,} building{share}".rstrip(), "$warning"))
    if away:
        parts.append((f"✕ {away:,} out of reach", "$error"))
    joined: list[tuple[str, str]] = []
    for part in parts:
        joined += [(" · ", quiet), part] if joined else [part]
    return joined
