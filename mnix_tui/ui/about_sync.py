"""What the overview says of a project's files: when they moved, what waits, who watches. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.sync.watch import Sending, Synced, Trouble, Waiting
from mnix_tui.ui import words
from mnix_tui.ui.about import Fact, Notice, Step
from mnix_tui.ui.problems import problem

if TYPE_CHECKING:
    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.domain.sync import SyncSummary
    from mnix_tui.sync.watch import WatchEvent


def conflicts(view: ProjectView) -> list[str]:
    """Return what the title line says first: ``2 conflicts``."""
    number = view.sync.conflicts
    return [words.count(number, "conflict")] if number else []


def pushed(view: ProjectView, now: float) -> list[str]:
    """Return what the title line says last: ``pushed 4m ago``, with ``⇄`` where it is watched."""
    sign = "⇄ " if view.sync.watching else ""
    if view.status.pushed:
        return [f"{sign}pushed {words.ago(view.status.pushed, now)}"]
    return [f"{sign}watched"] if sign else []


def facts(view: ProjectView, event: WatchEvent | None, now: float) -> list[Fact]:
    """Return how the folder here and the workspace stand to each other."""
    if view.project.in_place:
        return []
    sync, server = view.sync, words.plain(view.project.server)
    note = "" if sync.watching else "p shows what a push would do" if view.project.folder else ""
    found = [Fact("Last push", words.ago(view.status.pushed, now), note)]
    if sync.watching:
        found.append(_watched(event, sync))
    if sync.conflicts:
        text = f"! {words.count(sync.conflicts, 'conflict')}"
        found.append(Fact("Conflicts", text, "c shows them", "busy"))
    if sync.kept:
        text = f"{words.count(sync.kept, 'file')} changed only on {server}"
        found.append(Fact("Not fetched", text, "P fetches them"))
    return found


def watch_tone(event: WatchEvent) -> str:
    """Return the tone of the sign of a watch: in step, busy, or in trouble."""
    return {Waiting: "busy", Sending: "busy", Trouble: "bad"}.get(type(event), "watch")


def skipped(event: WatchEvent | None) -> int:
    """Return how many files the last transfer of a watch left as they were."""
    return len(event.report.skipped) if isinstance(event, Synced) else 0


def _watched(event: WatchEvent | None, sync: SyncSummary) -> Fact:
    if isinstance(event, Waiting):
        return Fact("Watched", "⇄ waiting", words.plain(event.reason), "busy")
    if isinstance(event, Trouble):
        return Fact("Watched", "⇄ in trouble", words.plain(event.error.title), "bad")
    if isinstance(event, Sending):
        way = "fetching" if event.what.startswith("fetching") else "sending"
        if not event.total:
            return Fact("Watched", f"⇄ {way}", "W ends it", "busy")
        amount = f"{words.size(event.done)} of {words.size(event.total)}; W ends it"
        return Fact("Watched", f"⇄ {way} {100 * event.done // event.total} %", amount, "busy")
    if left := skipped(event):
        number = words.count(left, "file")
        return Fact("Watched", f"⇄ all but {number}", "p looks again; W ends it", "busy")
    if event is not None and not sync.conflicts and not sync.kept:
        return Fact("Watched", "⇄ in step", "W ends it", "good")
    return Fact("Watched", "⇄ yes", "W ends it")


def notices(view: ProjectView, event: WatchEvent | None) -> list[Notice]:
    """Return what must be seen: conflicts, and what stands in a watch's way."""
    found = []
    if view.sync.conflicts:
        number = words.count(view.sync.conflicts, "conflict")
        found.append(
            Notice(
                "busy",
                f"{number}: changed here and on {words.plain(view.project.server)}",
                "nothing was overwritten on either side",
                "c shows the difference and lets you choose",
            )
        )
    if view.sync.watching and isinstance(event, Trouble):
        shown = problem(event.error)
        found.append(
            Notice("bad", f"Not synced: {words.plain(shown.title)}", shown.detail, shown.hint)
        )
    return found


def steps(view: ProjectView) -> tuple[Step, ...]:
    """Return what to do about the files."""
    project = view.project
    if project.in_place or not project.remote_id:
        return ()
    if not project.folder:
        return (Step("sync.adopt", "give it a folder on this machine"),)
    if view.sync.conflicts:
        return (Step("sync.conflicts", "see the conflicts, and choose"),)
    if view.sync.kept:
        return (Step("sync.pull", "see what a pull would fetch"),)
    return () if view.sync.watching else (Step("sync.push", "see what a push would do"),)
