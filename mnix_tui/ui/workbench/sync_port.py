"""What the screens can ask of a project's files: the part of the port that moves them.

Each method raises ``MnixError`` with a title, what happened and the next step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mnix_tui.domain.projects import Project
    from mnix_tui.domain.sync import Choice, ConflictDiff, Direction, Trashed
    from mnix_tui.sync.model import Conflict, SyncReport
    from mnix_tui.sync.watch import WatchEvent
    from mnix_tui.ui.workbench.port import Progress


@dataclass(frozen=True)
class WatchNews:
    """What the watch over one project tells."""

    project: Project
    event: WatchEvent


Hears = Callable[[WatchNews], None]
"""Takes news; never waits."""


class FilesBench(Protocol):
    """Moves files, shows what would move, and brings back what was replaced."""

    async def sync_preview(self, project: Project, direction: Direction) -> SyncReport:
        """Say what a push or a pull would do (in the report's ``preview``), and do nothing."""

    async def push(
        self, project: Project, progress: Progress, *, allow_empty: bool = False
    ) -> SyncReport:
        """Send what changed here; ``allow_empty``: even if that deletes nearly all of it there."""

    async def pull(
        self, project: Project, progress: Progress, *, allow_empty: bool = False
    ) -> SyncReport:
        """Fetch what changed on the server; ``allow_empty`` as for a push."""

    async def conflicts(self, project: Project) -> list[Conflict]:
        """Look at both sides, and return what was changed on both."""

    async def conflict_diff(self, project: Project, path: str) -> ConflictDiff:
        """Return how the two copies of a conflict differ."""

    async def resolve(
        self, project: Project, choices: Mapping[str, Choice], progress: Progress
    ) -> SyncReport:
        """Settle conflicts as they were chosen; what gives way goes to the trash of its side."""

    async def trash(self, project: Project, *, here: bool) -> list[Trashed]:
        """Return what transfers replaced or deleted, in the folder here or in the workspace."""

    async def restore(
        self, project: Project, paths: Mapping[str, Sequence[str]], *, here: bool
    ) -> None:
        """Bring paths back, by the ids of their transfers; what is there now goes to the trash."""

    async def watch(self, project: Project, on: bool) -> None:
        """Send changes as they come from now on, also in later dashboards, or not any more."""

    def subscribe_watches(self, hears: Hears) -> Callable[[], None]:
        """Tell what the watches do; return what ends that."""

    async def adopt(
        self, project: Project, folder: Path | None, progress: Progress
    ) -> SyncReport | None:
        """Take over a project that another client made; with a folder, fetch its files there."""
