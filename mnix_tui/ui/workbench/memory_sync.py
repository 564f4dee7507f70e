"""The part of the fleet in memory that moves files: nothing moves, but all of it can be seen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mnix_tui.domain.sync import ConflictDiff, Side
from mnix_tui.sync.model import Plan, Preview, SyncReport
from mnix_tui.ui.workbench.sync_port import WatchNews

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from mnix_tui.domain.projects import Project, ProjectView
    from mnix_tui.domain.sync import Choice, Direction, Trashed
    from mnix_tui.sync.model import Conflict
    from mnix_tui.sync.watch import WatchEvent
    from mnix_tui.ui.workbench.port import Progress
    from mnix_tui.ui.workbench.sync_port import Hears

Trash = tuple[str, bool]
"""A project's ref, and whether the folder here is meant."""


@dataclass
class MemoryFiles:
    """Says of each project what was set, and remembers what it was asked."""

    now: float = 0.0
    previews: dict[tuple[str, str], Preview] = field(default_factory=dict)
    """What a push or a pull of a project would do, by its ref and the direction."""
    clashes: dict[str, list[Conflict]] = field(default_factory=dict)
    """The conflicts of projects, by ref."""
    clash_diffs: dict[tuple[str, str], ConflictDiff] = field(default_factory=dict)
    trashes: dict[Trash, list[Trashed]] = field(default_factory=dict)
    _hearing: list[Hears] = field(default_factory=list)

    def _asked(self, name: str, *arguments: str) -> None:
        raise NotImplementedError

    def _view(self, project: Project) -> ProjectView:
        raise NotImplementedError

    def set_status(self, project: Project, **changes: Any) -> None:
        """Change what is known of a project."""
        raise NotImplementedError

    def _replace(self, project: Project, change: Callable[[ProjectView], ProjectView]) -> None:
        raise NotImplementedError

    async def sync_preview(self, project: Project, direction: Direction) -> SyncReport:
        """Return what was set, or that there is nothing to do."""
        self._asked("sync_preview", project.ref, direction)
        nothing = Preview(direction, Plan())
        found = self.previews.get((project.ref, direction), nothing)
        return SyncReport(direction, preview=found)

    async def push(
        self, project: Project, progress: Progress, *, allow_empty: bool = False
    ) -> SyncReport:
        """Send what the preview says."""
        self._asked("push", project.ref, *(["allow_empty"] if allow_empty else []))
        return self._moved(project, "push", progress)

    async def pull(
        self, project: Project, progress: Progress, *, allow_empty: bool = False
    ) -> SyncReport:
        """Fetch what the preview says."""
        self._asked("pull", project.ref, *(["allow_empty"] if allow_empty else []))
        return self._moved(project, "pull", progress)

    def _moved(self, project: Project, direction: Direction, progress: Progress) -> SyncReport:
        preview = self.previews.pop((project.ref, direction), Preview(direction, Plan()))
        plan, totals = preview.plan, preview.plan.totals()
        size = totals.send_bytes + totals.fetch_bytes
        progress("sending" if direction == "push" else "fetching", size // 2, size)
        report = SyncReport(
            direction,
            sent=tuple(one.path for one in plan.send),
            fetched=tuple(one.path for one in plan.fetch),
            deleted_there=tuple(one.path for one in plan.delete_there),
            deleted_here=tuple(one.path for one in plan.delete_here),
            kept_there=tuple(plan.keep_there),
            kept_here=tuple(plan.keep_here),
            conflicts=tuple(plan.conflicts),
            bytes_sent=totals.send_bytes,
            bytes_received=totals.fetch_bytes,
            seconds=0.4,
        )
        self._note(project, conflicts=len(report.conflicts), kept=len(report.kept_there))
        if direction == "push":
            self.set_status(project, pushed=self.now)
        return report

    async def conflicts(self, project: Project) -> list[Conflict]:
        """Return what was set."""
        self._asked("conflicts", project.ref)
        return list(self.clashes.get(project.ref, []))

    async def conflict_diff(self, project: Project, path: str) -> ConflictDiff:
        """Return what was set, or that it can't be compared."""
        self._asked("conflict_diff", project.ref, path)
        otherwise = ConflictDiff(path, (), Side("f", 1), Side("f", 2), binary=True)
        return self.clash_diffs.get((project.ref, path), otherwise)

    async def resolve(
        self, project: Project, choices: Mapping[str, Choice], progress: Progress
    ) -> SyncReport:
        """Forget the conflicts that were decided."""
        decided = [f"{path}={choice}" for path, choice in sorted(choices.items())]
        self._asked("resolve", project.ref, *decided)
        before = self.clashes.get(project.ref, [])
        left = self.clashes[project.ref] = [one for one in before if one.path not in choices]
        self._note(project, conflicts=len(left))
        sent = tuple(path for path, choice in choices.items() if choice != "there")
        fetched = tuple(path for path, choice in choices.items() if choice != "here")
        return SyncReport("both", sent, fetched, conflicts=tuple(left), seconds=0.2)

    async def trash(self, project: Project, *, here: bool) -> list[Trashed]:
        """Return what was set."""
        self._asked("trash", project.ref, "here" if here else "there")
        return list(self.trashes.get((project.ref, here), []))

    async def restore(
        self, project: Project, paths: Mapping[str, Sequence[str]], *, here: bool
    ) -> None:
        """Take it out of the trash."""
        each = [f"{id_}/{path}" for id_, some in paths.items() for path in some]
        self._asked("restore", project.ref, "here" if here else "there", *each)
        kept = self.trashes.get((project.ref, here), [])
        gone = set(each)
        self.trashes[project.ref, here] = [
            one for one in kept if f"{one.id}/{one.path}" not in gone
        ]

    async def watch(self, project: Project, on: bool) -> None:
        """Mark it."""
        self._asked("watch", project.ref, "on" if on else "off")
        self._note(project, watching=on)

    def subscribe_watches(self, hears: Hears) -> Callable[[], None]:
        """Tell what ``tell_watch`` tells."""
        self._hearing.append(hears)
        return lambda: self._hearing.remove(hears)

    def tell_watch(self, project: Project, event: WatchEvent) -> None:
        """Let the watch over a project say something."""
        for hears in list(self._hearing):
            hears(WatchNews(project, event))

    async def adopt(
        self, project: Project, folder: Path | None, progress: Progress
    ) -> SyncReport | None:
        """Give it the folder."""
        self._asked("adopt", project.ref, str(folder or ""))
        if folder is None:
            return None
        report = self._moved(project, "pull", progress)
        named = replace(project, folder=str(folder))
        self._replace(project, lambda view: replace(view, project=named))
        return report

    def _note(self, project: Project, **changes: Any) -> None:
        def noted(view: ProjectView) -> ProjectView:
            return replace(view, sync=replace(view.sync, at=self.now, **changes))

        self._replace(project, noted)
