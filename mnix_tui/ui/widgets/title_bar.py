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

_QUIET = "$foreground-muted"


class TitleBar(Static):
    """Counts servers, projects, builds, what is out of reach, and what is not synced."""

    _index: Index | None = None
    _unsynced = 0
    _shown: Content | None = None

    def show(self, index: Index, unsynced: int) -> None:
        """Show the counts of a snapshot, and how many watched projects are not synced."""
        if index is not self._index or unsynced != self._unsynced:
            self._index, self._unsynced = index, unsynced
            self._show()

    def on_resize(self) -> None:
        """Keep the counts at the right edge."""
        self._show()

    def _show(self) -> None:
        if self._index is None:
            return
        parts, most = _counts(self._index), self.size.width - len("mnix") - 6
        if self._unsynced:
            parts.append((5, f"⇄✕ {self._unsynced:,} not synced", "$error"))
        while len(parts) > 1 and sum(len(text) + 3 for _, text, _ in parts) - 3 > most:
            parts.remove(min(parts))  # what matters least
        counts: list[tuple[str, str]] = []
        for _, text, style in parts:
            counts += [(" · ", _QUIET), (text, style)] if counts else [(text, style)]
        gap = max(self.size.width - 4 - sum(len(text) for text, _ in counts), 2)
        shown = Content.assemble(("mnix", "bold $accent"), " " * gap, *counts)
        if shown != self._shown:
            self._shown = shown
            self.update(shown, layout=False)


def _counts(index: Index) -> list[tuple[int, str, str]]:
    """Return what is counted, each with how much it matters, and its colour."""
    snapshot, builds = index.snapshot, index.builds
    if not snapshot.servers:
        return []
    many = len(builds) + sum(
        view.status.state is ProjectState.BUILDING and index.building(view) is None
        for view in snapshot.projects
    )
    states = Counter(view.status.state for view in snapshot.servers)
    parts = [
        (1, words.count(len(snapshot.servers), "server"), _QUIET),
        (2, words.count(len(snapshot.projects), "project"), _QUIET),
    ]
    if trying := states[ServerState.CONNECTING] + states[ServerState.RECONNECTING]:
        parts.append((0, f"◐ {trying:,} connecting", _QUIET))
    if many:
        far = building.together(builds.values())
        share = f" {far.percent}" if far is not None and far.count == many else ""
        parts.append((3, f"◐ {many:,} building{share}".rstrip(), "$warning"))
    if away := states[ServerState.OFFLINE] + states[ServerState.REFUSED]:
        parts.append((4, f"✕ {away:,} out of reach", "$error"))
    return parts
